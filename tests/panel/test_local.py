"""A page without a kernel: the state of its panel is the kernel's, whatever section is open."""

import itertools
import json
import math
import random
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tapenb.panel.brief import brief
from tapenb.recording.recording import MOST_BESIDE

from ..magic.notebook import close_shell, open_notebook

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="no node")

CELLS = {
    "survey": ("", "x = 2.0\ny = 5.0\nz = np.log(x) + x*y - np.sin(y)"),
    "loop": ("x=(0, 1)", "x = 0.2\nr = 3.9\ny = x\nfor _ in range(8):\n    y = r*y*(1 - y)"),
    "not in each round": (
        "",
        "x = 0.7\ny = x\nfor k in range(9):\n    if k > 2:\n        y = y*0.9 + x\n"
        "    y = np.sin(y)\nz = y",
    ),
    "function": ("", "def f(x):\n    y = np.sin(x)\n    return y*x\na = 2.0\nz = f(a) + f(a*a)"),
    "arrays": (
        "",
        "w = np.array([0.5, -0.3])\nh = np.tanh(w*np.array([1.0, 2.0]))\ny = np.sum(h**2)",
    ),
    "bars": (
        "",
        "c = 1.5\nv = np.linspace(-1, 1, 30)\nM = np.ones((2, 70))\nM[1, 3] = 2.0\n"
        "z = np.sum(np.sin(v*c)**2)*c + np.sum(M**3)*c",
    ),
    "calls": ("", "a = 2.0\nz = 0.0\nfor k in range(2):\n    z = outer(z + a) + inner(a)"),
    "list": ("", "p = [1.0, 2.0]\nt = 0.3\nz = p[0] + p[1]*t"),
    "complex": ("", "r = 0.5\nt = 1.2\nw = r*np.exp(1j*t)\nz = (w + w*w).real"),
    "integer": ("", "x = 1.1\nn = 7\nm = n**9\ny = x*m"),
    "where": ("x=(-2, 2)", "x = 0.5\na = np.where(x > 0, np.sin(x), x*x)\ny = a*x"),
    "marks": (
        "x=(-1, 1) --order 1",
        "x = 0.0\nwith np.errstate(all='ignore'):\n    a = np.log(x)*0\n"
        "    b = np.maximum(x - 9, 0)*x\n    z = a + np.exp(x) + b",
    ),
    "parts": ("", "a = 1.0\nw, V = np.linalg.eigh(np.array([[2.0, a], [a, 3.0]]))\ny = w[0]*a"),
    "forward": ("--mode forward", "x = 1.0\na = 2.0\nz = np.sin(x)*a + x"),
    "no derivatives": ("--order 0", "x = 1.0\na = 2.0\nz = np.sin(x)*a + x"),
}
BRIEF = Path(__file__).parents[2] / "tapenb" / "panel" / "browser" / "brief.js"
PARTS = "rows", "matrix", "vector", "nodes", "edges", "trace", "listing", "plot", "surface"
# What is the page's own: its curves have numbers of their own, and are not marked.
OWN = {
    "plot": {"number", "label"},
    "surface": {"heights"},
}
# Of the lines that are shown unfolded, the last ones are in a function that another one calls.
FUNCTIONS = (
    "def inner(x):\n    y = np.sin(x)\n    return y*x\n"
    "def outer(x):\n    total = x\n    for k in range(2):\n"
    "        total = inner(total) + inner(k*x)\n    return total"
)


@pytest.fixture(scope="module")
def book():
    notebook = open_notebook()
    notebook.run(FUNCTIONS)
    yield notebook
    close_shell(notebook.shell)


def moves(panel, data, chance):
    """Positions of the sliders, each with something else open; the first is where they are."""
    along = list(data["programs"][0]["show"]["along"])
    planes = itertools.permutations(along, 2)
    found = []
    for turn in range(6):
        to = {
            each["label"]: panel.state["positions"][each["label"]]
            if not turn
            else chance.randint(each["min"], each["max"])
            if each["integer"]
            else round(chance.uniform(each["min"], each["max"]), 3)
            for each in data["inputs"]
        }
        x, y = next(planes, (along[0] if along else "", None))
        look = {
            "listing": {
                "open": turn % 4 != 3,
                "iteration": chance.choice([None, 0, 2]),
                "unfolded": [[3, "outer:4", 3], [3], [9]][turn % 2 :],
            },
            "trace": {"open": turn % 3 != 2, "steps": turn % 2 == 0},
            "surface": {"and": y},
        }
        found.append({"to": to, "look": look, "along": x})
    return found


