"""The modules and style sheets that the scripts of pages are bundled from, as a checkout has them.

`python -m tests.bundle` makes the bundle, which an installed package has instead. Where a module
was changed since, a page gets the modules themselves, joined: to try a change nothing is built.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

FOLDER = Path(__file__).parent
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
HEADS = {"kernel": (*WITH_KERNEL, "answers", "widget"), "page": ("brief", "local", "page")}
"""The modules that only one kind of page has, the last one its entry; all share the others."""
# What stands there instead.
_ABSENT = 'import {{ absent }} from "./dom.js";\nexport const {} = absent;\n'
_GIVEN = (
    'import {{ absent }} from "./dom.js";\nimport {{ given }} from "./given.js";\n'
    "export const {0} = (...all) => (given.{0} ?? absent)(...all);\n"
)
_BESIDE = 'export const {1} = typeof {0} === "undefined" ? {{}} : {0}.{1};\n'
_IMPORT = re.compile(r'^import \{ ([\w, ]+) \} from "\./(\w+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let)\b)", re.MULTILINE)
_DEFAULT = re.compile(r"^export default .*\n", re.MULTILINE)


def modules(*, kernel: bool = True, whole: bool = True) -> dict[str, str]:
    """Return the modules by name.

    Parameters
    ----------
    kernel
        Whether those for a kernel are there; otherwise sections that show nothing are.
    whole
        Whether the pieces are there; otherwise they are looked for beside the script.
    """
    texts = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.js")}
    if not kernel:
        texts |= {f"{name}.js": _ABSENT.format(name) for name in WITH_KERNEL}
    if not whole:
        texts |= {f"{name}.js": _BESIDE.format(name, table) for name, table in PIECES.items()}
    return texts


def core() -> dict[str, str]:
    """Return the modules that all pages share, as the script ``core`` is bundled from its entry.

    What a head brings to them it puts into ``core.given``.
    """
    texts = modules(whole=False) | {"given.js": "export const given = {};\n"}
    texts |= {f"{name}.js": _GIVEN.format(name) for name in WITH_KERNEL}
    wanted: dict[str, set[str]] = {"given.js": {"given"}}
    for own in HEADS:
        for module, found in _beside(own).items():
            wanted.setdefault(module, set()).update(found)
    lines = [
        f'export {{ {", ".join(sorted(found))} }} from "./{module}";\n'
        for module, found in sorted(wanted.items())
    ]
    return texts | {"core.js": "".join(lines)}


def head(name: str) -> dict[str, str]:
    """Return the modules of a head, and what it takes of ``core``, as its entry is bundled from."""
    texts = modules()
    for module, found in _beside(name).items():
        texts[module] = f"export const {{ {', '.join(sorted(found))} }} = core;\n"
    if name == "kernel":
        lines = [f'import {{ {each} }} from "./{each}.js";\n' for each in WITH_KERNEL]
        given = f"Object.assign(core.given, {{ {', '.join(WITH_KERNEL)} }});\n"
        texts["kernel.js"] = "".join([*lines, given, 'export { default } from "./widget.js";\n'])
    return texts


def _beside(name: str) -> dict[str, set[str]]:
    """By module, what those of a head import of all others."""
    found: dict[str, set[str]] = {}
    for each in HEADS[name]:
        for wanted, module in _IMPORT.findall((FOLDER / f"{each}.js").read_text(encoding="utf-8")):
            if module.removesuffix(".js") not in HEADS[name]:
                found.setdefault(module, set()).update(wanted.split(", "))
    return found


def sheets(*, kernel: bool = True) -> str:
    """Return the style sheets: the panel's own first, those of sections for a kernel last."""
    found = [path for path in FOLDER.glob("css/*.css") if kernel or path.stem not in WITH_KERNEL]
    found.sort(key=lambda path: (path.name != "panel.css", path.stem in WITH_KERNEL, path.name))
    return "\n".join(path.read_text(encoding="utf-8") for path in found)


def names(piece: str) -> list[str]:
    """Return the functions of a piece, as tapes name them."""
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
    """Return a module with all that it imports, each once, as one; its default export stays."""
    parts: dict[str, str] = {}

    def follow(name: str) -> None:
        if name not in parts:
            parts[name] = ""  # on its way
            for _, each in _IMPORT.findall(texts[name]):
                follow(each)
            del parts[name]
            stripped = _EXPORT.sub("", _IMPORT.sub("", texts[name]))
            parts[name] = stripped if name == entry else _DEFAULT.sub("", stripped)

    follow(entry)
    return "\n".join(parts.values())
