"""Functions run as a notebook cell is: with traced inputs, and twins in their namespace."""

import types

import numpy as np

from tapenb.autodiff.tape.memory import Memory
from tapenb.autodiff.tape.tape import Tape
from tapenb.autodiff.tracing.recorder import recording
from tapenb.autodiff.tracing.state import is_active, plain, reference_of
from tapenb.autodiff.tracing.structures import lift
from tapenb.autodiff.tracing.writing import input_array
from tapenb.autodiff.twins.substitution import Scope, Substitution
from tapenb.recording.inputs import Input
from tapenb.recording.program import Program


def as_cell(f, x):
    """Run a function of one array as a cell, and give its program with the plain output."""
    namespace = dict(f.__globals__)
    cell = types.FunctionType(f.__code__, namespace, f.__name__, f.__defaults__, f.__closure__)
    tape = Tape(of_cell=True)
    tape.session.namespace = namespace
    value = x.copy()
    traced = input_array(tape, value, Memory(tape, value, None))
    tape.inputs["x"] = (0,)
    twins = Substitution(Scope(namespace))
    try:
        twins.put_in()
        with recording(tape):
            output = lift(cell(traced))
            if is_active(output):
                tape.output = reference_of(tape, output, True)
    finally:
        twins.put_back()
    return Program(tape, [Input("x", x.copy(), (0,))], f.__name__, 2), plain(output)


def slope(f, x, step=1e-6):
    """The gradient of a plain NumPy function by central differences."""
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[i] += step
        below[i] -= step
        gradient[i] = (f(above) - f(below)) / (2 * step)
    return gradient


def curvature(f, x, step=1e-4):
    """The Hessian of a plain NumPy function by central differences of values."""
    size = x.size
    hessian = np.zeros((size, size))
    shift = np.eye(size) * step
    for i in range(size):
        for j in range(size):
            hessian[i, j] = (
                f(x + shift[i] + shift[j])
                - f(x + shift[i] - shift[j])
                - f(x - shift[i] + shift[j])
                + f(x - shift[i] - shift[j])
            ) / (4 * step * step)
    return hessian
