"""The one module and the one style sheet that a page gets, joined from those of each section.

A page imports a widget's module from a blob, where no relative import resolves.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from .shorter import shorter

__all__ = [
    "WITH_KERNEL",
    "carried",
    "module",
    "player",
    "standalone",
    "style",
    "widget",
    "without_player",
]

_BROWSER = Path(__file__).parent / "browser"
_PAGE = _BROWSER / "page.js"  # a classic script, which loads from a file, too
_IMPORT = re.compile(r'^import \{ [\w, ]+ \} from "\./(\w+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let)\b)", re.MULTILINE)
_DEFAULT = re.compile(r"^export default .*\n", re.MULTILINE)
WITH_KERNEL = (
    "asks",
    "hear",
    "link",
    "orders",
    "tools",
    "vector",
)
"""The modules that a page without a kernel has nothing for."""
# What stands there instead.
_ABSENT = (
    'import {{ h }} from "./dom.js";\n'
    'export const {} = () => ({{ element: h("div"), '
    "attach() {{}}, later() {{}}, paint() {{}}, stop() {{}} }});\n"
)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_TEMPLATE = re.compile(r"[`}](?:[^`\\$]|\\.|\$(?!\{))*(?:`|\$\{)")
_REGEX = re.compile(r"/(?:[^/\\[]|\\.|\[(?:[^\]\\]|\\.)*\])+/")
_BEFORE_REGEX = "(,=:[!&|?{;"
# Ends of lines that end no statement.
_LINES = re.compile(r"(?<=[;{,(])\n(?!export )|\n(?=\})")
# Spaces that part no two words, and no "+ +" or "- -".
_SPACES = re.compile(
    r"(?<![\w$+-]) +|(?<=[+-]) +(?![+-])|(?<![+-]) +(?![\w$+-])|(?<=[\w$)\]]) +(?=[+-]=? )"
)
_CAST = re.compile(r"/\*\* @\w+[^*]*\*/ ?")
# Of a sheet: a space before ":" is a selector's.
_AROUND = re.compile(r"\s*([{},;]|(?<=[\w-]):)\s+|\s+(?=[{}])")
_ZERO = re.compile(r"(?<=[\s:,(-])0(?=\.\d)")
_COMMENT = re.compile(r"^ *(?://.*|/\*(?:[^*]|\*(?!/))*\*/ *)\n", re.MULTILINE)


def module(
    entry: Path = _BROWSER / "widget.js", instead: Mapping[str, str] = MappingProxyType({})
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
    return _small(_EXPORT.sub("", "\n".join(parts.values())))


def widget() -> tuple[str, frozenset[str]]:
    """Return the module of a panel that has a kernel, and the operations that it leaves to that.

    Special functions are a tenth of all, and few programs have them: only a page that has no kernel
    brings them along.
    """
    text = (_BROWSER / "special.js").read_text(encoding="utf-8")
    table = text[text.index("export const specialFunctions") :]
    left_out = frozenset(re.findall(r"\w+", table)) - {"export", "const", "specialFunctions"}
    script = module(instead={"special.js": "export const specialFunctions = {};\n"})
    return _shorter(script), left_out


def _shorter(script: str) -> str:
    lines = script.splitlines(keepends=True)
    return shorter(piece for line in lines for piece in _parted(line))


def _small(script: str) -> str:
    """A script without the spaces that only its readers need; a template stands on one line."""
    text = "\n".join(
        "".join(text if literal else _SPACES.sub("", text) for literal, text in _parted(line))
        for line in _constants(each for each in map(str.strip, script.splitlines()) if each)
    )
    return _LINES.sub("", text).replace(";}", "}")


def _constants(lines: Iterable[str]) -> list[str]:
    """The lines, with constants that follow each other as one statement."""
    found, goes_on = [], False
    for line in lines:
        constant = line.startswith("const ")
        if constant and goes_on:
            found[-1] = f"{found[-1].removesuffix(';')},"
            line = line.removeprefix("const ")
        whole = all(line.count(a) == line.count(b) for a, b in ("()", "[]", "{}"))
        goes_on = constant and whole and line.endswith(";")
        found.append(line)
    return found


def _parted(line: str) -> Iterator[tuple[bool, str]]:
    """A line as code, and as strings, templates and regular expressions, which stay as they are."""
    start = at = 0
    depths: list[int] = []  # in each template how many braces of its code are open
    while at < len(line) and not line.startswith("//", at):
        letter, literal = line[at], None
        if letter == "`" or (letter == "}" and depths and not depths[-1]):
            if letter == "}":
                depths.pop()
            literal = _TEMPLATE.match(line, at)
            if literal and literal[0].endswith("${"):
                depths.append(0)
        elif letter == '"':
            literal = _STRING.match(line, at)
        elif letter == "/" and line[:at].rstrip()[-1:] in _BEFORE_REGEX:
            literal = _REGEX.match(line, at)
        elif depths and letter in "{}":
            depths[-1] += 1 if letter == "{" else -1
        at += 1
        if literal:
            yield False, line[start : at - 1]
            yield True, literal[0]
            start = at = literal.end()
    yield False, line[start:at]


def player(operations: Collection[str] | None = None) -> str:
    """Return the script of a page without a kernel.

    Parameters
    ----------
    operations : collection of str, optional
        Those of the page's tapes, so that it computes no more; by default it computes all.
    """
    instead = {f"{name}.js": _ABSENT.format(name) for name in WITH_KERNEL}
    for name, table in (("special.js", "specialFunctions"), ("rows.js", "rowFunctions")):
        text = (_BROWSER / name).read_text(encoding="utf-8")
        known = re.findall(r"\w+", text[text.index(f"export const {table}") :])
        if operations is not None and not set(known).intersection(operations):
            instead[name] = f"export const {table} = {{}};\n"
    return _shorter(f"(() => {{\n{module(_PAGE, instead)}\n}})();")


def standalone() -> str:
    """Return a script that brings every stored panel of a page to life, and its style along."""
    sheet = json.dumps(style(without=WITH_KERNEL), ensure_ascii=False)
    styled = (
        "document.head.append(Object.assign(document.createElement('style'), "
        f"{{ textContent: {sheet} }}));"
    )
    return f"{styled}\n{player()}"


@cache
def carried() -> str:
    """Return `standalone` as an element that a notebook's output carries, once in a notebook.

    It is packed, which makes it half as long.
    """
    packed = base64.b64encode(zlib.compress(standalone().encode(), 9)).decode()
    return _CARRIED % packed


def without_player(html: str) -> str:
    """Return what an output shows without `carried`, where a page has the player from elsewhere.

    Parameters
    ----------
    html : str
    """
    return _PLAYER.sub("", html)


_PLAYER = re.compile(r'\n?<script class="tapenb-player">.*?</script>', re.DOTALL)
_CARRIED = """\
<script class="tapenb-player">(async () => {
const packed = Uint8Array.from(atob("%s"), (letter) => letter.charCodeAt(0));
const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
const script = document.createElement("script");
script.textContent = await new Response(unpacked).text();
document.head.append(script);
})();</script>"""


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
    text = _COMMENT.sub("", "\n".join(sheet.read_text(encoding="utf-8") for sheet in sheets))
    return _ZERO.sub("", _AROUND.sub(r"\1", text).replace(";}", "}").replace(" > ", ">"))
