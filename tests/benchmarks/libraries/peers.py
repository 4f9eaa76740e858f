"""Other libraries, each in the way that its documentation recommends."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy

from ..measuring import bytes_each
from ..works import FIT_RATE, FIT_START, FIT_X, FIT_Y, Work, chain, descended

NAMES = "abs cos exp log outer reshape sin sqrt stack sum tanh".split()
"""What formulas call, where a library has it by NumPy's name."""


def _named(module: Any, **others: Any) -> SimpleNamespace:
    return SimpleNamespace(**{name: getattr(module, name) for name in NAMES}, **others)


class _Taped:
    """What `record`, `backward`, `both` and `memory` are for a library that records.

    A subclass has `_recorded(f, x)`, a state, and `_swept(state)`, the derivative.
    """

    value = staticmethod(lambda state: state[-1])

    def record(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        return lambda x: self.value(self._recorded(f, x))

    def backward(self, f: Callable[..., Any], work: Work) -> tuple[Any, Any]:
        return lambda x: self._recorded(f, x), self._swept

    def both(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        def call(x: Any) -> tuple[Any, Any]:
            state = self._recorded(f, x)
            return self.value(state), self._swept(state)

        return call

    def memory(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        return lambda x: bytes_each(
            lambda operations: self._recorded(chain(operations)(self.np), x), work.per
        )


class SymPy:
    """`sympy.lambdify` of the symbolic derivatives, common expressions shared."""

    def __init__(self) -> None:
        import sympy

        self._sympy = sympy
        self.np = SimpleNamespace(log=sympy.log, sin=sympy.sin, erf=sympy.erf)

    def second(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        x, y = symbols = self._sympy.symbols("x y")
        z = f(x, y)
        first = [z.diff(by) for by in symbols]
        both = [each.diff(by) for each in first for by in symbols]
        return self._sympy.lambdify(symbols, [z, *first, *both], "math", cse=True)


class TensorFlow(_Taped):
    """`tf.GradientTape`, eagerly."""

    def __init__(self) -> None:
        os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        self._tf = tf
        self.np = SimpleNamespace(
            **{
                name: getattr(tf, name)
                for name in "abs cos exp reshape sin sqrt stack tanh".split()
            },
            asarray=lambda value: tf.constant(value, tf.float64),
            erf=tf.math.erf,
            log=tf.math.log,
            matvec=tf.linalg.matvec,
            outer=lambda a, b: tf.tensordot(a, b, 0),
            sum=tf.reduce_sum,
        )

    def compiled(self, f: Callable[..., Any]) -> Callable[..., Any]:
        return f

    def array(self, value: numpy.ndarray) -> Any:
        return self._tf.constant(value)

    def second(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        tf = self._tf
        zero = tf.UnconnectedGradients.ZERO

        def derivatives(x: Any, y: Any) -> tuple[Any, ...]:
            both = [x, y]
            with tf.GradientTape(persistent=True) as outer:
                outer.watch(both)
                with tf.GradientTape() as inner:
                    inner.watch(both)
                    z = f(x, y)
                of_x, of_y = inner.gradient(z, both)
            return (
                z,
                of_x,
                of_y,
                outer.gradient(of_x, both, None, zero),
                outer.gradient(of_y, both, None, zero),
            )

        run = self.compiled(derivatives)
        return lambda x, y: run(tf.constant(x, tf.float64), tf.constant(y, tf.float64))

    def gradient(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        tf = self._tf

        def derivatives(*arrays: Any) -> tuple[Any, ...]:
            with tf.GradientTape() as tape:
                tape.watch(arrays)
                y = f(*arrays)
            return y, *tape.gradient(y, arrays)

        return self.compiled(derivatives)

    def hessian(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        tf = self._tf

        def matrix(x: Any) -> Any:
            with tf.GradientTape() as outer:
                outer.watch(x)
                with tf.GradientTape() as inner:
                    inner.watch(x)
                    y = f(x)
                gradient = inner.gradient(y, x)
            return outer.jacobian(gradient, x)

        return self.compiled(matrix)

    def product(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        tf = self._tf

        def along(x: Any, v: Any) -> Any:
            with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
                with tf.GradientTape() as tape:
                    tape.watch(x)
                    y = f(x)
                gradient = tape.gradient(y, x)
            return accumulator.jvp(gradient)

        return self.compiled(along)

    def _recorded(self, f: Callable[..., Any], x: Any) -> tuple[Any, Any, Any]:
        x = self._tf.constant(x)
        with self._tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        return tape, x, y

    def _swept(self, state: Any) -> Any:
        tape, x, y = state
        return tape.gradient(y, x)

    def fit(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        tf = self._tf
        m, c = (tf.Variable(start, dtype=tf.float64) for start in FIT_START)
        x, y = tf.constant(FIT_X), tf.constant(FIT_Y)

        def step() -> None:
            with tf.GradientTape(persistent=True) as tape:
                y_hat = m * x + c
                loss = tf.abs(y - y_hat)
            m_gradient = tape.gradient(loss, m)
            c_gradient = tape.gradient(loss, c)
            m.assign_sub(m_gradient * FIT_RATE)
            c.assign_sub(c_gradient * FIT_RATE)

        run = self.compiled(step)

        def epoch() -> tuple[Any, Any]:
            run()
            return m, c

        return epoch


class TensorFlowFunction(TensorFlow):
    """The same within `tf.function`."""

    record = backward = both = memory = None

    def compiled(self, f: Callable[..., Any]) -> Callable[..., Any]:
        return self._tf.function(f)


class Jax:
    """`jax.jit`, float64."""

    def __init__(self) -> None:
        os.environ["JAX_PLATFORMS"] = "cpu"
        import jax
        from jax.scipy.special import erf

        jax.config.update("jax_enable_x64", True)
        self._jax = jax
        np = jax.numpy
        self.np = _named(np, asarray=np.asarray, erf=erf, matvec=np.dot)

    def _compiled(self, f: Callable[..., Any]) -> Callable[..., Any]:
        compiled, wait = self._jax.jit(f), self._jax.block_until_ready
        return lambda *arguments: wait(compiled(*arguments))

    def array(self, value: numpy.ndarray) -> Any:
        return self._jax.numpy.asarray(value)

    def second(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        both = (0, 1)
        first, matrix = self._jax.value_and_grad(f, both), self._jax.hessian(f, both)
        return self._compiled(lambda x, y: (first(x, y), matrix(x, y)))

    def gradient(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        every = tuple(range(len(work.inputs[0])))
        return self._compiled(self._jax.value_and_grad(f, every))

    def hessian(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        return self._compiled(self._jax.hessian(f))

    def product(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        gradient = self._jax.grad(f)
        return self._compiled(lambda x, v: self._jax.jvp(gradient, (x,), (v,))[1])

    def fit(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        gradient = self._jax.grad(f, (0, 1))

        def step(m: Any, c: Any) -> tuple[Any, Any]:
            m_gradient, c_gradient = gradient(m, c)
            return m - m_gradient * FIT_RATE, c - c_gradient * FIT_RATE

        run = self._compiled(step)
        state = tuple(map(self._jax.numpy.asarray, FIT_START))

        def epoch() -> tuple[Any, Any]:
            nonlocal state
            state = run(*state)
            return state

        return epoch


class PyTorch(_Taped):
    """Eager PyTorch, one thread."""

    def __init__(self) -> None:
        import torch

        torch.set_num_threads(1)
        if torch.get_num_interop_threads() != 1:
            torch.set_num_interop_threads(1)  # it can be done once
        torch.set_default_dtype(torch.float64)
        self._torch = torch
        self.np = _named(torch, asarray=torch.as_tensor, erf=torch.erf, matvec=torch.mv)

    def array(self, value: numpy.ndarray) -> Any:
        return self._torch.from_numpy(value.copy())

    @staticmethod
    def plain(result: Any) -> Any:
        if isinstance(result, list | tuple):
            return [PyTorch.plain(part) for part in result]
        return result.detach().numpy()

    def second(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        tensor, grad = self._torch.tensor, self._torch.autograd.grad

        def call(x: float, y: float) -> tuple[Any, ...]:
            both = tensor(x, requires_grad=True), tensor(y, requires_grad=True)
            z = f(*both)
            of_x, of_y = grad(z, both, create_graph=True)
            return (
                z,
                of_x,
                of_y,
                grad(of_x, both, retain_graph=True, materialize_grads=True),
                grad(of_y, both, materialize_grads=True),
            )

        return call

    def gradient(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        def call(*arrays: Any) -> tuple[Any, ...]:
            arrays = [array.detach().requires_grad_() for array in arrays]
            y = f(*arrays)
            return y, *self._torch.autograd.grad(y, arrays)

        return call

    def hessian(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        # Of its several ways the fastest at both sizes.
        run = self._torch.autograd.functional.hessian
        return lambda x: run(f, x, vectorize=True)

    def product(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        # The documentation recommends it where the Hessian is symmetric.
        vhp = self._torch.autograd.functional.vhp
        return lambda x, v: vhp(f, x, v)[1]

    def _recorded(self, f: Callable[..., Any], x: Any) -> tuple[Any, Any]:
        x = self._torch.tensor(float(x), requires_grad=True)
        return x, f(x)

    def _swept(self, state: Any) -> Any:
        x, y = state
        return self._torch.autograd.grad(y, x)[0]

    def fit(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        torch = self._torch
        m, c = (torch.tensor(start, requires_grad=True) for start in FIT_START)

        def epoch() -> tuple[Any, Any]:
            m.grad = c.grad = None
            f(m, c).backward()
            with torch.no_grad():
                m.sub_(m.grad * FIT_RATE)
                c.sub_(c.grad * FIT_RATE)
            return m, c

        return epoch


class Autograd(_Taped):
    """HIPS autograd."""

    def __init__(self) -> None:
        import autograd
        import autograd.numpy as np
        from autograd.scipy.special import erf

        self._autograd = autograd
        self.np = _named(np, asarray=np.asarray, erf=erf, matvec=np.dot)

    def second(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        def of_vector(v: Any) -> Any:
            return f(v[0], v[1])

        first, matrix = self._autograd.value_and_grad(of_vector), self._autograd.hessian(of_vector)

        def call(x: float, y: float) -> tuple[Any, Any]:
            v = numpy.array([x, y])
            return first(v), matrix(v)

        return call

    def gradient(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        if len(work.inputs[0]) == 1:
            return self._autograd.value_and_grad(f)
        run = self._autograd.value_and_grad(lambda arrays: f(*arrays))
        return lambda *arrays: run(arrays)

    def hessian(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        return self._autograd.hessian(f)

    def product(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        return self._autograd.hessian_vector_product(f)

    def _recorded(self, f: Callable[..., Any], x: Any) -> Any:
        return self._autograd.make_vjp(f)(x)

    def _swept(self, state: Any) -> Any:
        return state[0](1.0)

    def fit(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        return descended(self._autograd.grad(f, (0, 1)))


class Advect(_Taped):
    """advect: NumPy's own functions, run each time."""

    def __init__(self) -> None:
        import advect
        from advect.scipy.special import erf

        self._advect = advect
        self.np = _named(numpy, asarray=numpy.asarray, erf=erf, matvec=numpy.dot)

    def program(self, f: Callable[..., Any], inputs: tuple[Any, ...]) -> Callable[..., Any]:
        return f

    def second(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        f, both = self.program(f, work.inputs[0]), (0, 1)
        first, matrix = self._advect.value_and_grad(f, both), self._advect.hessian(f, both)
        return lambda x, y: (first(x, y), matrix(x, y))

    def gradient(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        every = tuple(range(len(work.inputs[0])))
        return self._advect.value_and_grad(self.program(f, work.inputs[0]), every)

    def hessian(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        return self._advect.hessian(self.program(f, work.inputs[0]))

    def product(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        of_vector = self._advect.hvp(self.program(f, work.inputs[0][:1]))
        return lambda x, v: of_vector(x, vectors=v)[1]

    def _recorded(self, f: Callable[..., Any], x: Any) -> Any:
        return self._advect.vjp(f)(x)

    value = staticmethod(lambda state: state[0])

    def _swept(self, state: Any) -> Any:
        return state[1](1.0)

    def fit(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        return descended(self._advect.grad(self.program(f, FIT_START), (0, 1)))


class AdvectStaged(Advect):
    """advect's staged programs, and their derivatives."""

    record = backward = both = memory = None

    def program(self, f: Callable[..., Any], inputs: tuple[Any, ...]) -> Callable[..., Any]:
        return self._advect.stage(f, *inputs)


class Ddx:
    """ddx: a model of named numbers, compiled, called into its buffers."""

    def __init__(self) -> None:
        import ddx

        self._ddx = ddx
        self.np = SimpleNamespace(log=ddx.log, sin=ddx.sin, erf=ddx.erf)

    def second(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        ddx = self._ddx
        model = ddx.equation(lambda: f(ddx.var("x"), ddx.var("y"))).compile()
        run = model.buffer(numpy.array(work.inputs[0]), want=ddx.Want.HESSIAN)
        point = run.x

        def call(*numbers: float) -> tuple[Any, ...]:
            point[:] = numbers
            run()
            return run.value, run.jacobian, run.hessian

        return call


class MyGrad(_Taped):
    """MyGrad: first derivatives."""

    def __init__(self) -> None:
        import mygrad

        self._mygrad = mygrad
        own = [name for name in NAMES if name != "outer"]
        self.np = SimpleNamespace(
            **{name: getattr(mygrad, name) for name in own},
            asarray=numpy.asarray,
            matvec=mygrad.matmul,
            outer=lambda a, b: a[:, None] * b,
        )

    @staticmethod
    def plain(result: Any) -> Any:
        if isinstance(result, list | tuple):
            return [MyGrad.plain(part) for part in result]
        return numpy.array(getattr(result, "data", result))

    def gradient(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        tensor = self._mygrad.tensor

        def call(*arrays: Any) -> tuple[Any, ...]:
            tensors = [tensor(array, copy=False) for array in arrays]
            y = f(*tensors)
            y.backward()
            return y, *[each.grad for each in tensors]

        return call

    def _recorded(self, f: Callable[..., Any], x: Any) -> tuple[Any, Any]:
        x = self._mygrad.tensor(x)
        return x, f(x)

    def _swept(self, state: Any) -> Any:
        x, y = state
        y.backward()
        return x.grad

    def fit(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        m, c = (self._mygrad.tensor(start) for start in FIT_START)

        def epoch() -> tuple[Any, Any]:
            f(m, c).backward()
            m.data -= m.grad * FIT_RATE
            c.data -= c.grad * FIT_RATE
            return m, c

        return epoch


class CasADi(_Taped):
    """CasADi's functions, called with numbers and arrays; Hessians are sparse."""

    def __init__(self) -> None:
        import casadi

        self._casadi = casadi
        self.np = SimpleNamespace(
            **{name: getattr(casadi, name) for name in "cos erf exp log sin sqrt tanh".split()},
            abs=casadi.fabs,
            asarray=casadi.DM,
            matvec=casadi.mtimes,
            stack=lambda parts: casadi.vertcat(*parts),
            sum=casadi.sum1,
            **{name: getattr(casadi, name) for name in "mtimes repmat sum1 sum2".split()},
        )

    def array(self, value: numpy.ndarray) -> Any:
        return self._casadi.DM(value)

    @staticmethod
    def plain(result: Any) -> Any:
        if isinstance(result, list | tuple):
            return [CasADi.plain(part) for part in result]
        return numpy.array(result.full()) if hasattr(result, "full") else numpy.array(result)

    def called(self, inputs: list[Any], outputs: list[Any]) -> Callable[..., Any]:
        """What runs a function of these expressions."""
        return self._casadi.Function("f", inputs, outputs)

    def second(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        casadi = self._casadi
        x, y = casadi.SX.sym("x"), casadi.SX.sym("y")
        z, both = f(x, y), casadi.vertcat(x, y)
        matrix, gradient = casadi.hessian(z, both)
        return self.called([x, y], [z, gradient, casadi.densify(matrix)])

    def gradient(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        shapes = [array.shape for array in work.inputs[0]]
        symbols = [self._casadi.MX.sym(f"x{i}", *shape) for i, shape in enumerate(shapes)]
        y = f(*symbols)
        return self.called(symbols, [y, *(self._casadi.gradient(y, each) for each in symbols)])

    def _of_elements(self, f: Callable[..., Any], work: Work) -> tuple[Any, Any]:
        x = self._casadi.SX.sym("x", *work.inputs[0][0].shape)
        return x, f(x)

    def hessian(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        x, y = self._of_elements(f, work)
        return self.called([x], [self._casadi.hessian(y, x)[0]])

    def product(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        x, y = self._of_elements(f, work)
        v = self._casadi.SX.sym("v", *x.shape)
        along = self._casadi.jtimes(self._casadi.gradient(y, x), x, v)
        return self.called([x, v], [along])

    def _recorded(self, f: Callable[..., Any], x: Any) -> tuple[Any, Any]:
        symbol = self._casadi.SX.sym("x")
        return x, symbol, f(symbol)

    def value(self, state: Any) -> Any:
        x, symbol, y = state
        return self._casadi.Function("f", [symbol], [y])(x)

    def record(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        # An expression has no value yet; only the comparison asks for one.
        self.plain = lambda state: numpy.array(self.value(state))
        return lambda x: self._recorded(f, x)

    def _swept(self, state: Any) -> Any:
        x, symbol, y = state
        gradient = self._casadi.gradient(y, symbol)
        return self._casadi.Function("g", [symbol], [gradient])(x)

    def fit(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        casadi = self._casadi
        m, c = casadi.SX.sym("m"), casadi.SX.sym("c")
        y = f(m, c)
        run = self.called([m, c], [each - casadi.gradient(y, each) * FIT_RATE for each in (m, c)])
        state: Any = FIT_START

        def epoch() -> Any:
            nonlocal state
            state = run(*state)
            return state

        return epoch


class CasADiBuffers(CasADi):
    """The same evaluated from and into buffers, as CasADi recommends for speed in Python."""

    record = backward = both = memory = None

    def array(self, value: numpy.ndarray) -> Any:
        return numpy.asfortranarray(value)

    def called(self, inputs: list[Any], outputs: list[Any]) -> Callable[..., Any]:
        function = self._casadi.Function("f", inputs, outputs)
        buffer, evaluate = function.buffer()
        given = [numpy.zeros(each.numel()) for each in inputs]
        taken = [numpy.zeros(function.nnz_out(i)) for i in range(function.n_out())]
        for number, array in enumerate(given):
            buffer.set_arg(number, memoryview(array))
        for number, array in enumerate(taken):
            buffer.set_res(number, memoryview(array))
        self._patterns = [function.sparsity_out(i) for i in range(function.n_out())]
        numbers = all(each.size == 1 for each in given)

        # CasADi holds none of these itself.
        kept = function, buffer, given

        def call(*arguments: Any, _kept: Any = kept) -> list[numpy.ndarray]:
            if numbers:
                for place, argument in zip(given, arguments, strict=True):
                    place[0] = argument
            else:
                for place, argument in zip(given, arguments, strict=True):
                    place[:] = argument.reshape(-1, order="F")
            evaluate()
            return taken

        return call

    def plain(self, result: Any) -> Any:
        return [
            self._casadi.DM(pattern, part).full()
            for pattern, part in zip(self._patterns, result, strict=True)
        ]

    def fit(self, f: Callable[..., Any], work: Work) -> Callable[..., Any]:
        self.plain = lambda result: list(result)
        casadi = self._casadi
        m, c = casadi.SX.sym("m"), casadi.SX.sym("c")
        y = f(m, c)
        run = self.called([m, c], [each - casadi.gradient(y, each) * FIT_RATE for each in (m, c)])
        state = FIT_START

        def epoch() -> tuple[Any, Any]:
            nonlocal state
            (m,), (c,) = run(*state)
            state = m, c
            return state

        return epoch


class Micrograd(_Taped):
    """micrograd: one number at a time."""

    def __init__(self) -> None:
        from micrograd.engine import Value

        # Its backward pass calls itself for each operation.
        sys.setrecursionlimit(10**8)
        self._value = Value
        self.np = None

    @staticmethod
    def plain(result: Any) -> Any:
        if isinstance(result, list | tuple):
            return [Micrograd.plain(part) for part in result]
        return getattr(result, "data", result)

    def _recorded(self, f: Callable[..., Any], x: Any) -> tuple[Any, Any]:
        x = self._value(x)
        return x, f(x)

    def _swept(self, state: Any) -> Any:
        x, y = state
        y.backward()
        return x.grad
