"""Slowness that can be counted: entries, garbage, arrays alive. No clock is read here.

The numbers are those of the formulas as they are written, or of what their derivatives need by
mathematics. Whoever makes the engine do with less lowers them.
"""

import cProfile
import gc
import pstats
import re
import subprocess
import sys
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tapenb as tn
from tests.benchmarks import works
from tests.benchmarks.libraries.ours import Functional, recording
from tests.magic.notebook import close_shell, open_notebook

NP = Functional.np
HALF = np.float64(0.5)
LINE = np.linspace(-2.0, 2.0, 10**5)


# -- entries ---------------------------------------------------------------------------------------


def entries(f: Callable[..., Any], *arguments: Any) -> int:
    return len(tn.record(f, *arguments))


@pytest.mark.parametrize(
    ("formula", "arguments", "expected"),
    [
        # Two inputs, log, product, sum, sine, difference.
        (works.survey, (2.0, 5.0), 2 + 5),
        # Its input, and what is written, constants included in none.
        (works.bump, (LINE,), 1 + 9),
        # Three slices, three squares, two differences, a factor, a sum of arrays, and of elements.
        (works.rosenbrock, (LINE,), 1 + 11),
        # 12 up to d1, 2 to d2, 8 with the error function, 1 for S times, 1 difference: less inputs.
        (works.black_scholes, (105.0, 0.2), 2 + 22),
        # Two layers of a product and a sum, one tanh; 3 for the one logarithm, 2 for the labels.
        (works.mlp, works.WEIGHTS, 4 + 5 + 3 + 2 + 3),
        (works.chain(1000), (HALF,), 1 + 1000),
    ],
)
def test_recording_makes_one_entry_for_each_operation(
    formula: Callable[..., Any], arguments: tuple[Any, ...], expected: int
):
    assert entries(formula(NP), *arguments) == expected


def test_a_gradient_of_a_chain_costs_two_more_entries_an_operation():
    # Of a product two products, of a sum none; each pair adds twice to the adjoint of x.
    counts = [entries(tn.grad(works.chain(n)(NP)), HALF) for n in (100, 1000)]
    assert counts[0] <= 3 * 100 + 2
    assert counts[1] - counts[0] <= 3 * 900


@pytest.mark.parametrize(
    ("formula", "arguments"),
    [
        (works.survey, (2.0, 5.0)),
        (works.black_scholes, (105.0, 0.2)),
        (works.bump, (LINE,)),
        (works.rosenbrock, (LINE,)),
        (works.mlp, works.WEIGHTS),
    ],
)
def test_a_gradient_stays_below_the_bound_of_theory(
    formula: Callable[..., Any], arguments: tuple[Any, ...]
):
    # Griewank and Walther, Evaluating Derivatives, section 4.6: at most five times the function.
    f = formula(NP)
    every = tuple(range(len(arguments)))
    value, gradient = (entries(g, *arguments) for g in (f, _sum_of(tn.grad(f, every))))
    assert gradient <= 5 * value


LOOKS_FOR_TIPS = ("on_tips", "asking", "standing")


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    """What the collector finalizes is of other tests, and would be counted."""
    gc.disable()
    yield
    gc.enable()


def calls(f: Callable[..., Any], *arguments: Any) -> tuple[int, int]:
    """How many calls a function makes, of Python and of NumPy, and how many of them for tips."""
    made, looking = [0, 0], []

    def heard(frame: Any, event: str, _: Any) -> None:
        if event in ("call", "c_call"):
            if event == "call" and frame.f_code.co_name in LOOKS_FOR_TIPS:
                looking.append(frame)
            made[bool(looking)] += 1
        elif event == "return" and looking and frame is looking[-1]:
            looking.pop()

    f(*arguments)
    before = sys.getprofile()
    sys.setprofile(heard)
    try:
        f(*arguments)
    finally:
        sys.setprofile(before)
    return sum(made), made[1]


GRADIENTS = [
    (works.survey, (2.0, 5.0), 340),
    (works.bump, (LINE[:1000],), 430),
    (works.mlp, works.WEIGHTS, 705),
    (works.programs.lstm, works.programs.lstm_inputs, 1000),
]
"""Formulas, where they are asked, and how many calls their gradients may make."""


def calls_of_gradients() -> list[int]:
    found = []
    for formula, arguments, _ in GRADIENTS:
        gradient = tn.value_and_grad(formula(NP), tuple(range(len(arguments))))
        found.append(calls(gradient, *arguments)[0])
    return found


