"""Make the README's pictures of the panel: `python -m tests.browser.pictures`.

A real JupyterLab runs the survey's cell; the cell and its panel are photographed, wide and narrow,
light and dark, and filmed while a slider moves and the sweeps are stepped through.
"""

import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser import chromium, jupyter

PICTURES = Path(__file__).parents[2] / "notebooks" / "pictures"

THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
WIDTHS = {"wide": 1280, "narrow": 400}

CELLS = [
    "import numpy as np\n%load_ext tapenb",
    "%%tape\nx = 2.0\ny = 5.0\nz = np.log(x) + x*y - np.sin(y)",
]


# Of the film: its width, the slider's positions, and how long each picture stays, in milliseconds.
FILM, SWEEP, MOVED, STEPPED, RESTS = 1100, [*range(22, 41, 2), *range(38, 19, -2)], 90, 700, 1600


def photograph(browser: Browser, server: jupyter.Server, width: int, path: Path) -> None:
    """Run the cells in a page of this width, and keep a picture of the last one."""
    page = opened(browser, server, width, 2)
    page.locator(".jp-Cell").last.screenshot(path=path, animations="disabled")
    page.close()
    server.stop_kernels()


def opened(browser: Browser, server: jupyter.Server, width: int, scale: int) -> Page:
    """Return a page of this width in which the cells have run."""
    page = browser.new_page(
        viewport={"width": width, "height": 2000},
        device_scale_factor=scale,
        reduced_motion="reduce",
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
    return page


def film(browser: Browser, server: jupyter.Server, path: Path) -> None:
    """Move a slider there and back, then step through the sweeps, and keep that as an animation."""
    page = opened(browser, server, FILM, 1)
    panel = page.locator(".tapenb-live")
    frames: list[tuple[Image.Image, int]] = []
    steps = panel.get_by_text("Step by step", exact=True)
    steps.click()
    bar = panel.get_by_role("slider", name="step", exact=True)
    bar.wait_for()
    whole = page.locator(".jp-Cell").last.bounding_box()
    steps.click()
    # The marks of what is active and has the focus would come and go.
    marks = ".jp-Collapser, .jp-cell-toolbar { visibility: hidden; }"
    page.add_style_tag(content=f"{marks} .tapenb :focus-visible {{ outline: none !important; }}")

    def shoot(stays: int) -> None:
        page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 60)))"
        )
        taken = page.screenshot(clip=whole, animations="disabled")
        frames.append((Image.open(io.BytesIO(taken)).convert("RGB"), stays))

    shoot(RESTS)
    field, status = panel.get_by_role("spinbutton", name="x, typed"), panel.get_by_role("status")
    for tenths in SWEEP:
        before = status.first.inner_text()
        field.fill(str(tenths / 10))
        field.press("Enter")
        expect(status.first).not_to_have_text(before)
        shoot(MOVED)
    frames[-1] = frames[-1][0], RESTS
    steps.click()
    bar.press("Home")
    shoot(STEPPED)
    for _ in range(int(bar.get_attribute("max"))):
        bar.press("ArrowRight")
        shoot(STEPPED)
    frames[-1] = frames[-1][0], 2 * RESTS
    first, *others = (picture for picture, _ in frames)
    options = {"duration": [each for _, each in frames], "loop": 0, "quality": 70}
    first.save(path, save_all=True, append_images=others, minimize_size=True, **options)
    page.close()
    server.stop_kernels()


def main() -> None:
    """Make all six."""
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
                film(browser, server, PICTURES / f"panel-{shade}.webp")


if __name__ == "__main__":
    main()
