"""NumPy, whose functions can hold traced values while something records: ``np`` made explicit.

The user's own functions see NumPy as it is here wherever they name it, while ``%%tape``, `grad` and
its kin, `record`, `function` or a `GradientTape` record. Where no search comes to a name (in code
that is made as it runs, say), or to say it plainly, import NumPy from here. Outside of a recording
every name is NumPy's own object.

Examples
--------
>>> import tapenb as tn
>>> import tapenb.numpy as np
>>> float(tn.grad(lambda x: np.sum(np.array([x, x * x])))(3.0))
7.0
>>> import numpy
>>> np.zeros is numpy.zeros
True
"""

from ..explicit import face

__getattr__, __dir__ = face("numpy")
