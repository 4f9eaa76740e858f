"""Functions often forgotten."""

from .as_cell import both_ways

test_in_a_cell, test_through_grad = both_ways("""
# piecewise
np.sum(np.piecewise(v, [v < 0.5, v >= 0.5], [lambda u: u*u*x, lambda u: u]))*y

# piecewise with numbers and a default
np.sum(np.piecewise(v*x, [v < 0.5, v > 1], [1.0, lambda u: u**2, lambda u: 3*u]))*y

# piecewise with arguments
np.sum(np.piecewise(v, [v < 0.5], [lambda u, k: u*k, lambda u, k: u + k], 2.0))*x*y

# select
np.sum(np.select([v < 0.5, v < 1], [v*x, v*y], v**2))

# clip with array bounds
np.sum(np.clip(v, A[0, 1]*np.ones(3), v*x)) + np.sum(np.clip(v*y, [0.1, 0.5, 0.2], [0.6, 1.0, 1.0]))

# clip with one bound, and the method
(
    np.sum(np.clip(v, None, x)) * y
    + np.sum(v.clip(min=0.5))
    + np.sum(v.clip(x, y))
    + np.clip(x, 0.2, 0.5)
)

# interp in x
np.interp(x, [0.0, 1.0, 2.0], [2.0, 5.0, 3.0])*y + np.sum(np.interp(v, [0.0, 1.0], [0.0, 2.0]))

# interp in fp
np.interp(0.4, [0.0, 1.0, 2.0], v*x)*y

# interp in xp
np.interp(0.8, np.array([0.0, 1.0, 2.0])*y, v*x)

# interp in all three, beyond the ends
np.interp(x, np.sort(v), v*y) + np.interp(x*50, np.sort(v), v*y)

# interp with values beyond the ends
np.interp(x*50, [0.0, 1.0], v[:2], left=x, right=y) + np.interp(-x, [0.0, 1.0], v[:2], left=y)

# interp of a list of values
np.interp(x, [0.0, y, 5.0], [x, 1.0, y])*v[0]

# trapezoid
np.trapezoid(v*x)*y + np.trapezoid(v, dx=x) + np.trapezoid(v, x=np.array([0.0, 1.0, 3.0])*y)

# trapezoid by hand
t = np.linspace(0, 1, 101)
f = np.exp(-x*t)*np.sin(y*t)
np.sum((f[1:] + f[:-1])/2*np.diff(t))

# Simpson by hand
n = 10
h = y/n
s = np.sin(0.0) + np.sin(n*h)
for i in range(1, n):
    s += (4 if i % 2 else 2)*np.sin(i*h)
s*h/3*x

# polyval
np.polyval(v, x)*y + np.polyval([1.0, 2.0], x) + np.sum(np.polyval([1, 0, 2], v))

# polyval of a list with traced values
np.polyval([x, 1.0, y], 2.0) + np.polyval([x, 1], v).sum()

# Horner by hand
z = 0.0
for c in [1.0, -2.0, y, 3.0]:
    z = z*x + c
z

# polyfit
np.sum(np.polyfit(np.arange(3.0), v*x, 1))*y + np.polyfit([0.0, 1.0, 2.0], v, 2)[0]

# polyfit with weights and traced places
np.sum(np.polyfit(v, [1.0, 2.0, 3.0], 1))*x

# polynomial arithmetic
(
    np.sum(np.polymul(v, v * x))
    + np.sum(np.polyder(v)) * y
    + np.sum(np.polyadd(v, v[:2] * x))
    + np.sum(np.polyint(v))
)

# roots
np.sum(np.sort(np.abs(np.roots([1.0, -3.0, 1.0])))) * x + np.sum(np.abs(np.roots(v)))*y

# np.poly1d
np.poly1d(v*2)(x)*y

# np.polynomial
from numpy.polynomial import Polynomial
Polynomial(v*2)(x)*y

# np.polynomial.chebyshev
from numpy.polynomial import chebyshev
chebyshev.chebval(0.3, [1.0, 2.0])*x*y

# vander
np.sum(np.vander(v, 4)*np.arange(4))*x + np.linalg.det(np.vander(v, increasing=True))*y

# convolve modes
(
    np.sum(np.convolve(v, v * x) * np.arange(5))
    + np.sum(np.convolve(v, A[0], "same") * v)
    + np.sum(np.convolve(v, A[1], mode="valid")) * y
)

# correlate modes
(
    np.sum(np.correlate(v, v * x, "full") * np.arange(5))
    + np.sum(np.correlate(v, A[0], "same") * v)
    + np.sum(np.correlate(v, A[1])) * y
)

# diff
(
    np.sum(np.diff(v) ** 2) * x
    + np.diff(v, n=2)[0] * y
    + np.sum(np.diff(A, axis=0))
    + np.sum(np.diff(v, prepend=x) ** 2)
)

# gradient with spacing
(
    np.sum(np.gradient(v) * v) * x
    + np.sum(np.gradient(v, 0.5) ** 2)
    + np.sum(np.gradient(v, [0.0, 1.0, 3.0]) ** 2) * y
    + np.sum(np.gradient(A, axis=0))
)

# gradient with a traced spacing
np.sum(np.gradient(v, x)**2)*y

# gradient along two axes
a, b = np.gradient(A*x, 0.5, 2.0)
np.sum(a*b)*y

# ediff1d
np.sum(np.ediff1d(v*x)**2) + np.sum(np.ediff1d(A, to_end=[1.0]))*y

# cross
np.sum(np.cross(v, v[::-1]*x)*v) + np.cross(v, [0.0, 0.0, 1.0])[0]*y

# median
np.median(v)*x + np.median(A, axis=0)[1]*y + np.median(A)

# percentile, quantile and their methods
z = 0.0
for method in (
    "linear",
    "lower",
    "higher",
    "midpoint",
    "nearest",
    "hazen",
    "weibull",
    "median_unbiased",
    "inverted_cdf",
):
    z += np.percentile(v, 30, method=method)
    z += np.sum(np.quantile(v, [0.2, 0.9], method=method))*x
z*y

# quantile at a traced level
np.quantile(v, x*0.5)*y

# nan*
w = np.concatenate([v, [np.nan]])*x
(
    np.nansum(w)
    + np.nanmean(w) * y
    + np.nanmax(w)
    + np.nanmin(w)
    + np.nanvar(w)
    + np.nanstd(w)
    + np.nanprod(w)
    + np.nanmedian(w)
    + np.nanpercentile(w, 40)
    + np.nancumsum(w)[1]
    + np.nancumprod(w)[2]
)

# nanargmax and nan_to_num
w = np.array([0.0, np.nan, 1.0])
v[np.nanargmax(w)]*x + np.sum(np.nan_to_num(w)*v)*y

# cumprod and cumsum
(
    np.sum(np.cumprod(v) * v) * x
    + np.sum(np.cumsum(A, axis=1) * A) * y
    + v.cumsum()[1]
    + np.sum(A.cumprod(axis=0))
)

# cumulative_sum and cumulative_prod
np.sum(np.cumulative_sum(v*x, include_initial=True)**2) + np.cumulative_prod(v)[2]*y

# ptp
np.ptp(v)*x + np.ptp(A, axis=1)[0]*y

# average with weights
np.average(v, weights=v**2)*x + np.average(A, axis=1, weights=[1.0, 3.0])[0]*y + np.average(v)

# average with the sum of weights
mean, total = np.average(v, weights=A[0, 0]*np.arange(1.0, 4.0), returned=True)
mean*total*x

# var and std with ddof
np.var(v, ddof=1)*x + np.std(A, axis=0, ddof=1)[1]*y + v.var() + A.std()

# cov
np.sum(np.cov(v, v**2)*A)*x + np.cov(A)[0, 1]*y + np.cov(v)

# cov with weights and options
np.sum(np.cov(A*x, rowvar=False, bias=True)) + np.cov(v, aweights=[1.0, 2.0, 1.0])*y

# corrcoef
np.corrcoef(v, v**2*x)[0, 1] + np.corrcoef(np.vstack([v, v[::-1]]))[1, 0]*y

# histogram
counts, edges = np.histogram(v, bins=4, range=(0, 2))
np.sum(counts*np.arange(4))*x*y

# histogram with traced edges
counts, edges = np.histogram(v*2, bins=3)
edges[0]*y

# histogram with weights
np.histogram([0.1, 0.6, 0.7], bins=2, range=(0, 1), weights=v*x)[0][1]*y

# einsum
(
    np.einsum("i,i", v, v) * x
    + np.einsum("ij,jk->ik", A, A)[0, 1] * y
    + np.einsum("ii", A)
    + np.einsum("ij->ji", A)[0, 1]
)

# einsum with repeated and broadcast indices
(
    np.sum(np.einsum("ii->i", A) * v[:2]) * x
    + np.sum(np.einsum("...i,...i->...", A, A))
    + np.einsum("i,i,i->", v, v, v * y)
    + np.sum(np.einsum("i,j->ij", v, v))
)

# einsum with optimize and lists of indices
np.einsum("ij,jk,kl->", A, A, A*x, optimize=True) + np.einsum(A, [0, 1], v[:2], [1])*y @ v[:2]

# kron, tensordot, vdot and inner
(
    np.sum(np.kron(v, A)) * x
    + np.tensordot(A, A, axes=([0], [1]))[0, 1] * y
    + np.vdot(v, v * x)
    + np.inner(v, v)
    + np.sum(np.inner(A, A))
    + np.tensordot(A, A, 2)
)

# np.dot in all shapes
(
    np.dot(x, y)
    + np.dot(v, v)
    + np.sum(np.dot(A, v[:2]))
    + np.sum(np.dot(v[:2], A))
    + np.sum(np.dot(A, A))
    + np.sum(np.dot(x, A))
    + np.sum(np.dot(A[None], A))
)

# @ in all shapes
v @ v*x + np.sum(A @ v[:2]) + np.sum(v[:2] @ A)*y + np.sum((A @ A)[0]) + np.sum(A[None] @ A)

# unwrap
np.sum(np.unwrap(v*5)*v)*x + np.sum(np.unwrap(np.cumsum(v)*4, period=2.0))*y

# i0 and sinc
np.sum(np.i0(v))*x + np.sum(np.sinc(v))*y

# heaviside and sign
np.sum(np.heaviside(v - 0.5, 0.5)*v)*x + np.sum(np.sign(v - 0.5)*v)*y

# modf and frexp
f, i = np.modf(v*3.2)
m, e = np.frexp(v)
np.sum(f*v)*x + np.sum(m*e)*y

# fmod, mod and float_power
np.sum(np.fmod(v, 0.55*x)) + np.sum(np.mod(-v, y)) + np.sum(np.float_power(v**2, y))

# copysign and nextafter
np.sum(np.copysign(v, [-1.0, 1.0, -1.0]))*x + np.sum(np.nextafter(v, 0))*y

# logaddexp and logaddexp2
np.sum(np.logaddexp(v, x)) + np.sum(np.logaddexp2(v, y))

# round, around, fix, floor, ceil and trunc
np.sum(
    (
        np.round(v * 1.03, 1)
        + np.floor(v * 2.1)
        + np.ceil(v * 2.1)
        + np.trunc(v * 2.1)
        + np.fix(v * 2.1)
        + np.rint(v * 2.1)
    )
    * v
) * x

# np.real, np.imag, np.angle, np.conj and np.abs of complex numbers
w = v*np.exp(1j*x)
(
    np.sum(np.real(w))
    + np.sum(np.imag(w) * y)
    + np.sum(np.angle(w))
    + np.sum(np.abs(w))
    + np.sum((w * np.conj(w)).real)
)

# np.real_if_close and np.iscomplexobj
np.sum(np.real_if_close(v*x))*y*(2 if np.iscomplexobj(v) else 1)

# linalg.det, inv and solve
(
    np.linalg.det(A) * x
    + np.sum(np.linalg.inv(A) * [[1, 2], [3, 4]]) * y
    + np.linalg.solve(A, v[:2])[0]
    + np.sum(np.linalg.solve(A, A.T))
)

# linalg.solve of lists
np.sum(np.linalg.solve([[x, 1.0], [0.5, y]], [1.0, x]))

# linalg.slogdet and cholesky
S = A @ A.T + np.eye(2)*x**2
np.linalg.slogdet(S)[1]*y + np.sum(np.linalg.cholesky(S))

# linalg.slogdet by its names
r = np.linalg.slogdet(A*x)
r.sign*r.logabsdet*y

# linalg.eigh and eigvalsh
S = A + A.T + x*np.eye(2)
w, V = np.linalg.eigh(S)
w[0]*y + np.sum(np.abs(V[:, 1])) + np.linalg.eigvalsh(S)[1]

# linalg.eig and eigvals
w, V = np.linalg.eig(A*x)
np.sum(w.real*[1, 2])*y + np.max(np.abs(np.linalg.eigvals(A)))

# linalg.svd
U, s, Vt = np.linalg.svd(A*x)
(
    s[0] * y
    + s[1] ** 2
    + np.abs(U[0, 0])
    + np.sum(np.linalg.svd(A, compute_uv=False))
    + np.linalg.svdvals(A)[0]
)

# linalg.svd of a rectangle
s = np.linalg.svd(np.vstack([A, A*x, v[:2]]), full_matrices=False)[1]
s[0]*y

# linalg.qr
Q, R = np.linalg.qr(A*x)
np.abs(R[0, 0])*y + np.sum(Q @ R)

# linalg.lstsq
B = np.vstack([A, v[:2]])
c, residuals, rank, s = np.linalg.lstsq(B, v*x, rcond=None)
np.sum(c)*y + residuals[0]

# the normal equations
B = np.vander(np.linspace(0, 1, 3), 2)
np.sum(np.linalg.solve(B.T @ B, B.T @ (v*x)))*y

# linalg.pinv and matrix_rank
np.sum(np.linalg.pinv(np.vstack([A, v[:2]]))*x) + np.linalg.matrix_rank(A)*y

# linalg.norm of every order
(
    np.linalg.norm(v) * x
    + np.linalg.norm(v, 1)
    + np.linalg.norm(v, np.inf)
    + np.linalg.norm(v, 3) * y
    + np.linalg.norm(A)
    + np.linalg.norm(A, 2)
    + np.linalg.norm(A, "nuc")
    + np.linalg.norm(A, 1)
    + np.linalg.norm(A, -np.inf)
)

# linalg.norm along an axis
np.sum(np.linalg.norm(A*x, axis=1)) + np.linalg.vector_norm(v, ord=3)*y + np.linalg.matrix_norm(A)

# linalg.cond, matrix_power and multi_dot
(
    np.linalg.cond(A) * x
    + np.sum(np.linalg.matrix_power(A, 3))
    + np.sum(np.linalg.matrix_power(A, -1)) * y
    + np.linalg.multi_dot([v[:2], A, A, v[1:]])
)

# linalg.tensorsolve, tensorinv and trace
(
    np.sum(np.linalg.tensorsolve(A, v[:2])) * x
    + np.sum(np.linalg.tensorinv(A, ind=1)) * y
    + np.linalg.trace(A)
    + np.trace(A, offset=1)
)

# linalg.outer, cross, diagonal and matmul
(
    np.sum(np.linalg.outer(v, v)) * x
    + np.sum(np.linalg.cross(v, v[::-1]) * v)
    + np.sum(np.linalg.diagonal(A)) * y
    + np.sum(np.linalg.matmul(A, A))
)

# fft of odd length
np.sum(np.abs(np.fft.fft(v*x))**2*np.arange(3)) + np.fft.fft(v)[1].imag*y

# fft with n=
np.sum(np.abs(np.fft.fft(v*x, n=5))*np.arange(5)) + np.sum(np.abs(np.fft.fft(v, n=2)))*y

# fft with axes= and norm=
(
    np.sum(np.abs(np.fft.fft2(A * x, axes=(0, 1), norm="ortho")) ** 2 * [[1, 2], [3, 4]])
    + np.fft.fftn(A, norm="forward")[0, 1].real * y
)

# rfft and irfft
(
    np.sum(np.abs(np.fft.rfft(v * x)) * [1, 2])
    + np.sum(np.fft.irfft(np.fft.rfft(v), n=3) * v) * y
    + np.sum(np.fft.irfft(v + 1j * x))
)

# ifft, hfft and ihfft
np.fft.ifft(v*x)[1].imag + np.sum(np.fft.hfft(v)*np.arange(4))*y + np.sum(np.abs(np.fft.ihfft(v)))

# fftshift and fftfreq
(
    np.sum(np.fft.fftshift(v * x) * np.arange(3))
    + np.sum(np.fft.fftfreq(3, d=0.5) * v) * y
    + np.sum(np.fft.rfftfreq(3) * x)
)

# a spectral derivative
t = np.linspace(0, 2*np.pi, 8, endpoint=False)
k = np.fft.fftfreq(8, d=1/8)
d = np.fft.ifft(1j*k*np.fft.fft(np.sin(t)*x + np.cos(2*t)*y)).real
np.sum(d**2)

# a filter in frequency
w = np.fft.rfft(np.concatenate([v, v*x]))
w[2:] = 0
np.sum(np.fft.irfft(w)**2)*y

# np.trapezoid, np.cumsum as integrals
t = np.linspace(0, y, 20)
np.trapezoid(np.exp(-x*t), t) + np.cumsum(np.sin(t*x))[-1]*(t[1] - t[0])

# np.lib.scimath
np.emath.sqrt(x*2)*y

# np.astype, np.concat and the array API's names
(
    np.sum(np.concat([v, v * x]))
    + np.sum(np.pow(v, 2)) * y
    + np.acos(x * 0.5)
    + np.atan2(x, y)
    + np.sum(np.astype(v, float))
)

# np.array_equal, np.allclose and np.isclose
(
    np.allclose(v, v * 1.0) * x
    + np.array_equal(v, v) * y
    + np.sum(np.isclose(v, 0.8) * v)
    + np.array_equiv(A, A) * x
)

# np.array_equal(A, [x])
(2.0 if np.array_equal(A, [x]) else 3.0)*y

# np.shares_memory
(2.0 if np.shares_memory(v, v[1:]) else 3.0)*x*y

# np.may_share_memory
(2.0 if np.may_share_memory(v, v[1:]) else 3.0)*x*y

# np.count_nonzero, np.any and np.all
np.count_nonzero(v > 0.5)*x + np.any(v > 1)*y + np.all(A > 0, axis=0).sum()*x

# np.iterable, np.isscalar and np.ndim
(np.iterable(v) and not np.iterable(x))*x + np.ndim(A)*y

# np.info of types
np.finfo(v.dtype).eps*x + np.result_type(v, 1.0).itemsize*y + np.can_cast(v.dtype, float)*x

# np.printoptions and np.array2string
with np.printoptions(precision=2):
    text = np.array2string(v, precision=3) + np.array_repr(A) + np.array_str(v)
x*y

# np.format_float_positional † through grad
text = np.format_float_positional(x*2, precision=2)
x*y

# a number read back from np.array2string
float(np.array2string(v[1]*1.01, precision=1))*y

# np.set_printoptions and np.errstate
old = np.get_printoptions()
np.set_printoptions(**old)
with np.errstate(divide="ignore", invalid="ignore"):
    z = np.where(v > 0.5, v/(v - 0.5), 0.0)
del old
np.sum(z)*x*y

# np.trim_zeros
np.sum(np.trim_zeros(np.array([0.0, 1.0, 2.0])*x))*y

# np.setdiff1d, np.union1d and np.intersect1d
len(np.intersect1d([1, 2, 3], [2, 3]))*x*y + v[0]

# np.union1d of values
np.sum(np.union1d(v, v*x)*np.arange(6))*y

# np.polynomial.legendre.leggauss
t, w = np.polynomial.legendre.leggauss(5)
np.sum(w*np.exp(-x*(t + 1)/2))*y/2

# np.spacing
np.spacing(x*2)*y
""")
