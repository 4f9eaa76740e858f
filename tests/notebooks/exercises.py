"""Make the exercises of their solutions: `python -m tests.notebooks.exercises`.

A solution is the source. What stands between ``### BEGIN SOLUTION`` and ``### END SOLUTION`` is
blanked, as nbgrader does it, and the exercise is run, so that its outputs are those of a learner
who has not begun.
"""

import argparse
import copy
from pathlib import Path

import nbformat

from .execute import COURSE, execute, tidy

SOLUTIONS, EXERCISES = COURSE / "solutions", COURSE / "exercises"
BEGIN, END, STUB = "### BEGIN SOLUTION", "### END SOLUTION", "# Your answer here."


def blank(source: str) -> str:
    """Return a cell without its solutions."""
    lines, inside = [], False
    for line in source.splitlines():
        if line.strip() == BEGIN:
            inside = True
            lines.append(line.replace(BEGIN, STUB))
        elif line.strip() == END:
            inside = False
        elif not inside:
            lines.append(line)
    if inside:
        raise ValueError(f"a solution begins and does not end:\n{source}")
    return "\n".join(lines)


def exercise(solution: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return the exercise of a solution, not yet run."""
    notebook = copy.deepcopy(solution)
    for cell in notebook.cells:
        cell.source = blank(cell.source)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def main() -> None:
    """Run the named solutions, or all, and make and run their exercises."""
    parser = argparse.ArgumentParser(description=__doc__)
    solutions = sorted(SOLUTIONS.glob("*.ipynb"))
    parser.add_argument("solutions", nargs="*", type=Path, default=solutions)
    for path in parser.parse_args().solutions:
        solution = nbformat.read(path, as_version=4)
        for notebook, target in ((solution, path), (exercise(solution), EXERCISES / path.name)):
            execute(notebook, target.parent)
            grading = [copy.deepcopy(cell.metadata) for cell in notebook.cells]
            tidy(notebook)
            for cell, metadata in zip(notebook.cells, grading, strict=True):
                cell.metadata = nbformat.from_dict(
                    {key: value for key, value in metadata.items() if key == "nbgrader"}
                )
            nbformat.write(notebook, target)
            print(target)


if __name__ == "__main__":
    main()
