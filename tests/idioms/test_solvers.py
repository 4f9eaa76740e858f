"""What practitioners bring: factorizations, filters, splines, integrals, roots and equations."""

import pytest

from .as_cell import both_ways

pytest.importorskip("scipy")

test_in_a_cell, test_through_grad = both_ways("""
# a Kalman filter with cho_solve
from scipy.linalg import cho_factor, cho_solve
m, P, H = v[:2], np.eye(2)*x*x, np.array([[1.0, 0.2]])
total = 0.0
for z in (0.3, -0.1, 0.4):
    P = A @ P @ A.T + 0.1*y*y*np.eye(2)
    m = A @ m
    S = H @ P @ H.T + 0.5*np.eye(1)
    e = np.array([z]) - H @ m
    factor = cho_factor(S)
    total = total - 0.5*(e @ cho_solve(factor, e) + np.log(S[0, 0]))
    K = cho_solve(factor, H @ P).T
    m, P = m + K @ e, P - K @ H @ P
total

# the log likelihood of a Gaussian process
from scipy.linalg import cholesky, solve_triangular
t = np.arange(3.0)
K = np.exp(-0.5*(t[:, None] - t)**2/(1 + x*x)) + y*y*np.eye(3)
L = cholesky(K, lower=True)
a = solve_triangular(L, v, lower=True)
-0.5*a @ a - np.sum(np.log(np.diag(L)))

# an equation fitted by solve_ivp
from scipy.integrate import solve_ivp
found = solve_ivp(
    lambda t, u: x*u*(1.0 - u), (0, 1), [0.3*y], t_eval=[0.5, 1.0], rtol=1e-9, atol=1e-9
)
np.sum((found.y[0] - v[:2])**2)

# Kepler's equation by brentq
from scipy.optimize import brentq
e = 0.5*np.sin(x)**2
E = brentq(lambda E: E - e*np.sin(E) - y, -10.0, 10.0, xtol=1e-14)
np.cos(E) - e

# an equilibrium by fsolve
from scipy.optimize import fsolve
u = fsolve(lambda u: u**3 + 2*u - v*x, np.zeros(3), xtol=1e-13)
np.sum(u*u)*y

# a root with its report
from scipy.optimize import root_scalar
found = root_scalar(lambda u: u**3 + u - x*y, bracket=(-5.0, 5.0), xtol=1e-14)
found.root*v[0] if found.converged else 0.0

# a recursive filter
from scipy.signal import lfilter
s = lfilter([0.2*x, 0.1], [1.0, -0.3*y], np.concatenate([v, v[::-1], v]))
np.sum(s*s)

# a convolution
from scipy.signal import fftconvolve
np.sum(fftconvolve(v*x, np.array([1.0, y, 0.5]), mode="same")**2)

# a blurred picture
from scipy.ndimage import gaussian_filter
np.sum(gaussian_filter(np.outer(v, v)*x, 1.0)**2)*y

# a spline through data
from scipy.interpolate import CubicSpline
s = CubicSpline([0.0, 1.0, 2.5], v*x)
s(0.4)*y + s(1.7, 1)

# a line through data
from scipy.interpolate import interp1d
f = interp1d([0.0, 1.0, 2.5], v, fill_value="extrapolate")
f(0.4)*y + f(x)

# an expected value by quad
from scipy.integrate import quad
quad(lambda t: np.exp(-0.5*t*t)*np.tanh(x*t + y), -4.0, 4.0, epsabs=1e-12, epsrel=1e-12)[0]*v[1]

# transition probabilities by expm
from scipy.linalg import expm
p = expm(np.array([[-x*x, x*x], [y*y, -y*y]]))
p[0, 1]*v[0] + p[1, 1]
""")
