"""The scripts and style sheets that pages get, as bundled.

A page imports a widget's module from a blob, where no relative import resolves, so that each script
is one text.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any

try:
    from .browser import sources
except ImportError:  # an installed package has the bundle alone
    sources = None

_BUNDLE = Path(__file__).parent / "bundle"


@cache
def _bundle() -> dict[str, Any]:
    """The names of functions in each piece, and the digest of what was bundled."""
    return json.loads((_BUNDLE / "bundle.json").read_text(encoding="utf-8"))


@cache
def _is_bundled() -> bool:
    if sources is None:
        return True
    return _BUNDLE.exists() and sources.digest() == _bundle()["sources"]


def _text(name: str) -> str:
    return (_BUNDLE / name).read_text(encoding="utf-8")


def widget() -> tuple[str, frozenset[str]]:
    """Return the module of a panel that has a kernel, and the operations that it leaves to that.

    Special functions are a tenth of all, and few programs have them: only a page that has no kernel
    brings them along.
    """
    if not _is_bundled():
        return sources.joined("widget.js", sources.modules()), frozenset()
    pieces = dict(_bundle()["pieces"])
    left = pieces.pop("special")
    return "".join(_text(f"{name}.js") for name in (*pieces, "core", "kernel")), frozenset(left)


def player(operations: Collection[str] | None = None) -> str:
    """Return the script of a page without a kernel."""
    return f"(() => {{\n{_of_page(operations)}\n}})();"


def module() -> str:
    """Return the module of MyST's directive ``anywidget``, whose body has a panel's data."""
    inside = "page.inside" if _is_bundled() else "inside"
    return f"""{_of_page()}
export default {{ render({{ model, el }}) {{
el.append({_sheet()});
return {inside}(model.get("panel"), model.get("picture"), el);
}} }};
"""


def _of_page(operations: Collection[str] | None = None) -> str:
    if not _is_bundled():
        return sources.joined("page.js", sources.modules(kernel=False))
    needed = [
        piece
        for piece, names in _bundle()["pieces"].items()
        if operations is None or not set(names).isdisjoint(operations)
    ]
    return "".join(_text(f"{name}.js") for name in (*needed, "core", "page"))


def style(*, kernel: bool = True) -> str:
    """Return the style sheet of a panel."""
    if not _is_bundled():
        return sources.sheets(kernel=kernel)
    return _text("page.css") + _text("kernel.css") * kernel


def standalone() -> str:
    """Return a script that brings every stored panel of a page to life, and its style along."""
    return f"document.head.append({_sheet()});\n{player()}"


def _sheet() -> str:
    """An expression of the element that has the style."""
    text = json.dumps(style(kernel=False), ensure_ascii=False)
    return f'Object.assign(document.createElement("style"), {{ textContent: {text} }})'


def unpacking(script: str, *, by_address: bool = False) -> str:
    """Return a script that unpacks a script and runs it: a third as long, and no code is made.

    Parameters
    ----------
    by_address
        Whether it runs by the address of a blob, which ``strict-dynamic`` allows to a script that a
        Content-Security-Policy names; otherwise within an element, where such addresses may be
        forbidden.
    """
    packed = base64.b64encode(zlib.compress(script.encode(), 9)).decode()
    return _UNPACKING % (packed, _BY_ADDRESS if by_address else _WITHIN)


@cache
def carried() -> str:
    """Return `standalone` as an element that a notebook's output carries, once in a notebook."""
    return f'<script class="tapenb-player">{unpacking(standalone())}</script>'


def without_player(html: str) -> str:
    """Return what an output shows without `carried`, where a page has the player from elsewhere."""
    return _PLAYER.sub("", html)


_PLAYER = re.compile(r'\n?<script class="tapenb-player">.*?</script>', re.DOTALL)
_WITHIN = "textContent = await unpacked.text()"
_BY_ADDRESS = "src = URL.createObjectURL(await unpacked.blob())"
_UNPACKING = """\
(async (here) => {
try {
const packed = Uint8Array.from(atob("%s"), (letter) => letter.charCodeAt(0));
const script = document.createElement("script"), unpacked = new Response(
new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate")));
script.%s;
document.head.append(script);
} catch {
here?.after("The sliders need a newer browser: Chrome 111, Firefox 113, Safari 16.4 or later.");
}
})(document.currentScript);"""
