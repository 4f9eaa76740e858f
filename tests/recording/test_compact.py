"""What a page computes of a cell, at many positions, held against the kernel."""

import json

import numpy as np
import pytest

from tapenb.autodiff.compiling.replay import GuardFailed
from tapenb.lowering.registers import NotLowered
from tapenb.recording.compact import compact

from ..lowering.test_lowering import reals
from ..magic.notebook import close_shell, open_notebook
from ..panel.players import NODE, NodePlayer, numbers

pytestmark = pytest.mark.skipif(NODE is None, reason="no node; Chromium plays some of them")

CELLS = {
    "survey": "x = 2.0\ny = 5.0\nz = np.log(x) + x*y - np.sin(y)",
    "logistic": "x = 0.2\nr = 3.7\ny = x\nfor _ in range(6):\n    y = r*y*(1 - y)",
    "power": "x = 2.0\na = 1.5\ny = x**a",
    "neuron": "w = np.array([0.5, -0.3])\nb = 0.1\ny = 1/(1 + np.exp(-(w[0] - 2*w[1] + b)))",
    "rosenbrock": "x = -1.2\ny = 1.0\nf = (1 - x)**2 + 100*(y - x**2)**2",
    "softmax": "x = np.array([1.0, 2.0, 3.0])\np = np.exp(x)/np.sum(np.exp(x))\ny = -np.log(p[1])",
    "network": (
        "w = np.array([[0.3, -0.2], [0.5, 0.1]])\nx = np.array([0.7, -0.4])\n"
        "y = np.sum(np.tanh(w @ x)**2)"
    ),
    "branch": "x = 1.5\ny = x*x if x > 1 else 3*x",
    "writes": "x = 0.7\na = np.zeros(3)\na[0] = x\na[1:] = np.sin(x)*a[0]\ny = np.sum(a**2)",
    "clip": "v = np.array([0.2, -1.4, 2.3])\ny = np.sum(np.clip(v, -1, 1)**2) + np.max(v)",
    "sorting": "v = np.array([3.0, 1.0, 2.0])\ny = np.sort(v) @ np.array([1., 2., 3.])",
    "solve": (
        "a = 2.0\nb = 1.0\nA = np.array([[a, 1.0], [b, 3.0]])\n"
        "y = np.linalg.solve(A, np.ones(2))[0]"
    ),
    "determinant": "v = np.array([2., 1., 1., 3.])\nA = v.reshape(2, 2)\ny = np.linalg.det(A)",
    "eigenvalues": "a = 1.0\nb = 0.5\ny = np.linalg.eigvalsh(np.array([[a, b], [b, 2.0]]))[1]",
    "fourier": "x = np.array([1., 2., 0.5, -1.])\ny = np.sum(np.abs(np.fft.fft(x))**2)",
    "vector": "x = 0.5\ny = np.array([np.sin(x), x**2])",
    "statistics": "v = np.array([1.0, 2.0, 4.0])\ny = np.std(v) + np.median(v)*np.mean(v)",
    "gamma": "from scipy.special import gammaln, erf\nx = 2.3\ny = gammaln(x) + erf(x)",
    "cumulated": "v = np.array([0.5, 1.0, -0.3])\ny = np.sum(np.cumsum(v)**2) + np.prod(v)",
    "interpolated": "k = np.array([0.3, 1.0, 0.5])\ny = np.interp(1.2, np.arange(3.0), k)*k[0]",
    "tip": "x = 1.0\ny = np.abs(x) + np.maximum(x, 0.3)",
    "norm": "v = np.array([1.0, -2.0, 2.5])\ny = np.log(np.linalg.norm(v)) + np.linalg.norm(v, 1)",
}
MOVES = (0.0, 0.013, -0.021, 0.11, -0.17, 0.35)


@pytest.fixture(scope="module")
def node():
    process = NodePlayer()
    yield process
    process.close()


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    notebook = open_notebook()
    yield notebook
    close_shell(notebook.shell)


def taped(book, text):
    book.run(f"%%tape -o t\n{text}")
    return book.names["t"]


def positions(t, share):
    """Every slider moved by a share of its value, each a little more than the one before."""
    return {
        slider.label: slider.value + (abs(slider.value) or 1.0) * share * (1 + k / 7)
        for k, slider in enumerate(t.sliders)
    }


def close(found, expected, size):
    np.testing.assert_allclose(found, reals(expected), rtol=1e-11, atol=1e-11 * size)


