"""A user's own modules, the ways to ask for a derivative, and what is to be as it was."""

import builtins
import importlib.util
import sys

import numpy
import numpy as np

import tapenb as tn

ZEROS, IMPORT = numpy.zeros, builtins.__import__


OWN = '''
"""A module of the user's."""
import numpy as np
import numpy
from numpy import zeros, linalg as la
import helpers_of_tests

NAMES = {"np": np, "zeros": zeros}

def fill(x):
    u = np.zeros(3)
    u[0] = x
    w = zeros(2)
    w[1] = u[0]
    return u[0] * w[1]

def seen(x):
    u, w = np.zeros(3), zeros(2)
    u[0] = x
    w[1] = u[0]
    return u[0] * w[1], type(u), type(w), zeros

def fails(x):
    np.zeros(3)[0] = x
    raise ValueError("mine")

def through_helpers(x):
    return helpers_of_tests.square(x)
'''


HELPERS = """
import numpy as xp

class Model:
    scale = xp.ones(1)
    make = staticmethod(xp.zeros)

    def __init__(self, xp=xp):
        self.xp = xp

    def square(self, x):
        w = self.make(2)
        w[0] = x
        return self.xp.sum(w) * xp.array([x, 1.0])[0]

MODEL = Model()

def square(x):
    return MODEL.square(x)
"""


def load(name, folder, text):
    """A module of its own file, as the user's own, imported by its name."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.py").write_text(text)
    spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def check_put_back(names, own=None):
    """That every name, of a module of tests and of the user's, is NumPy's own again."""
    numpy, special = sys.modules["numpy"], sys.modules["scipy.special"]
    assert names["np"] is numpy
    assert names.get("zeros", ZEROS) is ZEROS is numpy.zeros
    assert names.get("logsumexp", special.logsumexp) is special.logsumexp
    assert builtins.__import__ is IMPORT
    if own is not None:
        assert own.np is numpy is own.NAMES["np"]
        assert own.zeros is ZEROS is own.NAMES["zeros"]


def filled(x):
    u = np.zeros(3)
    u[0] = x
    return np.sum(u * u)


def by_tape(f, x):
    x = tn.constant(x)
    with tn.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    return tape.gradient(y, x)


INTERFACES = {
    "grad": lambda f, x: tn.grad(f)(x),
    "jvp": lambda f, x: tn.jvp(f, (x,), (1.0,))[1],
    "vjp": lambda f, x: tn.vjp(f, x)[1](1.0)[0],
    "jacobian": lambda f, x: tn.jacobian(f)(x),
    "hessian": lambda f, x: tn.hessian(f)(x) * x,
    "function": lambda f, x: tn.function(tn.grad(f))(x),
    "GradientTape": by_tape,
    "record": lambda f, x: tn.record(f, x) and tn.grad(f)(x),
}


class Unseen:
    """NumPy where no search comes to it."""

    def __init__(self, name):
        self._name = name

    def __getattr__(self, name):
        return getattr(sys.modules[self._name], name)
