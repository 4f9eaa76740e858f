"""What goes to the browser: modules joined into one, small, and no way for text to become code."""

import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tapenb import panel
from tapenb.panel import assets
from tapenb.panel.shorter import shorter

HERE = Path(panel.__file__).parent / "browser"
MODULES = sorted(HERE.glob("*.js"))
SHEETS = sorted(HERE.glob("css/*.css"))
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in [*MODULES, *SHEETS]}
SCRIPT, STYLE = assets.module(), assets.style()

IMPORT = re.compile(r'import \{ (\w+(?:, \w+)*) \} from "\./(\w+\.js)";')
TOP = re.compile(r"^(?:export )?(?:async )?(?:function|class|const|let)\b\*? ?(\w+|\{.*?\})", re.M)

# A module, without what only a table needs; and everything together.
LARGEST_MODULE, LARGEST = 12_000, 120_000

with_node = pytest.mark.skipif(shutil.which("node") is None, reason="no node")


def node(*arguments: object, **options: object) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["node", *map(str, arguments)], capture_output=True, text=True, check=False, **options
    )


# -- the frame -------------------------------------------------------------------------------------


def test_imports_have_one_form_and_name_what_is_exported():
    for name, text in TEXTS.items():
        for line in re.findall(r"^[ \t]*import\b.*|^.*\bimport\(.*|^export .* from .*", text, re.M):
            form = IMPORT.fullmatch(line)
            assert form, f"{name}: {line}"
            for each in form[1].split(", "):
                exported = rf"^export (?:function|class|const) {each}\b"
                assert re.search(exported, TEXTS[form[2]], re.M)


def test_top_level_names_are_unique():
    names = Counter()
    for path in MODULES:
        for found in TOP.findall(TEXTS[path.name]):
            names.update(re.findall(r"\w+", found))
    assert len(names) > 20
    assert not [name for name, count in names.items() if count > 1]


def alone(path: Path) -> str:
    """Return a module as it is joined, without what it imports and exports."""
    others = {each.name: "\n" for each in MODULES if each != path}
    return re.sub(r"^export default.*", "", assets.module(path, others), flags=re.M).strip()


def reached(name: str = "widget.js") -> set[str]:
    """Return a module and all that it imports."""
    found = re.findall(r'^import .* from "\./(.*)";$', TEXTS[name], re.M)
    return {name}.union(*map(reached, found))


def test_every_module_that_is_reached_stands_once():
    for name in reached() - {"widget.js"}:
        assert SCRIPT.count(alone(HERE / name)) == 1, name
    assert not re.search(r"^\s*import\b", SCRIPT, re.M)
    assert re.findall(r"^export .*", SCRIPT, re.M) == ["export default{render:inFront};"]


@with_node
def test_the_joined_module_runs(tmp_path: Path):
    (tmp_path / "joined.mjs").write_text(SCRIPT, encoding="utf-8")
    program = "import('./joined.mjs').then(m => console.log(typeof m.default.render))"
    answer = node("-e", program, cwd=tmp_path)
    assert answer.stdout == "function\n", answer.stderr


def test_modules_that_import_each_other_are_joined_once(tmp_path: Path):
    parts = {
        "a.js": 'import { b } from "./b.js";\n// a\nexport const a = b;\nexport default a;\n',
        "b.js": 'import { a } from "./a.js";\nexport function b() { return a; }\n',
    }
    for name, text in parts.items():
        (tmp_path / name).write_text(text)
    joined = assets.module(tmp_path / "a.js")
    assert joined == "function b(){return a}\nconst a=b;\nexport default a;"


def test_every_style_sheet_is_there_and_the_panel_s_comes_first():
    assert STYLE.startswith(".tapenb-host")
    for path in SHEETS:
        last = TEXTS[path.name].rstrip().splitlines()[-1]
        assert re.sub(r"\s|;|(?<=[^\d.])0(?=\.)", "", last) in re.sub(r"\s|;", "", STYLE)