def check(answer, point, program):
    """Value, gradient, Hessian, and what stands on nodes and edges."""
    slopes = [np.reshape(part, -1) for part in point.gradient.values()]
    second = [np.abs(part).max() for part in point.hessian.values()]
    size = max([1.0, np.abs(point.value).max(), *(np.abs(each).max() for each in slopes), *second])
    close(numbers(answer["value"]), point.value, size)
    close(numbers(answer.get("gradient", [])), np.concatenate(slopes), size)
    if point.hessian:
        total = sum(float(np.sum(part)) for part in point.hessian.values())
        assert sum(numbers(answer["hessian"])) == pytest.approx(total, rel=1e-10, abs=1e-10 * size)
    for entry, nested in answer["node"].items():
        close(numbers(nested), point.tape.value(int(entry)), size)
    for entry, nested in answer["adjoint"].items():
        close(numbers(nested), point.adjoints[int(entry)], size)


@pytest.mark.parametrize("name", CELLS)
def test_a_page_answers_as_the_kernel_does(name, book, node):
    t = taped(book, CELLS[name])
    program = t._program
    text = json.dumps(compact(program), separators=(",", ":"))
    moved = [positions(t, share) for share in MOVES]
    inputs = [_flat(program, each) for each in moved]
    answers = node.ask({"tape": json.loads(text), "points": inputs})
    assert type(answers) is list, answers
    assert "failed" not in answers[0]
    stood = 0
    for position, answer in zip(moved, answers, strict=True):
        if "failed" in answer:
            continue
        try:
            point = program.point(position)
        except GuardFailed:
            pytest.fail(f"the page answers at {position}, where the cell takes another way")
        check(answer, point, program)
        stood += 1
    assert stood >= 3


def _flat(program, position):
    values = program.values_at(position)
    return [float(x) for entry in program.entries for x in np.reshape(values[entry], -1)]


def test_both_sides_of_where_are_there(book, node):
    t = taped(book, "x = 0.5\ny = np.where(x > 0, np.sin(x), x*x)")
    points = [[0.5], [-0.5], [2.0], [-2.0]]
    answers = node.ask({"tape": compact(t._program), "points": points})
    found = [[answer["value"], *numbers(answer["gradient"])] for answer in answers]
    of = [(np.sin(x), np.cos(x)) if x > 0 else (x * x, 2 * x) for (x,) in points]
    np.testing.assert_allclose(found, of, rtol=1e-12)


def test_the_survey_is_small(book):
    text = json.dumps(compact(taped(book, CELLS["survey"])._program), separators=(",", ":"))
    assert len(text) <= 560


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x = np.float32(2.0)\ny = x*x", "dtype float32"),
        ("v = np.ones(5000)\ny = np.sum(v*v)", "5000 elements"),
        ("from scipy.special import airy\nx = 0.3\ny = airy(x)[0]", r"line 4, `airy\(x\)`: airy"),
        # What may be read again is said with the user's line.
        ("x = 2.0\ns = str(x)\ny = x*x", r"line 3, `str\(x\)`: a number becomes text"),
        (
            "import matplotlib.pyplot as plt\nx = 2.0\nplt.plot([float(x)], [0.0])\ny = x*x",
            r"line 4, `float\(x\)`: a plain number",
        ),
        ("x = 2.0\nn = len(f'{x}')\ny = x*x", r"line 3, `f'{x}'`: a number becomes text"),
        ("x = 2.0\na = float(x)\ny = x*x", r"line 3, `float\(x\)`: a plain number leaves"),
        ("x = 2.0\ny = x*x if x.is_integer() else x", r"line 3, `x.is_integer\(\)`: a plain"),
        (
            "import io, contextlib\nx = 2.0\nheard = io.StringIO()\n"
            "with contextlib.redirect_stdout(heard):\n    print(x)\n"
            "n = len(heard.getvalue())\ny = x*x",
            r"line 6, `print\(x\)`: a number becomes text",
        ),
        (
            "x = 2.0\ndef told(print):\n    print(f'{x}')\ntold([].append)\ny = x*x",
            r"line 4, `f'{x}'`: a number becomes text",
        ),
    ],
)
def test_what_a_page_cannot_play_is_refused(text, reason, book):
    with pytest.raises(NotLowered, match=reason):
        compact(taped(book, text)._program)


