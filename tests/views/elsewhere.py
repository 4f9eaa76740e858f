"""Functions that texts of other files call."""

import numpy as np


def inner(x):
    x = x * 3.0
    return np.exp(x)


def outer(x):
    y = inner(2 * x)
    return y + 1.0