def test_gradients_that_are_run_make_so_many_calls(root: Path):
    """In a process of its own: where others have imported `tapenb.numpy`, twins are looked for."""
    code = "from tests.benchmarks import test_counts; print(*test_counts.calls_of_gradients())"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    for made, (formula, _, most) in zip(map(int, done.stdout.split()), GRADIENTS, strict=True):
        assert made <= most, formula


@pytest.mark.parametrize("shape", [(60, 6), (6, 60)])
def test_a_jacobian_takes_the_mode_that_has_fewer_sweeps(shape):
    matrix = LINE[:360].reshape(shape)

    def f(x: Any) -> Any:
        return np.tanh(matrix @ x)

    modes = None, "forward", "reverse"
    chosen, *others = (calls(tn.jacobian(f, mode=mode), np.ones(shape[1]))[0] for mode in modes)
    assert chosen < 1.1 * min(others) < max(others) / 3


def test_a_gradient_costs_the_same_however_deep_it_is_asked_for():
    def asked(depth: int) -> Any:
        return asked(depth - 1) if depth else tn.grad(works.survey(NP))(2.0, 5.0)

    assert calls(asked, 200)[0] - calls(asked, 0)[0] == 200


def _long(x: Any) -> Any:
    for _ in range(300):
        x = np.sin(x) * x + 0.5
    return x


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (_long, 0.7),
        (lambda w: np.sum(np.tanh(LINE[:1000].reshape(20, 50) @ w) ** 2), np.ones((50, 40))),
        (lambda w: np.sum(np.maximum(LINE[:1000].reshape(20, 50) @ w, 0.0)), np.ones((50, 40))),
    ],
)
def test_looking_for_tips_is_no_more_than_a_twentieth_of_a_gradient(f, x):
    whole, looking = calls(tn.grad(f), x)
    assert 0 < looking <= 0.05 * whole


def _sum_of(f: Callable[..., Any]) -> Callable[..., Any]:
    """A number, since a recorded function returns one."""

    def total(*arguments: Any) -> Any:
        first, *others = map(np.sum, f(*arguments))
        for other in others:
            first = first + other
        return first

    return total


def test_elements_that_are_read_one_by_one_cost_no_array_each():
    def chained(x: Any) -> Any:
        total = x[0]
        for i in range(1, 200):
            total = total * x[i] + x[i - 1]
        return total

    made = []

    def heard(frame: Any, event: str, called: Any) -> None:
        if event == "c_call" and getattr(called, "__name__", "") in ("zeros", "copy"):
            made.append(called)

    before = sys.getprofile()
    sys.setprofile(heard)
    try:
        tn.grad(chained)(np.full(200, 0.5))
    finally:
        sys.setprofile(before)
    assert 0 < len(made) < 10


# -- garbage ---------------------------------------------------------------------------------------


@pytest.fixture
def _no_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize(
    ("derivative", "formula", "x"),
    [
        (tn.grad, works.chain(1000), HALF),
        (tn.grad, works.bump, LINE),
        (tn.hessian, works.rosenbrock, LINE[:5]),
    ],
)
@pytest.mark.usefixtures("_no_collector")
def test_a_derivative_leaves_nothing_to_the_collector_of_cycles(
    derivative: Callable[..., Any], formula: Callable[..., Any], x: Any
):
    f = derivative(formula(NP))
    f(x)
    gc.collect()
    f(x)
    assert gc.collect() == 0


def _recorded(operations: int) -> tuple[Any, ...]:
    x = tn.constant(HALF)
    with tn.GradientTape() as tape:
        tape.watch(x)
        y = works.chain(operations)(NP)(x)
    return tape, y, x


@pytest.mark.usefixtures("_no_collector")
def test_the_collector_of_cycles_sees_a_tape_and_not_its_entries():
    def seen(operations: int) -> int:
        before = len(gc.get_objects())
        kept = _recorded(operations)
        after = len(gc.get_objects())
        del kept
        return after - before

    seen(10)
    assert seen(5000) - seen(10) < 50


# -- arrays alive ----------------------------------------------------------------------------------


def peak(f: Callable[..., Any], *arguments: Any) -> int:
    """The most bytes that a call holds at once."""
    f(*arguments)
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        f(*arguments)
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def product(x: Any, v: Any) -> Any:
    return tn.hvp(works.rosenbrock(NP), (x,), (v,))


ARRAYS = [
    # Run: what was recorded and a rule still reads, the adjoints that wait, and the next one.
    ("V1, run", lambda: tn.value_and_grad(works.bump(NP)), (LINE,), 7),
    ("gradient of Rosenbrock, run", lambda: tn.grad(works.rosenbrock(NP)), (LINE,), 8),
    # Compiled: the result.
    ("V1, compiled", lambda: tn.function(tn.value_and_grad(works.bump(NP))), (LINE,), 1),
    ("Rosenbrock, compiled", lambda: tn.function(tn.grad(works.rosenbrock(NP))), (LINE,), 1),
    ("product, compiled", lambda: tn.function(product), (LINE, LINE), 1),
]
"""Calls, and how many arrays of the input's size they may hold at once."""


