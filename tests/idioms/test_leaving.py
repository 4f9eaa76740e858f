"""What would leave the tape: refused with the line and the way out, or a guard."""

from .as_cell import both_ways

test_in_a_cell, test_through_grad = both_ways("""
# float(x) †
float(x*2)*y

# float of an input itself †
float(x)*y

# float of a value in code of a library †
import statistics
statistics.NormalDist(0.0, 1.0).cdf(x)*y

# float of an element †
float(v[0])*y

# float of an array of one †
float(v[:1] @ v[1:2])*y

# int(x)
int(y*2.4)*x + int(v[1])*y

# math.floor, math.ceil and math.trunc
import math
math.floor(y*2.4)*x + math.ceil(v[0])*y + math.trunc(y)*x

# operator.index of a count
n = 2
v[n]*range(5)[n]*x

# complex(x) †
complex(x*2).real*y

# complex of two †
complex(x*2, y).imag*y

# bool(x)
(3.0 if bool(x) else 2.0)*y

# math.sin(x) †
import math
math.sin(x*2)*y

# from math import * †
from math import exp, log
exp(x*y) + log(y)

# math.hypot †
import math
math.hypot(x*2, y)*y

# math.fsum †
import math
math.fsum([x*2, y])*y

# math.fsum of an array †
import math
math.fsum(v*2)*y

# math.prod
import math
math.prod([x, y, v[1]]) + math.prod(v, start=x)

# math.sumprod and math.dist †
import math
math.dist([x*2, y], [0.0, 1.0])*y

# math.pow and math.sqrt †
import math
math.pow(x*2, 3) + math.sqrt(y)

# math.isclose
import math
(2.0 if math.isclose(x*2, y) else 3.0)*y

# math.isnan and math.isfinite
import math
(2.0 if math.isnan(x*2) else 3.0)*(y if math.isfinite(x*y) else 1.0)

# an answer of math.isfinite, from math
from math import isfinite, isinf as endless
(2.0 if isfinite(x*2) and not endless(y) else 3.0)*y

# float of what is piecewise constant
float(np.floor(x*2))*y + float(x > 1)*x + float(np.sign(x*y))

# math of what is piecewise constant
import math
math.sqrt(np.ceil(x*2)**2)*y

# json.dumps of what is piecewise constant
import json
json.loads(json.dumps([np.floor(x*2)]))[0]*y

# an array of what is piecewise constant, as lists and bytes
np.sum(np.array(np.sign(v*x).tolist()))*y

# text by the operator
said = ["%.2f, %5.1f" % (x*2, y), "%(a)g" % {"a": v[0]*y}]
len(said)*x*y

# text in a table
"\\n".join("%8.3f" % each for each in v*x)
x*y

# a line of a log
import logging
logging.getLogger("tapenb-idioms").debug("%.3f", x*y)
logging.getLogger("tapenb-idioms").warning("%.3f", x*2) if x > 1e9 else None
x*y

# math.copysign and math.fabs †
import math
math.fabs(x*2)*y

# cmath.exp †
import cmath
cmath.exp(x*2j).real*y

# x.item() †
(x*v[0]).item()*y

# v.item(i) †
(v*2).item(1)*y

# x.tolist() †
sum((v*2).tolist())*y

# list(v) keeps what is traced
sum(list(v))*y + tuple(A[0])[1]*x

# np.asarray(x) in foreign code †
import array
array.array("d", [x*2, y])[0]*y

# np.asarray(v) of one's own
np.asarray(v)[0]*y + np.asarray(x)*y + np.asanyarray(v*2)[1]

# np.array(x, dtype=float)
np.array(v, dtype=float)[0]*y + np.array(x, dtype=float)*y

# np.array of a copy is a copy
w = np.array(v)
w[0] = 5.0
np.sum(w*v)

# memoryview(x) †
memoryview(v*2)[0]*y

# bytes and buffers †
np.frombuffer((v*2).tobytes())[0]*y

# v.tobytes() as a digest † through grad
import hashlib
len(hashlib.sha256((v*2).tobytes()).hexdigest())*y

# struct.pack †
import struct
struct.unpack("d", struct.pack("d", x*2))[0]*y

# np.fromiter
np.fromiter((u*u for u in v), float).sum()*y

# np.fromiter of a list
np.fromiter([x*2, y], dtype=float, count=2)[0]*y

# np.fromstring of text
np.sum(np.array([float(s) for s in f"{x:.1f} {y + 0.01:.1f}".split()]))*y

# rng.normal(loc=x) †
np.random.default_rng(0).normal(loc=x*2)*y

# rng.normal with a scale and a size †
np.random.default_rng(0).normal(0.0, v*2, size=3)[0]*y

# np.random.normal(x) †
np.random.seed(0)
np.random.normal(x*2, 1.0)*y

# rng.uniform(0, x) †
np.random.default_rng(0).uniform(0, x*2)*y

# rng.choice of traced values
rng = np.random.default_rng(0)
rng.choice(3)*x + v[rng.integers(3)]*y + np.sum(v[rng.permutation(3)]*np.arange(3))

# rng.choice(v) †
np.random.default_rng(0).choice(v*2)*y

# rng.shuffle
w = v*2
np.random.default_rng(0).shuffle(w)
w[0]*y

# rng.shuffle of rows
B = np.outer(v, v)*x
np.random.default_rng(3).shuffle(B)
np.random.RandomState(1).shuffle(B)
np.sum(B @ v)*B[0, 1]

# rng.shuffle of rows that are plain, made here
B = np.arange(8.0).reshape(4, 2)
np.random.default_rng(3).shuffle(B)
B[0, 0]*x + B[1, 0]*y

# rng.permutation(v) †
np.random.default_rng(0).permutation(v*2)[0]*y

# noise beside the values
rng = np.random.default_rng(3)
noise = rng.normal(size=3)
np.sum((v*x + noise)**2)

# np.random.seed and rand
np.random.seed(1)
np.sum(np.random.rand(3)*v) + np.random.randn()*x + np.random.uniform(0, 1, 2) @ v[:2]

# the reparametrisation of a normal
rng = np.random.default_rng(5)
samples = x + y*rng.standard_normal(100)
np.mean(samples**2)

# json.dumps(x) †
import json
json.loads(json.dumps(x*2))*y

# json.dumps of a dict with indents †
import json
json.loads(json.dumps({"a": [x*2]}, indent=1))["a"][0]*y

# json.dumps with a default †
import json
json.loads(json.dumps({"a": x*2}, default=float))["a"]*y

# json.dumps with default=str †
import json
float(json.loads(json.dumps({"a": x*2}, default=str))["a"])*y

# csv.writer
import csv, io
file = io.StringIO()
csv.writer(file).writerow([x, 1])
x*y

# struct of a matrix †
import struct
struct.pack("4d", *(A*x).ravel())[0]*y

# plt.plot(x)
import matplotlib
matplotlib.use("agg")
import matplotlib.pyplot as plt
fig, ax = plt.subplots()
ax.plot(v, v*x, label=f"{x:.2f}")
ax.axvline(x*2)
ax.set_xlim(0, 2*y)
ax.scatter(v, v*y)
ax.text(x, y, "here")
plt.close(fig)
del fig, ax
x*y

# a histogram, an image and bars
import matplotlib
matplotlib.use("agg")
import matplotlib.pyplot as plt
fig, (a, b, c) = plt.subplots(3)
a.imshow(A*x)
b.bar([1, 2, 3], v*x)
c.errorbar(v, v**2, yerr=abs(v)*0.1)
c.fill_between(v, v*x)
plt.close("all")
del fig, a, b, c
np.sum(A)*x

# what comes back from a plot †
import matplotlib
matplotlib.use("agg")
import matplotlib.pyplot as plt
counts, edges, _ = plt.hist(v*x)
plt.close("all")
edges[0]*y

# scipy.optimize.minimize of a traced closure †
from scipy.optimize import minimize
minimize(lambda u: (u[0] - x*2)**2, [0.0]).x[0]*y

# scipy.optimize.brentq of a traced closure
from scipy.optimize import brentq
brentq(lambda u: u**3 - x*2, 0.0, 5.0)*y

# scipy.optimize.root_scalar with traced arguments
from scipy.optimize import root_scalar
root_scalar(lambda u, a: u*u - a, args=(x*2,), bracket=[0, 3]).root*y

# scipy.optimize.curve_fit †
from scipy.optimize import curve_fit
curve_fit(lambda t, a: a*t, np.arange(3.0), v*x)[0][0]*y

# scipy.optimize.least_squares †
from scipy.optimize import least_squares
least_squares(lambda u: v*2 - u, np.zeros(3)).x[0]*y

# scipy.integrate.quad of a traced closure
from scipy.integrate import quad
quad(lambda t: np.exp(-x*t), 0, 1)[0]*y

# scipy.integrate.quad with a traced bound
from scipy.integrate import quad
quad(np.sin, 0, x*2)[0]*y

# scipy.integrate.solve_ivp of a traced closure
from scipy.integrate import solve_ivp
solve_ivp(lambda t, u: -x*2*u, [0, 1], [1.0], rtol=1e-9, atol=1e-9).y[0, -1]*y

# scipy.integrate.solve_ivp from a traced start
from scipy.integrate import solve_ivp
solve_ivp(lambda t, u: -u, [0, 1], v*2, rtol=1e-9, atol=1e-9).y[0, -1]*y

# scipy.integrate.odeint
from scipy.integrate import odeint
odeint(lambda u, t: -u*x*2, [1.0], [0.0, 1.0])[-1, 0]*y

# scipy.interpolate
from scipy.interpolate import CubicSpline
CubicSpline([0, 1, 2], v*2)(0.5)*y

# scipy.interpolate at a traced point
from scipy.interpolate import CubicSpline
CubicSpline([0, 1, 2], [0.0, 1.0, 4.0])(x*2)*y

# scipy.linalg
from scipy import linalg
np.sum(linalg.expm(A*x))*y

# scipy.linalg.solve and lu
from scipy import linalg
np.sum(linalg.solve(A*x, [1.0, 2.0]))*y

# scipy.stats
from scipy import stats
stats.norm.pdf(x*2)*y

# scipy.stats of a sample
from scipy import stats
stats.skew(v*2)*y

# scipy.fft
from scipy import fft
np.sum(np.abs(fft.fft(v*2)))*y

# scipy.signal
from scipy import signal
np.sum(signal.fftconvolve(v*2, v))*y

# scipy.ndimage
from scipy import ndimage
np.sum(ndimage.gaussian_filter(v*2, 1.0))*y

# scipy.sparse †
from scipy import sparse
np.sum(sparse.csr_matrix(A*x).toarray())*y

# a sparse matrix times a traced vector †
from scipy import sparse
np.sum(sparse.eye(3) @ (v*2))*y

# scipy.spatial
from scipy.spatial.distance import pdist
np.sum(pdist(A*x))*y

# scipy.special
from scipy import special
special.erf(x)*y + np.sum(special.expit(v)) + special.gammaln(y)*x

# scipy.special's functions in Python
from scipy import special
special.logsumexp(v)*x + np.sum(special.softmax(v)**2)

# scipy.constants
from scipy import constants
x*constants.golden + y*constants.pi

# ctypes †
import ctypes
ctypes.c_double(x*2).value*y

# an array of ctypes †
import ctypes
(ctypes.c_double*3)(*(v*2))[0]*y

# v.ctypes †
(v*2).ctypes.data % 1 + y

# a function of a C library †
import ctypes, ctypes.util
libm = ctypes.CDLL(ctypes.util.find_library("m"))
libm.cos.restype = ctypes.c_double
libm.cos.argtypes = [ctypes.c_double]
libm.cos(x*2)*y

# np.save †
import io
file = io.BytesIO()
np.save(file, v*2)
file.seek(0)
np.load(file)[0]*y

# np.savez † through grad
import io
file = io.BytesIO()
np.savez(file, a=v*2)
x*y

# np.savetxt †
import io
file = io.StringIO()
np.savetxt(file, v*2)
file.seek(0)
np.loadtxt(file)[0]*y

# v.dump and v.tofile † through grad
import io
(v*2).dump(io.BytesIO())
x*y

# np.linalg.lapack_lite †
from numpy.linalg import lapack_lite
lapack_lite.dgeqrf(2, 2, A*x, 2, np.zeros(2), np.zeros(8), 8, 0)
x*y

# np.linalg._umath_linalg †
from numpy.linalg import _umath_linalg
_umath_linalg.det(A*x)*y

# np.nditer †
sum(float(u)*1.0 for u in np.nditer(v*2))*y

# np.nditer of two operands †
with np.nditer([v*2, None]) as it:
    for a, b in it:
        b[...] = a*a
    z = it.operands[1]
np.sum(z)*y

# np.broadcast † through grad
np.broadcast(v*2, A[:, :1]).size*x*y

# np.lib.stride_tricks
from numpy.lib.stride_tricks import sliding_window_view
np.sum(sliding_window_view(v, 2).mean(axis=1)**2)*y

# np.lib.stride_tricks.as_strided †
from numpy.lib.stride_tricks import as_strided
np.sum(as_strided(v*2, (2, 2), (8, 8)))*y

# np.testing
np.testing.assert_allclose(v, [0.7, 1.3, 0.4], rtol=10)
np.testing.assert_array_less(v, 100.0)
x*y

# warnings about a value
import warnings
with warnings.catch_warnings(record=True) as heard:
    warnings.simplefilter("always")
    warnings.warn(f"x is {x:.1f}")
len(heard)*x*y

# logging
import logging
logging.getLogger("idioms").info("x = %s, %r", x, v)
x*y

# logging with %f
import logging, io
logger = logging.getLogger("idioms.stream")
logger.propagate = False
logger.setLevel("INFO")
logger.handlers = [logging.StreamHandler(io.StringIO())]
logger.info("x = %.2f", 3.0)
del logger
x*y

# time.sleep
import time
time.sleep(x*1e-6)
x*y

# range(x) of an integer
n = 3
sum(u for u in v[:n])*n*x

# slices by an integer of a value
k = int(y*1.7)
np.sum(v[k:])*x + np.sum(v[:-k])*y

# str.format and round trips through text
float("{:.1f}".format(x))*y

# datetime.timedelta †
from datetime import timedelta
timedelta(seconds=x*2).total_seconds()*y

# a Fraction times a value
from fractions import Fraction
Fraction(1, 4)*(x*2)*y

# a Fraction as a float
from fractions import Fraction
float(Fraction(1, 4))*x*y

# x times a Fraction †
from fractions import Fraction
(x*2)*Fraction(1, 4)*y

# an input times a Fraction † through grad (x is withheld)
from fractions import Fraction
x*Fraction(1, 4)*y

# a Decimal of text
from decimal import Decimal
float(Decimal(f"{x:.1f}"))*y

# ast.literal_eval of a repr
import ast
len(ast.literal_eval(f"[{x:.2f}, {y:.2f}]"))*x

# sys.getsizeof and id
import sys
min(sys.getsizeof(x), 1)*x*y + (id(x) > 0)*y

# stop_gradient and numpy() cut on purpose
import tapenb as tn
tn.stop_gradient(1.0)*x + len(v.numpy() if hasattr(v, "numpy") else v)*y

# os.environ and paths
import os, pathlib
pathlib.PurePath(f"run-{x:.1f}").name.startswith("run")*x*y

# subprocess arguments †
import shlex
shlex.join(["run", x*2])
x*y
""")
