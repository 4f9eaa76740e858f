"""Run the course's notebooks and store their outputs: `python -m tests.notebooks.execute`.

What is stored depends on the notebook and the packages only: no time, no model of a widget.
"""

import argparse
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from tapenb.panel.assets import without_player

COURSE = Path(__file__).parents[2] / "notebooks"

# A view whose model is gone shows an error; without it the picture beside it is shown.
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def execute(notebook: nbformat.NotebookNode, directory: Path) -> None:
    """Run every cell of `notebook` in `directory`, and keep the outputs."""
    NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=600,
        record_timing=False,
        coalesce_streams=True,
        store_widget_state=False,
        resources={"metadata": {"path": str(directory)}},
    ).execute()


def tidy(notebook: nbformat.NotebookNode) -> None:
    """Take out what differs from run to run, and what a reader cannot use."""
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {
                "display_name": "Python 3 (ipykernel)",
                "language": "python",
                "name": "python3",
            },
            "language_info": {"file_extension": ".py", "name": "python"},
        }
    )
    for cell in notebook.cells:
        for passing in ("collapsed", "execution", "scrolled", "trusted"):
            cell.metadata.pop(passing, None)
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET_VIEW, None)
            output.get("metadata", {}).pop(WIDGET_VIEW, None)
            html = output.get("data", {}).get("text/html")
            if html is not None:
                # It is the same in each notebook, 32 kB; the site has it once.
                output.data["text/html"] = without_player(html)


def main() -> None:
    """Execute the named notebooks, or the whole course, in place."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, default=sorted(COURSE.glob("*.ipynb")))
    for path in parser.parse_args().files:
        notebook = nbformat.read(path, as_version=4)
        execute(notebook, path.parent)
        tidy(notebook)
        nbformat.write(notebook, path)
        print(path)


if __name__ == "__main__":
    main()
