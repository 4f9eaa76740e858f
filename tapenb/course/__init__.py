"""Exercises that say which wrong machine would have given a wrong answer.

machine      a backward sweep whose every step can be wrong
machines     the catalogue: misconceptions of automatic differentiation, each such a sweep
diagnosis    which of them gives a learner's numbers, and `check`, which says so
prediction   a choice before the lesson, with a reason, and what is to be said of it
progress     what of a notebook is done, in one line
play         the sweep played by the learner, edge by edge, on a graph with blanks
"""

from .diagnosis import Diagnosis, check, check_number, diagnose
from .machine import Machine, Step
from .machines import MACHINES
from .play import play
from .prediction import predict
from .progress import progress

__all__ = [
    "MACHINES",
    "Diagnosis",
    "Machine",
    "Step",
    "check",
    "check_number",
    "diagnose",
    "play",
    "predict",
    "progress",
]
