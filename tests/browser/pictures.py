"""Make the README's pictures of the panel: `python -m tests.browser.pictures`.

A real JupyterLab runs the survey's cell; the cell and its panel are photographed, wide and narrow,
light and dark.
"""

import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser import chromium, jupyter

PICTURES = Path(__file__).parents[2] / "notebooks" / "pictures"

THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
WIDTHS = {"wide": 1280, "narrow": 400}

CELLS = [
    "import numpy as np\n%load_ext tapenb",
    "%%tape\nx = 2.0\ny = 5.0\nz = np.log(x) + x*y - np.sin(y)",
]


def photograph(browser: Browser, server: jupyter.Server, width: int, path: Path) -> None:
    """Run the cells in a page of this width, and keep a picture of the last one."""
    page = browser.new_page(
        viewport={"width": width, "height": 2000}, device_scale_factor=2, reduced_motion="reduce"
    )
    server.write("panel.ipynb", *CELLS)
    page.goto(server.address("panel.ipynb"))
    jupyter.wait_until_idle(page)
    if page.locator(".jp-SideBar .lm-mod-current[data-id=filebrowser]").count():
        jupyter.execute(page, "application:toggle-left-area")
    jupyter.execute(page, "notebook:run-all-cells")
    page.locator(".tapenb-live svg .node").first.wait_for()
    # The cell itself, without the marks of the active one.
    page.evaluate("() => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = 0 }")
    page.locator(".jp-Cell").last.screenshot(path=path, animations="disabled")
    page.close()
    server.stop_kernels()


def main() -> None:
    """Make all four."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        if browser is None:
            return
        for shade, theme in THEMES.items():
            with (
                tempfile.TemporaryDirectory() as directory,
                jupyter.serve(Path(directory), "lab", "perCommTarget", theme) as server,
            ):
                for size, width in WIDTHS.items():
                    picture = PICTURES / f"panel-{size}-{shade}.png"
                    photograph(browser, server, width, picture)
                    print(picture)


if __name__ == "__main__":
    main()
