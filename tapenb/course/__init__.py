"""Exercises that say which wrong machine would have given a wrong answer.

machine      a backward sweep whose every step can be wrong
machines     the catalogue: misconceptions of automatic differentiation, each such a sweep
diagnosis    which of them gives a learner's numbers, and `check`, which says so
"""

from .diagnosis import Diagnosis, check, diagnose
from .machine import Machine, Step
from .machines import MACHINES

__all__ = ["MACHINES", "Diagnosis", "Machine", "Step", "check", "diagnose"]
