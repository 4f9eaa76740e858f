"""The one module and the one style sheet that a page gets, joined from those of each section.

A page imports a widget's module from a blob, where no relative import resolves.
"""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["module", "style"]

_BROWSER = Path(__file__).parent / "browser"
_IMPORT = re.compile(r'^import \{ [\w, ]+ \} from "\./(\w+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let)\b)", re.MULTILINE)
_COMMENT = re.compile(r"^ *(?://.*|/\*(?:[^*]|\*(?!/))*\*/ *)\n", re.MULTILINE)


def module(entry: Path = _BROWSER / "panel.js") -> str:
    """Return a module and all that it imports, each once, without comments.

    Parameters
    ----------
    entry : Path, optional
        Its ``export default`` stays.
    """
    parts: dict[Path, str] = {}

    def follow(path: Path) -> None:
        if path not in parts:
            text = path.read_text(encoding="utf-8")
            parts[path] = ""  # on its way
            for name in _IMPORT.findall(text):
                follow(path.parent / name)
            del parts[path]
            stripped = _COMMENT.sub("", _IMPORT.sub("", text))
            parts[path] = stripped if path == entry else _EXPORT.sub("", stripped)

    follow(entry)
    return "\n".join(parts.values())


def style(folder: Path = _BROWSER / "css") -> str:
    """Return all style sheets; that of the panel itself comes first.

    Parameters
    ----------
    folder : Path, optional
    """
    sheets = sorted(folder.glob("*.css"), key=lambda path: (path.name != "panel.css", path.name))
    return _COMMENT.sub("", "\n".join(sheet.read_text(encoding="utf-8") for sheet in sheets))