@pytest.mark.parametrize(
    ("y", "tip"),
    [
        ("np.linalg.norm(v, 1)", [1.0, 0.0]),
        ("np.linalg.norm(v, np.inf)", [2.0, -2.0]),
        ("np.linalg.norm(v)**2", [0.0, 0.0]),
        ("np.linalg.norm(np.outer(v, v) + np.eye(2), 1)", [0.0, 3.0]),
    ],
)
def test_at_a_tip_of_a_norm_the_kernel_answers(y, tip, book, node):
    tape = compact(taped(book, f"v = np.array([1.0, -2.0])\ny = {y}")._program)
    beside, at = node.ask({"tape": tape, "points": [[1.0, -2.0], tip]})
    assert "failed" not in beside
    assert tape["guards"][at["failed"]]["kind"] == "derivative"


@pytest.mark.parametrize(
    "lines",
    [
        "said = str(x)\nprint(said)\nn = len(said)",
        "said = str(x)\nprint(said)\nprint(y if said > '3' else 0)",
        "said = str(x)\nprint(said)\nsaid = said + '0'",
        "for said in [str(x)]:\n    print(said)",
        "said = str(x)\nprint(said)\ndef heard():\n    return len(said)\nn = heard()",
        "said = str(x)\nprint(said)\nsaid",
        "said = str(x)\nkept = []\nprint = kept.append\nprint(said)\nn = len(kept[0])\ndel print",
        "for _ in range(2):\n    said = str(x)\n    print(said)",
        "import io, contextlib\nsaid = str(x)\nheard = io.StringIO()\n"
        "with contextlib.redirect_stdout(heard):\n    print(said)\nn = len(heard.getvalue())",
        "import io, sys\nsaid = str(x)\nold, sys.stdout = sys.stdout, io.StringIO()\nprint(said)\n"
        "n = len(sys.stdout.getvalue())\nsys.stdout = old",
    ],
)
def test_text_that_may_be_read_again_keeps_a_page_away(lines, book):
    with pytest.raises(NotLowered, match="a number becomes text"):
        compact(taped(book, f"x = 2.0\ny = x*x\n{lines}\ny")._program)


def test_text_of_a_name_that_others_may_read_keeps_a_page_away(book):
    cell = "x = 2.0\ny = x*x\nwords = str(x)\nprint(words)\ny"
    compact(taped(book, cell)._program)
    readers = (
        "def reader():\n    return len(words)",
        "class reader:\n    def read(self):\n        return (lambda: len(words))()",
        "reader = [lambda: len(globals()['words'])]",
    )
    for reader in readers:
        book.run(reader)
        with pytest.raises(NotLowered, match="a number becomes text"):
            compact(taped(book, cell)._program)
        book.run("del reader\nimport gc\ngc.collect()")
    compact(taped(book, cell)._program)


@pytest.mark.parametrize(
    "line",
    [
        "print(x, f'{y:.3f} of {x}', str(y), '%.2f %s' % (x, y), '{:.1f}'.format(x), end=f'{y}')",
        "print(float(x), x.item(), round(float(x), 2), [x, (y, 'a')], v)",
        "print(*(f'{each}' for each in v), sep=', ')",
        "print(', '.join([f'{each:.2f}' for each in v]) if x > 1 else repr(x))",
        "print(f'''\n  {x}\n''',\n    y)",
        "def told(x):\n    print('at', x)\ntold(y)",
        "import matplotlib.pyplot as plt\nplt.title(f'{x:.2f}')\nplt.xlabel('%.1f' % x)"
        "\nplt.close()",
        "words = f'{x:.2f}, ' + str(y)\nprint(words)\nprint(f'again: {words}', [words])",
        "if x > 1:\n    first = round(float(x), 1)\n    print(first)",
        "import matplotlib.pyplot as plt\ntitle = f'{x:.2f}'\nplt.title(title)\nplt.close()"
        "\nprint(title)",
    ],
)
def test_what_is_printed_keeps_no_page_away(line, book, node):
    text = "x = 2.0\nv = np.array([x, 3.0])\ny = x*x\n"
    t = taped(book, f"{text}{line}\ny")
    tape = compact(t._program)
    (answer,) = node.ask({"tape": tape, "points": [[3.0]]})
    # v has no part in y, and what was asked of it is no condition.
    assert (answer["value"], *numbers(answer["gradient"])) == (9.0, 6.0)
    assert t.value == 4.0
