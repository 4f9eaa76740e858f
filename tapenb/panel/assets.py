"""The one module and the one style sheet that a page gets, joined from those of each section.

A page imports a widget's module from a blob, where no relative import resolves.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType

__all__ = ["WITH_KERNEL", "module", "player", "style"]

_BROWSER = Path(__file__).parent / "browser"
_PAGE = _BROWSER / "page.js"  # a classic script, which loads from a file, too
_IMPORT = re.compile(r'^import \{ [\w, ]+ \} from "\./(\w+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let)\b)", re.MULTILINE)
_DEFAULT = re.compile(r"^export default .*\n", re.MULTILINE)
WITH_KERNEL = ("lights", "link", "listing", "orders", "steps", "surface", "tools", "trace")
"""The modules that a page without a kernel has nothing for."""
# What stands there instead.
_ABSENT = """\
import {{ h }} from "./dom.js";
export function {}() {{ return {{ element: h("div"), attach() {{}}, paint() {{}}, stop() {{}} }}; }}
"""
_INDENT = re.compile(r"^[ ]+", re.MULTILINE)
_CAST = re.compile(r"/\*\* @\w+[^*]*\*/ ?")
_COMMENT = re.compile(r"^ *(?://.*|/\*(?:[^*]|\*(?!/))*\*/ *)\n", re.MULTILINE)


def module(
    entry: Path = _BROWSER / "panel.js", instead: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Return a module and all that it imports, each once, without comments.

    Parameters
    ----------
    entry : Path, optional
        Its ``export default`` stays.
    instead : mapping of str to str, optional
        Texts that stand in the place of modules that are not needed, by their names.
    """
    parts: dict[Path, str] = {}

    def follow(path: Path) -> None:
        if path not in parts:
            text = instead.get(path.name) or path.read_text(encoding="utf-8")
            parts[path] = ""  # on its way
            for name in _IMPORT.findall(text):
                follow(path.parent / name)
            del parts[path]
            stripped = _CAST.sub("", _COMMENT.sub("", _IMPORT.sub("", text)))
            parts[path] = stripped if path == entry else _DEFAULT.sub("", stripped)

    follow(entry)
    return _EXPORT.sub("", "\n".join(parts.values()))


def player(operations: Collection[str] | None = None) -> str:
    """Return the script of a page without a kernel, with what its tape computes and no more.

    Parameters
    ----------
    operations : collection of str, optional
        The operations of the tapes; all that there are, where it is not known which.
    """
    instead = {f"{name}.js": _ABSENT.format(name) for name in WITH_KERNEL}
    for name, table in (("special.js", "specialFunctions"), ("rows.js", "rowFunctions")):
        text = (_BROWSER / name).read_text(encoding="utf-8")
        known = re.findall(r"\w+", text[text.index(f"export const {table}") :])
        if operations is not None and not set(known).intersection(operations):
            instead[name] = f"export const {table} = {{}};\n"
    return _INDENT.sub("", module(_PAGE, instead))


def style(folder: Path = _BROWSER / "css", without: Collection[str] = ()) -> str:
    """Return all style sheets; that of the panel itself comes first.

    Parameters
    ----------
    folder : Path, optional
    without : collection of str, optional
        Sections that are left out.
    """
    sheets = [sheet for sheet in folder.glob("*.css") if sheet.stem not in without]
    sheets.sort(key=lambda path: (path.name != "panel.css", path.name))
    return _COMMENT.sub("", "\n".join(sheet.read_text(encoding="utf-8") for sheet in sheets))
