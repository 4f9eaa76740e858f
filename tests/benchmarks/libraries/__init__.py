"""The columns of the table: who is asked, and in which process.

Each library runs in a process of its own, where nothing else takes its memory or its collector's
time. A library has a method for each kind of work that it can do; `ours` and `peers` have them.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


class Absent(Exception):
    """Why a column has no figure for a work; without a word where there is nothing to explain."""


HAND = {"hand-written": "hand", "in blocks": "hand", "value alone": "hand"}

OURS = {
    "GradientTape": "ours:Tape",
    "grad": "ours:Functional",
    "tn.function": "ours:Function",
    "two cores": "ours:TwoCores",
    "sparse": "ours:Sparse",
    "sparse, compiled": "ours:SparseFunction",
    "t.at": "ours:Recorded",
    "t.numbers": "ours:Numbers",
}
"""tapenb's ways. `grad` stands for `grad`, `hessian` and `hvp`, whichever the work is about; `t` is
what `%%tape -o t` binds."""

PEERS = {
    "SymPy, lambdify": "peers:SymPy",
    "GradientTape (TF)": "peers:TensorFlow",
    "tf.function": "peers:TensorFlowFunction",
    "JAX jit": "peers:Jax",
    "PyTorch": "peers:PyTorch",
    "autograd": "peers:Autograd",
    "MyGrad": "peers:MyGrad",
    "advect": "peers:Advect",
    "advect, staged": "peers:AdvectStaged",
    "ddx": "peers:Ddx",
    "CasADi": "peers:CasADi",
    "CasADi, buffers": "peers:CasADiBuffers",
    "micrograd": "peers:Micrograd",
}

COLUMNS = HAND | OURS | PEERS

PROCESS = {
    **dict.fromkeys(HAND, "hand-written"),
    **dict.fromkeys(("grad", "tn.function", "sparse", "sparse, compiled"), "GradientTape"),
    "t.numbers": "t.at",
    "tf.function": "GradientTape (TF)",
    "CasADi, buffers": "CasADi",
    "advect, staged": "advect",
}
"""Columns that share the process of another; a notebook and two cores have one of their own."""


def offers(column: str, kind: str) -> bool:
    """Whether a library has a way to do a kind of work, installed or not."""
    return getattr(_class(column), kind, None) is not None


def library(column: str) -> Any:
    """The library of a column, imported and set to one thread and float64; a new one each time.

    Raises
    ------
    Absent
        Where it is not installed.
    """
    try:
        return _class(column)()
    except ModuleNotFoundError as error:
        raise Absent(f"{error.name} is not installed") from None


def _class(column: str) -> Any:
    module, _, name = COLUMNS[column].partition(":")
    return getattr(import_module(f"{__name__}.{module}"), name)
