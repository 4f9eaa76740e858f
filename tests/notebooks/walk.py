"""Walk through the course in a real JupyterLab: `python -m tests.notebooks.walk`.

Every lesson is run from top to bottom, each slider is moved by the keyboard, and the notebook is
photographed in both themes, wide and narrow, for somebody to look at: what a test of stored outputs
cannot see is whether it can be read. It needs a Chromium.
"""

import argparse
import os
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser import chromium, jupyter

from .execute import COURSE

THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
WIDTHS = {"wide": 1280, "narrow": 400}
HEIGHT = 2400  # of one picture

CHANGE_THEME = """theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })"""
LENGTH = """() => {
  document.querySelector('.jp-WindowedPanel-outer').scrollTop = 0;
  const cells = [...document.querySelectorAll('.jp-Notebook .jp-Cell')];
  return Math.ceil(cells.at(-1).getBoundingClientRect().bottom + 30);
}"""


def open_and_run(page: Page, server: jupyter.Server, name: str) -> bool:
    """Open a lesson and run it; return whether every cell went through."""
    page.goto(server.address(name))
    jupyter.wait_until_idle(page)
    if page.locator(".jp-SideBar .lm-mod-current[data-id=filebrowser]").count():
        jupyter.execute(page, "application:toggle-left-area")
    ran = jupyter.execute(page, "notebook:run-all-cells")
    jupyter.wait_until_idle(page)
    return ran


def move_sliders(page: Page) -> tuple[int, list[str]]:
    """Move every slider of a page by its keys; return how many there are, and which stood still."""
    sliders = page.locator(".tapenb-live input[type=range]:not([disabled])")
    still = []
    for index in range(sliders.count()):
        slider = sliders.nth(index)
        if not slider.is_visible():
            continue
        before = slider.input_value()
        slider.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        if slider.input_value() == before:
            still.append(slider.get_attribute("aria-label") or f"slider {index}")
    return sliders.count(), still


def photograph(page: Page, path: Path, width: int) -> int:
    """Keep pictures of a whole notebook at a width; return how many."""
    page.set_viewport_size({"width": width, "height": HEIGHT})
    for _ in range(3):  # what comes into view may change its height
        length = min(page.evaluate(LENGTH), 16000)
        page.set_viewport_size({"width": width, "height": length})
        page.wait_for_timeout(300)
    count = -(-length // HEIGHT)
    for part in range(count):
        top = part * HEIGHT
        clip = {"x": 0, "y": top, "width": width, "height": min(HEIGHT, length - top)}
        page.screenshot(path=f"{path}-{part + 1}.png", clip=clip, animations="disabled")
    return count


def _serve(file: Path, server: jupyter.Server) -> str:
    """Return the name by which a server has a notebook, which may be none of the course's."""
    if file.is_relative_to(COURSE):
        return str(file.relative_to(COURSE))
    shutil.copy(file, server.directory)
    return file.name


def main() -> None:
    """Walk through the named notebooks, or all lessons."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, default=sorted(COURSE.glob("*.ipynb")))
    parser.add_argument("--to", type=Path, default=Path("test-results/walk"))
    asked = parser.parse_args()
    asked.to.mkdir(parents=True, exist_ok=True)
    # Kernels import the tapenb beside which this is.
    os.environ["PYTHONPATH"] = str(COURSE.parent)
    with (
        sync_playwright() as playwright,
        tempfile.TemporaryDirectory() as directory,
        jupyter.serve(Path(directory), "lab") as server,
    ):
        shutil.copytree(COURSE, server.directory, dirs_exist_ok=True)
        browser = chromium.launch(playwright)
        if browser is None:
            return
        for file in asked.files:
            page = browser.new_page(
                viewport={"width": WIDTHS["wide"], "height": HEIGHT}, reduced_motion="reduce"
            )
            page.set_default_timeout(1000 * jupyter.PATIENCE)
            name = _serve(file.resolve(), server)
            ran = open_and_run(page, server, name)
            count, still = move_sliders(page)
            print(f"{name}: {'ran' if ran else 'a cell raised'}, {count} sliders, still: {still}")
            for shade, theme in THEMES.items():
                page.evaluate(CHANGE_THEME, theme)
                for size, width in WIDTHS.items():
                    photograph(page, asked.to / f"{file.stem}-{shade}-{size}", width)
            page.close()
            server.stop_kernels()


if __name__ == "__main__":
    main()