def in_json(what):
    return json.loads(json.dumps(what))


def differences(page, kernel, place=""):
    """Where two states differ: texts at all, numbers by more than rounding."""
    if isinstance(page, dict) and isinstance(kernel, dict):
        for key in page.keys() | kernel.keys():
            yield from differences(page.get(key), kernel.get(key), f"{place}.{key}")
    elif isinstance(page, list) and isinstance(kernel, list) and len(page) == len(kernel):
        for k, pair in enumerate(zip(page, kernel, strict=True)):
            yield from differences(*pair, f"{place}[{k}]")
    elif isinstance(page, float | int) and isinstance(kernel, float | int):
        if not math.isclose(page, kernel, rel_tol=1e-9, abs_tol=1e-11):
            yield place, page, kernel
    elif shown(page) != shown(kernel):
        yield place, page, kernel


def shown(what):
    """A number as it is written beside others: an array without axes is sent as its text.

    Several results have only their shapes in a page.
    """
    if isinstance(what, str) and what.startswith(("([", "((")):
        return "several results"
    if isinstance(what, float | int) and not isinstance(what, bool):
        return f"{what:.6g}".replace("-", "−")
    return what


def answers(data, asked):
    """What a page says to some moves."""
    command = ["node", "--no-warnings", str(Path(__file__).with_name("local.mjs"))]
    told = json.dumps({"data": data, "moves": asked})
    said = subprocess.run(command, input=told, capture_output=True, text=True, check=False)
    assert not said.stderr
    return json.loads(said.stdout)


COARSE = """
let time = 0;
const clock = { now: () => { time += 4; return time; } };
Object.defineProperty(globalThis, "performance", { value: clock });
const { localModel } = await import(process.argv[1]);
let input = "";
for await (const part of process.stdin) input += part;
const model = localModel(JSON.parse(input), {}), said = [];
await new Promise((done) => {
  const tell = () => {
    const { curve, number } = model.get("curve");
    said.push([curve.byteLength / 40, number === model.get("state").plot.number]);
  };
  tell();
  model.on("change:state", () => { tell(); done(); });
});
process.stdout.write(JSON.stringify(said));
"""


def test_a_curve_that_is_slow_becomes_a_finer_one_at_rest(book):
    book.run("%%tape -o t\nx = 2.0\ny = x*x")
    data = data_of(book.names["t"].panel._page())
    place = BRIEF.with_name("local.js").as_uri()
    command = ["node", "--no-warnings", "--input-type=module", "-e", COARSE, place]
    told = json.dumps(data)
    said = subprocess.run(command, input=told, capture_output=True, text=True, check=False)
    assert not said.stderr
    # Each sample counts four milliseconds here, as each glance at the clock does.
    assert json.loads(said.stdout) == [[21, True], [161, True]]


def said_by(data, positions):
    """The same, with listing and table open."""
    look = {"listing": {"open": True}, "trace": {"open": True}}
    return answers(data, [{"to": to, "look": look, "along": "x"} for to in positions])


def data_of(page):
    """The data in a page."""
    begin = page.index('class="tapenb-tape">') + len('class="tapenb-tape">')
    return json.loads(page[begin : page.index("</script>", begin)])


def of_kernel(panel, move):
    """The state of the panel itself, its numbers by place as lists."""
    panel.along, panel.look = move["along"], move["look"]
    for label, x in move["to"].items():
        panel.sliders[label].value = x
    state = in_json({part: panel.state.get(part) for part in PARTS})
    if state["trace"]:
        for key in {"values", "adjoints", "tangents"} & state["trace"].keys():
            state["trace"][key] = list(state["trace"][key].values())
    return state


