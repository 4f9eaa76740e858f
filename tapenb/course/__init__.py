"""Exercises that say which wrong machine would have given a wrong answer.

machine      a backward sweep whose every step can be wrong
machines     the catalogue: misconceptions of automatic differentiation, each such a sweep
diagnosis    which of them gives a learner's numbers, and `check`, which says so
play         the sweep played by the learner, edge by edge
"""

from .diagnosis import Diagnosis, check, diagnose
from .machine import Machine, Step
from .machines import MACHINES
from .play import play

__all__ = ["MACHINES", "Diagnosis", "Machine", "Step", "check", "diagnose", "play"]