@pytest.mark.parametrize(
    ("make", "arguments", "most"), [pytest.param(*row[1:], id=row[0]) for row in ARRAYS]
)
def test_so_many_arrays_are_alive_at_once(
    make: Callable[[], Callable[..., Any]], arguments: tuple[Any, ...], most: int
):
    call = make()
    call(*arguments)  # a compiled one is recorded here
    # Blocks, entries and code are small beside an array.
    assert peak(call, *arguments) <= (most + 0.2) * LINE.nbytes


# -- kernels ---------------------------------------------------------------------------------------

KERNELS = [
    # By hand in blocks 16, and the sum of the parts.
    ("V1", lambda: tn.value_and_grad(works.bump(NP)), (LINE,), 18),
    # The value is not computed where it is not asked for: sums and products show an overflow.
    ("gradient of Rosenbrock", lambda: tn.grad(works.rosenbrock(NP)), (LINE,), 9),
    ("product", lambda: product, (LINE, LINE), 12),
    # Four operations that no seed changes, and six for the three sweeps at once.
    ("Hessian", lambda: tn.hessian(works.rosenbrock(NP), sparse=True), (LINE[:2000],), 10),
]
"""Derivatives, and how often their compiled tapes may call NumPy for whole arrays or blocks."""


@pytest.mark.parametrize(
    ("make", "arguments", "most"), [pytest.param(*row[1:], id=row[0]) for row in KERNELS]
)
def test_a_compiled_derivative_calls_numpy_so_often(
    make: Callable[[], Callable[..., Any]], arguments: tuple[Any, ...], most: int
):
    compiled = tn.function(make())
    compiled(*arguments)
    compiled(*arguments)
    # Making a buffer computes nothing.
    calls = re.findall(r"\bnp\.(?!(?:empty|zeros)\b)[\w.]+\(", compiled.source())
    assert 0 < len(calls) <= most


def test_single_numbers_are_computed_without_numpy():
    compiled = tn.function(tn.value_and_grad(works.survey(NP), (0, 1)))
    compiled(2.0, 5.0)
    compiled(2.5, 4.5)
    assert "np." not in compiled.source()
    # A logarithm, a sine and its cosine.
    assert len(re.findall(r"\b(log|sin|cos)\(", compiled.source())) == 3


@pytest.mark.parametrize(("name", "operations"), [("S1", 11), ("S2", 118)])
def test_a_recorded_cell_at_another_point_is_so_many_operations(name, operations):
    *_, last = re.split(r"raise \w+\(.recorded.\)\n", recording(works.WORKS[name]).source())
    assert len(re.findall(r" [-+*/] ", last)) == operations


def calls_of(call: Callable[[], Any]) -> int:
    """How often Python's functions are called."""
    profile = cProfile.Profile()
    profile.runcall(call)
    return pstats.Stats(profile).total_calls


def test_compiling_a_chain_with_its_gradient_takes_so_many_calls():
    def first_call(operations: int) -> Callable[[], Any]:
        f = works.chain(operations)(NP)
        return lambda: tn.function(tn.value_and_grad(f))(HALF)

    first_call(10)()
    few, many = calls_of(first_call(500)), calls_of(first_call(1000))
    # Recording it, sweeping it, planning and writing it, and one run to compare with.
    assert many <= 460 * 1000
    assert many <= 2.05 * few


def test_a_move_of_a_panel_takes_as_many_calls_however_long_a_loop_is():
    # Of its entries those that are in sight are read, not all.
    def calls(rounds: int) -> int:
        book, found = open_notebook(), Counter[str]()
        loop = f"for _ in range({rounds}):\n    y = np.sin(y) + 0.5*x"
        book.run(f"%%tape --of z -o t\nx = 0.7\ny = x\n{loop}\nz = y")
        panel = book.names["t"].panel
        assert panel.state["listing"]["lines"]
        for x in (0.8, 0.9):  # the first compiles
            panel._sections["plot"].finish()
            found.clear()
            sys.setprofile(lambda frame, event, _: found.update([event]))
            panel.sliders["x"].value = x
            sys.setprofile(None)
        panel.close()
        close_shell(book.shell)
        return found["call"]

    # Not one more a round; a wait may take a few.
    assert abs(calls(400) - calls(200)) < 100