def test_the_assets_are_small():
    sizes = {path.name: len(TEXTS[path.name].encode()) for path in MODULES}
    assert not {name: size for name, size in sizes.items() if size > LARGEST_MODULE}
    script, left_out = assets.widget()
    assert len(script) + len(STYLE) < LARGEST
    assert "gammaln" in left_out
    assert "sin" not in left_out


TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|`[^`]*`|[\w$]+|[+]+|-+|[^\s\w$]')


def tokens(script: str) -> list[str]:
    """Return its words and signs; of a template what is computed in it without spaces."""
    inner = re.compile(r"\$\{[^`}]*")
    script = re.sub(r";\s*const\b *", ",", script)  # one statement or two
    found = TOKEN.findall(re.sub(r";(?=\s*\})", "", script))
    return [inner.sub(lambda code: re.sub(r"\s", "", code[0]), each) for each in found]


def test_what_makes_a_script_small_changes_no_token():
    whole = "\n".join(text for name, text in TEXTS.items() if name.endswith(".js"))
    assert not [line for line in whole.splitlines() if line.count("`") % 2]
    for path in (HERE / name for name in reached() | reached("page.js")):
        small = alone(path)
        plain = re.sub(r"^(import|export default) .*", "", TEXTS[path.name], flags=re.M)
        plain = re.sub(r"/\*\*? ?@\w+[^*]*\*/", "", plain)
        plain = re.sub(r"^ *(//.*|/\*(?:[^*]|\*(?!/))*\*/ *)$", "", plain, flags=re.M)
        plain = re.sub(r"^export ", "", plain, flags=re.M)
        plain = re.sub(r" +//.*$", "", plain, flags=re.M)
        assert tokens(small) == tokens(plain), path.name


def test_own_names_are_short_and_properties_stay():
    script = (
        "const longName=(first,{second,third:other})=>{let inner=first+second;"
        "return{inner,result:other,given:longName}};document.inner2=`${longName(1,{second:2})}`"
    )
    pieces = list(assets._parted(script))
    short = shorter(pieces)
    assert re.findall(r"[\w$]+(?=:)|(?<=\.)[\w$]+|inner|second", short) == re.findall(
        r"[\w$]+(?=:)|(?<=\.)[\w$]+|inner|second", script
    )
    assert not re.search("longName|first", short)
    assert "document" in short
    assert len(set(re.findall(r"\b[a-zA-Z]\b", short))) == 2


@with_node
def test_scripts_with_short_names_are_scripts(tmp_path: Path):
    for script in (assets.widget()[0], assets.player(), assets.player(["sin", "erf"])):
        (tmp_path / "short.mjs").write_text(script, encoding="utf-8")
        answer = node("--check", tmp_path / "short.mjs")
        assert not answer.stderr
    (tmp_path / "joined.mjs").write_text(assets.widget()[0], encoding="utf-8")
    program = "import('./joined.mjs').then(m => console.log(typeof m.default.render))"
    assert node("-e", program, cwd=tmp_path).stdout == "function\n"


# -- what the texts may hold -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "word",
    ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"],
)
def test_text_never_becomes_code(word: str):
    assert word not in SCRIPT


def test_nothing_comes_from_elsewhere():
    namespaces = {"http://www.w3.org/2000/svg"}
    assert set(re.findall(r"https?://[^\"'\s)]+", SCRIPT + STYLE)) <= namespaces
    assert not re.search(
        r"\b(import|fetch|XMLHttpRequest|@import|url)\b\s*\(?[\"'(]", SCRIPT + STYLE
    )


def test_every_element_that_takes_keys_keeps_them_from_the_notebook():
    # The attribute counts on the focusable element itself only.
    assert SCRIPT.count("...KEYS") + SCRIPT.count(",KEYS)") >= 5
    assert '"data-lm-suppress-shortcuts":"true"' in SCRIPT