def test_a_tape_that_was_stored_without_mixed_derivatives_is_played(book):
    line, text = CELLS["survey"]
    book.run(f"%%tape {line} -o taped\n{text}")
    panel = book.names["taped"].panel
    point, graph = panel._of_output()
    data = in_json(panel._stored(point, panel._played.of(point, graph, panel.inputs)))
    asked = [{"to": {"x": 2.5}, "look": {"surface": {"and": "y"}}, "along": "x"}]
    (now,) = answers(data, asked)
    along = data["programs"][0]["show"]["along"]
    for k, (label, (slope, second)) in enumerate(along.items()):
        along[label] = [slope, second[k]]
    (found,) = answers(data, asked)
    for part in ("rows", "matrix"):
        assert found["state"][part] == now["state"][part]
    kept = ("value", "slope", "curvature", "planes")
    before, after = ([each["state"]["plot"][key] for key in kept] for each in (now, found))
    assert after == [*before[:3], False]


def whole(short, drawing=""):
    """What a page makes of data that are stored briefly."""
    program = f"import {{ whole }} from {str(BRIEF)!r}; "
    given = f"{json.dumps(short)}, {json.dumps(drawing)}"
    program += f"process.stdout.write(JSON.stringify(whole({given})))"
    command = ["node", "--input-type=module", "--no-warnings", "-e", program]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(answer.stdout)


def size(data):
    """The bytes of data in a page."""
    return len(json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode())


@pytest.mark.parametrize("name", CELLS)
def test_a_page_has_the_kernel_s_state(name, book):
    line, text = CELLS[name]
    book.run(f"%%tape {line} -o taped\n{text}")
    panel = book.names["taped"].panel
    point, graph = panel._of_output()
    data = in_json(panel._stored(point, panel._played.of(point, graph, panel.inputs)))
    short = in_json(brief(data))
    assert whole(short) == data
    assert size(short) < (1000 if name == "survey" else 0.85 * size(data))
    asked = moves(panel, data, random.Random(name))
    for move, found in zip(asked, answers(short, asked), strict=True):
        assert not found["state"]["error"]
        page = {part: found["state"].get(part) for part in PARTS}
        kernel = of_kernel(panel, move)
        if name == "parts":  # what LAPACK is free to choose a line shows in the kernel alone
            assert page["listing"] is None
            kernel["listing"] = None
        if name == "integer":  # along which the kernel has other programs
            for key in ("choices", "planes"):
                assert page["plot"].pop(key) != kernel["plot"].pop(key)
            kernel["surface"] = None
        for part, own in OWN.items():
            for each in (page[part], kernel[part]):
                for key in own if each else ():
                    each.pop(key, None)
        for listing in filter(None, (page["listing"], kernel["listing"])):
            listing["calls"].sort(key=lambda each: len(each["path"]))
        assert not list(differences(page, kernel))[:3]
        if kernel["trace"]:
            assert found["program"] == in_json(panel.program)


def test_drawings_of_branches_are_parts_of_the_one_beside(book):
    book.run("%%tape x=(-2, 2) -o t\nx = 1.5\nä = np.sqrt(x) + x**2 if x > 0 else np.exp(-x)*3")
    panel = book.names["t"].panel
    _, graph, data = panel._playable()
    (other,) = [each for each in data["programs"] if "picture" in each]
    drawing = graph.svg()
    short = in_json(brief(data, drawing))
    assert size(short) < size(brief(data)) - 0.5 * len(other["picture"]["svg"])
    assert whole(short, drawing) == whole(in_json(brief(data))) == in_json(data)
    # Beside another one a branch has its numbers, and no drawing of something else.
    there = whole(short, drawing[1:])["programs"][-1]["picture"]
    assert there == {**other["picture"], "svg": ""}
    # Of letters that Python counts once and a page twice nothing is counted.
    data["programs"][-1]["picture"] = {"svg": drawing.replace("x**2", "🎈")}
    assert whole(in_json(brief(data, drawing)), drawing) == in_json(data)


