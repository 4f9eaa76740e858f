"""tapenb's own columns."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy
from scipy.special import erf

import tapenb as tn

from ..measuring import bytes_each
from ..works import FIT_RATE, FIT_START, FIT_X, FIT_Y, Work, descended
from . import Absent


def offered(name: str) -> Any:
    """A name of tapenb's, or why there is no figure."""
    if not hasattr(tn, name):
        raise Absent(f"tn.{name} is not there yet")
    return getattr(tn, name)


def _numpy() -> ModuleType:
    """NumPy with SciPy's error function, a module as the user's own is."""
    module = ModuleType("numpy")
    vars(module).update(vars(numpy), matvec=numpy.dot, erf=erf)
    return module


class _Ours:
    np = _numpy()

    @staticmethod
    def array(value: numpy.ndarray) -> numpy.ndarray:
        return value

    @staticmethod
    def plain(result: Any) -> Any:
        if isinstance(result, list | tuple):
            return [_Ours.plain(part) for part in result]
        if hasattr(result, "toarray"):
            return result.toarray()
        return result.numpy() if hasattr(result, "numpy") else result


class Tape(_Ours):
    """`tn.GradientTape` as TensorFlow's documentation writes it."""

    def second(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        def call(x: float, y: float) -> tuple[Any, ...]:
            x, y = tn.constant(x), tn.constant(y)
            with tn.GradientTape(persistent=True) as outer:
                outer.watch([x, y])
                with tn.GradientTape() as inner:
                    inner.watch([x, y])
                    z = f(x, y)
                of_x, of_y = inner.gradient(z, [x, y])
            return z, of_x, of_y, outer.gradient(of_x, [x, y]), outer.gradient(of_y, [x, y])

        return call

    def gradient(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        def call(*arrays: Any) -> tuple[Any, ...]:
            arrays = [tn.constant(array) for array in arrays]
            with tn.GradientTape() as tape:
                tape.watch(arrays)
                y = f(*arrays)
            return y, *tape.gradient(y, arrays)

        return call

    def _recorded(self, f: Callable[..., Any], x: Any) -> tuple[Any, Any, Any]:
        x = tn.constant(x)
        with tn.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        return tape, y, x

    def record(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        return lambda x: self._recorded(f, x)[1]

    def backward(self, f: Callable[..., Any], work: Work) -> tuple[Any, Any]:
        return lambda x: self._recorded(f, x), lambda state: state[0].gradient(*state[1:])

    def both(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        def call(x: Any) -> tuple[Any, Any]:
            tape, y, x = self._recorded(f, x)
            return y, tape.gradient(y, x)

        return call

    def fit(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        m, c = map(tn.Variable, FIT_START)
        x, y = FIT_X, FIT_Y

        def epoch() -> tuple[Any, Any]:
            with tn.GradientTape(persistent=True) as tape:
                y_hat = m * x + c
                loss = numpy.abs(y - y_hat)
            m_gradient = tape.gradient(loss, m)
            c_gradient = tape.gradient(loss, c)
            m.assign_sub(m_gradient * FIT_RATE)
            c.assign_sub(c_gradient * FIT_RATE)
            return m, c

        return epoch

    def memory(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        from ..works import chain

        return lambda x: bytes_each(
            lambda operations: self._recorded(chain(operations)(self.np), x), work.per
        )


class Functional(_Ours):
    """`tn.value_and_grad`, `tn.hessian`, `tn.hvp`."""

    def compiled(self, f: Callable[..., Any]) -> Callable[..., Any]:
        return f

    def second(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        first, matrix = tn.value_and_grad(f, (0, 1)), tn.hessian(f, (0, 1))
        return self.compiled(lambda x, y: (*first(x, y), matrix(x, y)))

    def gradient(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        number = len(work.inputs[0])
        return self.compiled(tn.value_and_grad(f, tuple(range(number)) if number > 1 else 0))

    def both(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        return self.compiled(tn.value_and_grad(f))

    def hessian(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        return self.compiled(tn.hessian(f))

    def product(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        return self.compiled(lambda x, v: tn.hvp(f, (x,), (v,)))

    def fit(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        return descended(self.compiled(tn.grad(f, (0, 1))))


class Function(Functional):
    """The same, compiled by `tn.function`."""

    def compiled(self, f: Callable[..., Any]) -> Callable[..., Any]:
        return offered("function")(f)


class TwoCores(_Ours):
    """`tn.function` where the process may use two cores: only where arrays are large."""

    cores = 2

    def gradient(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        if work.name != "V1":
            raise Absent("")
        return tn.function(Functional().gradient(f, work), threads=self.cores)


class Sparse(_Ours):
    """`tn.hessian(f, sparse=True)`."""

    def hessian(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        try:
            return self.compiled(tn.hessian(f, sparse=True))
        except TypeError:
            raise Absent("tn.hessian has no sparse= yet") from None

    def compiled(self, f: Callable[..., Any]) -> Callable[..., Any]:
        return f


class SparseFunction(Sparse):
    """The same, compiled."""

    def compiled(self, f: Callable[..., Any]) -> Callable[..., Any]:
        return offered("function")(f)


CELLS = {
    "S1": "x = 2.0\ny = 5.0\nz = np.log(x) + x*y - np.sin(y)",
    "S2": (
        "from scipy.special import erf\nS = 105.0\nv = 0.2\n"
        "d1 = (np.log(S/100.0) + (0.05 + 0.5*v*v)*0.5) / (v*np.sqrt(0.5))\n"
        "d2 = d1 - v*np.sqrt(0.5)\n"
        "z = S*(0.5 + 0.5*erf(d1*np.sqrt(0.5))) "
        "- 100.0*np.exp(-0.05*0.5)*(0.5 + 0.5*erf(d2*np.sqrt(0.5)))"
    ),
}


NAMES = {"S1": ("x", "y"), "S2": ("S", "v")}


def recording(work: Work) -> Any:
    """What `%%tape -o t` binds for the cell of a work."""
    from IPython.utils.capture import capture_output

    from ..notebook import shell

    notebook = shell()
    with capture_output():
        notebook.run_cell(f"%%tape -o t\n{CELLS[work.name]}", silent=True).raise_error()
    return notebook.user_ns["t"]


class Recorded(_Ours):
    """A cell under `%%tape -o t`: `t.at(...)`, as the panel asks, and its numbers."""

    def second(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        at, (first, other) = recording(work).at, NAMES[work.name]

        return lambda x, y: at({first: x, other: y}).numbers


class Numbers(_Ours):
    """The same by `t.numbers(...)`: bare numbers."""

    def second(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        numbers = recording(work).numbers
        if work.name == "S1":
            return lambda x, y: numbers(x=x, y=y)
        return lambda x, y: numbers(S=x, v=y)
