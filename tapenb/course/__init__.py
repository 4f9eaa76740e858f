"""Exercises that say which wrong machine would have given a wrong answer.

machine      a backward sweep whose every step can be wrong
machines     the catalogue: misconceptions of automatic differentiation, each such a sweep
diagnosis    which of them gives a learner's numbers, and `check`, which says so
attempt      what a learner's own function does, and what stopped it
rule         whether a learner's rule is one
prediction   a choice before the lesson, with a reason, and what is to be said of it
progress     what of a notebook is done, in one line
play         the sweep played by the learner, edge by edge, on a graph with blanks
"""

from .attempt import attempt
from .diagnosis import Diagnosis, check, check_number, diagnose
from .machine import Machine, Step
from .machines import MACHINES
from .play import play
from .prediction import predict
from .progress import progress
from .rule import check_rule

__all__ = [
    "MACHINES",
    "Diagnosis",
    "Machine",
    "Step",
    "attempt",
    "check",
    "check_number",
    "check_rule",
    "diagnose",
    "play",
    "predict",
    "progress",
]
