"""The modules and style sheets that the scripts of pages are bundled from, as a checkout has them.

`python -m tests.bundle` makes the bundle, which an installed package has instead. Where a module
was changed since, a page gets the modules themselves, joined: to try a change nothing is built.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

__all__ = ["FOLDER", "PIECES", "WITH_KERNEL", "digest", "joined", "modules", "names", "sheets"]

FOLDER = Path(__file__).parent / "browser"
WITH_KERNEL = (
    "asks",
    "hear",
    "link",
    "orders",
    "tools",
)
"""The modules that a page without a kernel has nothing for."""
PIECES = {
    "special": "specialFunctions",
    "rows": "rowFunctions",
    "further": "furtherFunctions",
    "vector": "vectorFunctions",
}
"""Modules that come only where a panel needs them, each with the table of its functions."""
# What stands there instead.
_ABSENT = 'import {{ absent }} from "./dom.js";\nexport const {} = absent;\n'
_BESIDE = 'export const {1} = typeof {0} === "undefined" ? {{}} : {0}.{1};\n'
_IMPORT = re.compile(r'^import \{ [\w, ]+ \} from "\./(\w+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let)\b)", re.MULTILINE)
_DEFAULT = re.compile(r"^export default .*\n", re.MULTILINE)


def modules(*, kernel: bool = True, whole: bool = True) -> dict[str, str]:
    """Return the modules by name.

    Parameters
    ----------
    kernel : bool, optional
        Whether those for a kernel are there; otherwise sections that show nothing are.
    whole : bool, optional
        Whether the pieces are there; otherwise they are looked for beside the script.
    """
    texts = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.js")}
    if not kernel:
        texts |= {f"{name}.js": _ABSENT.format(name) for name in WITH_KERNEL}
    if not whole:
        texts |= {f"{name}.js": _BESIDE.format(name, table) for name, table in PIECES.items()}
    return texts


def sheets(*, kernel: bool = True) -> str:
    """Return the style sheets, of which that of the panel itself comes first.

    Parameters
    ----------
    kernel : bool, optional
        Whether those of sections for a kernel are there.
    """
    found = [path for path in FOLDER.glob("css/*.css") if kernel or path.stem not in WITH_KERNEL]
    found.sort(key=lambda path: (path.name != "panel.css", path.name))
    return "\n".join(path.read_text(encoding="utf-8") for path in found)


def names(piece: str) -> list[str]:
    """Return the functions of a piece, as tapes name them.

    Parameters
    ----------
    piece : str
    """
    text = (FOLDER / f"{piece}.js").read_text(encoding="utf-8")
    table = text.partition(f"export const {PIECES[piece]} = {{")[2].partition("\n};")[0]
    return re.findall(r"(?:^|,)\s*(\w+)(?=[:,\s]|$)", table)


def digest() -> str:
    """Return what differs as soon as a source does."""
    found = hashlib.sha256(Path(__file__).read_bytes())
    for path in sorted(FOLDER.rglob("*.*s")):
        found.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def joined(entry: str, texts: dict[str, str]) -> str:
    """Return a module with all that it imports, each once, as one; its default export stays.

    Parameters
    ----------
    entry : str
        Its name.
    texts : dict of str to str
        Of `modules`.
    """
    parts: dict[str, str] = {}

    def follow(name: str) -> None:
        if name not in parts:
            parts[name] = ""  # on its way
            for each in _IMPORT.findall(texts[name]):
                follow(each)
            del parts[name]
            stripped = _EXPORT.sub("", _IMPORT.sub("", texts[name]))
            parts[name] = stripped if name == entry else _DEFAULT.sub("", stripped)

    follow(entry)
    return "\n".join(parts.values())
