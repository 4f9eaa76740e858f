"""What goes to the browser: modules bundled into one, small, and no way for text to become code."""

import json
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tapenb.panel import assets
from tapenb.panel.browser import sources

MODULES = sorted(sources.FOLDER.glob("*.js"))
SHEETS = sorted(sources.FOLDER.glob("css/*.css"))
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in [*MODULES, *SHEETS]}
SCRIPT, STYLE = sources.joined("widget.js", sources.modules()), sources.sheets()
BUNDLED = {
    path.name: path.read_text("utf-8") for path in (sources.FOLDER.parent / "bundle").iterdir()
}

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


def reached(name: str) -> set[str]:
    """Return a module and all that it imports."""
    found = re.findall(r'^import .* from "\./(.*)";$', TEXTS[name], re.M)
    return {name}.union(*map(reached, found))


def test_every_module_that_is_reached_stands_once_where_they_are_joined():
    for name in reached("widget.js") - {"widget.js"}:
        own = re.sub(r"^(?:import|export default) .*\n", "", TEXTS[name], flags=re.M)
        own = re.sub(r"^export ", "", own, flags=re.M)
        assert SCRIPT.count(own.strip()) == 1, name
    assert not re.search(r"^\s*import\b", SCRIPT, re.M)
    assert re.findall(r"^export .*", SCRIPT, re.M) == ["export default { render: inFront };"]


def test_modules_that_import_each_other_are_joined_once():
    parts = {
        "a.js": 'import { b } from "./b.js";\nexport const a = b;\nexport default a;\n',
        "b.js": 'import { a } from "./a.js";\nexport function b() { return a; }\n',
    }
    joined = sources.joined("a.js", parts)
    assert joined == "function b() { return a; }\n\nconst a = b;\nexport default a;\n"


def test_every_style_sheet_is_there_and_the_panel_s_comes_first():
    assert STYLE.startswith(".tapenb-host")
    for path in SHEETS:
        assert TEXTS[path.name] in STYLE
        assert (TEXTS[path.name] in sources.sheets(kernel=False)) == (
            path.stem not in sources.WITH_KERNEL
        )


def test_a_number_that_changes_has_no_style_looked_for_in_the_whole_page():
    """What `:has` asks for, other than a class, every change of a text may bring about."""
    asking = re.findall(r"[^{}]*:has\([^{}]*(?={)", re.sub(r"/\*.*?\*/", "", STYLE, flags=re.S))
    assert asking
    for selector in map(str.strip, asking):
        assert selector.startswith(".jp-OutputArea"), selector
        assert all(
            re.fullmatch(r"\.[\w-]+", each) for each in re.findall(r":has\((.*?)\)", selector)
        )


# -- the bundle ------------------------------------------------------------------------------------


def test_the_bundle_is_of_these_sources():
    stale = "run python -m tests.bundle, which needs Node"
    assert json.loads(BUNDLED["bundle.json"])["sources"] == sources.digest(), stale


def test_the_assets_are_small():
    sizes = {path.name: len(TEXTS[path.name].encode()) for path in MODULES}
    assert not {name: size for name, size in sizes.items() if size > LARGEST_MODULE}
    script, left_out = assets.widget()
    assert len(script) + len(assets.style()) < LARGEST
    assert "gammaln" in left_out
    assert "sin" not in left_out


@with_node
def test_bundled_scripts_are_scripts(tmp_path: Path):
    for script in (assets.player(), assets.player(["sin", "erf"])):
        (tmp_path / "page.js").write_text(script, encoding="utf-8")
        assert not node("--check", tmp_path / "page.js").stderr
    for name, text in {"joined": SCRIPT, "bundled": assets.widget()[0]}.items():
        (tmp_path / f"{name}.mjs").write_text(text, encoding="utf-8")
        program = f"import('./{name}.mjs').then(m => console.log(typeof m.default.render))"
        answer = node("-e", program, cwd=tmp_path)
        assert answer.stdout == "function\n", answer.stderr


@with_node
@pytest.mark.parametrize("piece", sources.PIECES)
def test_a_piece_brings_its_functions_and_comes_where_they_are_needed(piece: str, tmp_path: Path):
    (tmp_path / "piece.js").write_text(
        f"{BUNDLED[f'{piece}.js']}\nconsole.log(Object.keys({piece}.{sources.PIECES[piece]}).join())"
    )
    names = node(tmp_path / "piece.js").stdout.strip().split(",")
    assert names == sources.names(piece) == json.loads(BUNDLED["bundle.json"])["pieces"][piece]
    assert BUNDLED[f"{piece}.js"] in assets.player(["sin", names[0]])
    assert BUNDLED[f"{piece}.js"] not in assets.player(["sin"])


# -- what the texts may hold -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "word",
    ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"],
)
def test_text_never_becomes_code(word: str):
    assert not [name for name, text in (TEXTS | BUNDLED).items() if word in text]


def test_nothing_comes_from_elsewhere():
    namespaces = {"http://www.w3.org/2000/svg"}
    whole = "".join([SCRIPT, STYLE, *BUNDLED.values()])
    assert set(re.findall(r"https?://[^\"'`\s)]+", whole)) <= namespaces
    assert not re.search(r"\b(import|fetch|XMLHttpRequest|@import|url)\b\s*\(?[\"'`(]", whole)


def test_every_element_that_takes_keys_keeps_them_from_the_notebook():
    # The attribute counts on the focusable element itself only.
    assert SCRIPT.count("...KEYS") + SCRIPT.count(", KEYS)") >= 5
    assert '"data-lm-suppress-shortcuts": "true"' in SCRIPT