def test_contours_are_of_the_heights_of_the_cell(book):
    book.run("%%tape x=(0.5, 2) y=(-1, 3) -o t\nx = 1.0\ny = 2.0\nz = np.log(x)*y - y*y")
    panel = book.names["t"].panel
    point, graph = panel._of_output()
    data = panel._stored(point, panel._played.of(point, graph, panel.inputs))
    look = {"surface": {"and": "y"}}
    (found,) = answers(data, [{"to": {"x": 1.2}, "look": look, "along": "x"}])
    heights = np.reshape(found["heights"], (-1, found["columns"]))
    rows, columns = heights.shape
    x, y = np.meshgrid(np.linspace(0.5, 2, columns), np.linspace(-1, 3, rows))
    np.testing.assert_allclose(heights, np.log(x) * y - y * y, atol=1e-12)


def test_of_a_recorded_branch_all_is_there(book):
    cell = "x = 1.5\nif x > 1:\n    u = 3.0\n    y = x*u + x\nelse:\n    y = np.exp(x)"
    book.run(f"%%tape x=(-1, 3) -o t\n{cell}")
    panel = book.names["t"].panel
    for x in (0.5, 1.5):
        panel.sliders["x"].value = x
    other, own = said_by(data_of(panel._page()), [{"x": 0.25}, {"x": 2.0}])
    assert [each["state"]["error"] for each in (other, own)] == ["", ""]
    assert other["state"]["rows"][0][1] == f"{math.exp(0.25):.10g}"
    assert [row["number"] for row in other["state"]["listing"]["lines"]] == [0, 1, 5]
    assert own["state"]["rows"][0][1] == "8"
    assert [len(each["program"]["entries"]) for each in (other, own)] == [2, 3]


def test_what_a_notebook_stores_has_other_branches_as_far_as_there_is_room(book):
    steps = "".join(f"    y = np.sin(y)*{k + 1}.5\n" for k in range(6))
    book.run(f"%%tape -o t\nx = 1.5\ny = x\nn = 3\nfor _ in range(n):\n{steps}")
    panel = book.names["t"].panel
    panel._make_tape()
    panel._maker.join()
    html = panel._still()["text/html"]
    data = data_of(html)
    kept = len(data["programs"])
    # Each count is a way of its own; all come where one asks for that.
    assert 1 <= kept < len(panel.tape["others"]) + 1 == 1 + MOST_BESIDE
    assert len(html[html.index("<script") : html.index("</script>")]) < 20_000
    panel._any_size = True
    data = data_of(panel._still()["text/html"])
    assert len(data["programs"]) == 1 + MOST_BESIDE
    other = panel.tape["others"][-1]
    n = other["start"][other["places"]["n"]]
    (found,) = said_by(data, [{"x": 1.5, "n": n}])
    assert not found["state"]["error"]


def test_an_input_is_moved_on_the_branch_that_uses_it(book):
    cell = "x = 0.5\na = 2.0\nif x > 1:\n    y = x*a\nelse:\n    y = np.exp(x)"
    book.run(f"%%tape x=(-1, 3) -o t\n{cell}")
    panel = book.names["t"].panel
    for x in (1.5, 0.5):
        panel.sliders["x"].value = x
    own, other = said_by(data_of(panel._page()), [{"x": 0.25}, {"x": 2.0, "a": 3.0}])
    assert [each["label"] for each in own["inputs"] if each["idle"]] == ["a"]
    assert other["state"]["rows"][0][1] == "6"
    assert not [each["label"] for each in other["inputs"] if each["idle"]]


def test_a_logarithmic_slider_that_goes_to_zero_is_an_even_one(book):
    book.run("%%tape -o t\nx = 1e-5\ny = x*x + 3*x")
    asked = [{"x": 1.0}, {"x": -1.0}, {"x": 0.001}]
    above, below, back = said_by(data_of(book.names["t"].panel._page()), asked)
    assert above["inputs"][0]["log"]
    assert [above["inputs"][0]["max"], below["inputs"][0]["min"]] == [1, -1]
    for each in (below, back):
        assert not each["inputs"][0]["log"]
        assert not each["state"]["plot"]["log"]
    assert [each["state"]["rows"][0][1] for each in (below, back)] == ["−2", "0.003001"]
