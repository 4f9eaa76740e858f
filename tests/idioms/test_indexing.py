"""Indexing and shape."""

from .as_cell import both_ways

test_in_a_cell, test_through_grad = both_ways("""
# unpacking
a, b, c = v
(p, q), (r, s) = A
a*b + c*p + q*r*s*x

# iterating vectors and matrix rows
z = 0.0
for u in v:
    z += u*x
for row in A:
    for u in row:
        z *= 1 + 0.1*u
z*y

# zip and enumerate
sum(a*b*k for k, (a, b) in enumerate(zip(v, [x, y, 1.0]))) + sum(row[i] for i, row in enumerate(A))

# enumerate over rows
sum(np.sum(row)*k for k, row in enumerate(A*x))*y

# x[::-1]
np.sum(v[::-1]*np.arange(3))*x + np.sum(A[::-1, ::-1]*A)

# slices with steps
np.sum(v[::2])*x + np.sum(v[-1:0:-1]*v[1:])*y + np.sum(A[:, ::-1][0])

# negative indices
v[-1]*x + A[-1, -2]*y + v[-2:][0]

# x[..., None] and np.newaxis
np.sum(v[..., None]*v)*x + np.sum(v[:, np.newaxis] - v[np.newaxis, :]*y) + np.sum(A[..., 0])

# pairwise distances
points = np.stack([v, v*x], axis=1)
d = np.sqrt(np.sum((points[:, None] - points[None])**2, axis=-1) + 1e-3)
np.sum(d)*y

# np.linalg.norm(x - y, axis=1)
np.sum(np.linalg.norm(A - v[:2]*x, axis=1))*y

# fancy indexing
np.sum(v[[0, 0, 2]]**2)*x + np.sum(v[np.array([[0, 1], [2, 0]])] @ A) + A[[0, 1], [1, 0]].sum()*y

# fancy indexing beside a slice
B = np.outer(v, v*x)
np.sum(B[[0, 2], :2]*A) + np.sum(B[:, [1, 1]])*y + np.sum(B[[0], [1, 2]])

# boolean indexing
np.sum(v[v > 0.5]**2)*x + np.sum(v[np.array([True, False, True])])*y + np.sum(A[A > 1])

# boolean masks with & and |
np.sum(v[(v > 0.3) & (v < 1.0)]**2)*x + np.sum(v[(v > 1) | (v < 0.5)]) + np.sum(v[~(v > 0.5)])*y

# a mask of a matrix by rows
np.sum(A[A[:, 0] > 1])*x + np.sum(A[:, v[:2] > 1])*y

# np.ix_
B = np.outer(v, v*x)
np.sum(B[np.ix_([0, 2], [1, 2])]*A)*y

# x.flat
sum(u*u for u in A.flat)*x + A.flat[2]*y + np.sum(A.flat[1:3])

# np.ndenumerate
sum(u*(i + 2*j)*x for (i, j), u in np.ndenumerate(A))*y

# np.ndindex
sum(A[i]*x**sum(i) for i in np.ndindex(A.shape))*y

# np.nditer †
sum(u*1.0 for u in np.nditer(A*x))*y

# ravel
(
    np.sum(A.ravel() * np.arange(4))
    + np.sum(np.ravel(A * x, order="F") * np.arange(4))
    + np.sum(A.T.ravel() * np.arange(4)) * y
)

# flatten
np.sum(A.flatten()*np.arange(4))*x + np.sum(A.flatten("F")*np.arange(4))*y

# reshape
(
    np.sum(A.reshape(4, 1) * np.arange(4)) * x
    + np.sum(A.reshape(-1, order="F") * np.arange(4))
    + np.sum(v.reshape((3, 1)).reshape(1, -1) * v) * y
)

# squeeze
np.squeeze(v[None])[0]*x + A[None, :, None].squeeze(axis=(0, 2))[0, 1]*y

# expand_dims
np.sum(np.expand_dims(v, 0)*np.expand_dims(v, 1))*x + np.sum(np.expand_dims(A, (0, 2)))*y

# swapaxes, moveaxis and transpose
(
    np.sum(A.swapaxes(0, 1) * [[1, 2], [3, 4]]) * x
    + np.sum(np.moveaxis(A[None], 0, -1)[..., 0] * [[1, 2], [3, 4]])
    + np.sum(A.transpose(1, 0) * [[1, 2], [3, 4]]) * y
)

# x.T, x.mT and np.rollaxis
(
    np.sum(A.T * [[1, 2], [3, 4]]) * x
    + np.sum(A.mT @ A)
    + np.sum(np.rollaxis(A, 1) * [[1, 2], [3, 4]]) * y
    + np.permute_dims(A, (1, 0))[0, 1]
)

# rot90 and flip
(
    np.sum(np.rot90(A, 3) * [[1, 2], [3, 4]]) * x
    + np.sum(np.flip(A, 1) * [[1, 2], [3, 4]]) * y
    + np.sum(np.fliplr(A) * np.flipud(A))
)

# roll
(
    np.sum(np.roll(v, 1) * v) * x
    + np.sum(np.roll(A, (1, 1), axis=(0, 1)) * A) * y
    + np.sum(np.roll(A, 1, axis=0)[0])
)

# pad in every mode
w = v*x
z = 0.0
for mode in (
    "constant",
    "edge",
    "linear_ramp",
    "maximum",
    "mean",
    "median",
    "minimum",
    "reflect",
    "symmetric",
    "wrap",
    "empty",
):
    if mode != "empty":
        z += np.sum(np.pad(w, (1, 2), mode=mode)*np.arange(1, 7))
z*y

# pad of a matrix with values
np.sum(np.pad(A*x, ((1, 0), (0, 2)), constant_values=2.0)**2) + np.sum(np.pad(A, 1, mode="edge"))*y

# pad with a traced value
np.sum(np.pad(A, 1, constant_values=x*2)**2)*y

# tile and repeat
(
    np.sum(np.tile(v, 2) * np.arange(6)) * x
    + np.sum(np.repeat(A, 2, axis=1) * np.arange(4)) * y
    + np.sum(v.repeat([2, 0, 1]) * [1, 2, 3])
)

# split family
a, b, c = np.split(v, 3)
p, q = np.array_split(v*x, 2)
r, s = np.hsplit(A, 2)
t, u = np.vsplit(A*y, 2)
np.sum(a*b) + np.sum(p)*q[0] + np.sum(r*s) + np.sum(t*u)

# split at places and unstack
a, b = np.split(v*x, [1])
p, q = np.unstack(A, axis=1)
a[0]*np.sum(b)*y + np.sum(p*q)

# take_along_axis
order = np.argsort(A, axis=1)
(
    np.sum(np.take_along_axis(A, order, axis=1) * [1, 2]) * x
    + np.sum(np.take_along_axis(v, np.argsort(-v), 0) * np.arange(3)) * y
)

# take
(
    np.take(v, [0, 2, 2]).sum() * x
    + A.take(1, axis=1)[0] * y
    + np.take(A, [0, 5], mode="wrap")[1]
    + v.take(1)
)

# choose, compress and extract
(
    np.choose([0, 1, 1], [v, v * x])[1] * y
    + np.compress([True, False, True], v)[1] * x
    + np.sum(np.extract(v > 0.5, v))
)

# np.select and np.where with one argument
np.select([v < 0.5, v < 1], [v*x, v*y], 1.0).sum() + np.where(v > 0.5)[0].sum()*x

# x.astype(float)
np.sum(v.astype(float)**2)*x + np.sum(A.astype(complex).real)*y + (v > 0.5).astype(float) @ v

# x.astype(int)
np.sum((v*2.2).astype(int)*v)*x

# len(x), x.shape, x.size, x.ndim
v*x
len(v)*v.shape[0]*A.size*A.ndim*x + np.shape(A)[1]*np.size(v)*np.ndim(v)*y + len(A)

# 1/len(x) as a mean
np.sum(v*x)/len(v) + np.sum(A**2)/A.shape[0]/A.size*y

# x.mean(0) and the like
(
    A.mean(0)[1] * x
    + A.sum(axis=1)[0] * y
    + A.std(0)[0]
    + A.var()
    + A.max(axis=1)[0]
    + A.min()
    + A.prod(0)[1]
    + np.ptp(A)
)

# centring and scaling
B = np.outer(v, v*x) + A[0, 0]*np.arange(9.0).reshape(3, 3)**2
Z = (B - B.mean(axis=0))/B.std(axis=0)
np.sum(Z[0]*Z[1])*y

# x.dot(y) and chains
v.dot(v)*x + A.dot(v[:2]).dot(v[1:])*y + A.dot(A).dot(A).trace()

# argmax as an index
(
    v[np.argmax(v)] * x
    + A[np.unravel_index(np.argmax(A), A.shape)] * y
    + v[v.argmin()]
    + A[np.arange(2), A.argmin(axis=1)].sum()
)

# argsort as an index
v[np.argsort(v)][0]*x + v[v.argsort()[::-1]][1]*y + np.sum(A[np.argsort(A[:, 0])]*[[1, 2], [3, 4]])

# np.searchsorted
grid = np.array([0.0, 0.5, 1.0, 1.5, 2.0])
i = np.searchsorted(grid, x)
(x - grid[i - 1])*y + np.searchsorted(np.sort(v), 0.55)*x

# np.digitize and np.bincount
k = np.digitize(v, [0.5, 1.0])
np.sum(k*v)*x + np.sum(np.bincount([0, 1, 1], weights=v*y)**2)

# np.unique
np.unique(v)[0]*x + np.sum(np.unique(np.concatenate([v, v]))*np.arange(3))*y

# np.unique with indices and counts
values, index, counts = np.unique(v*x, return_index=True, return_counts=True)
np.sum(values*counts*index)*y

# np.nonzero and np.flatnonzero
(
    v[np.nonzero(v > 0.5)[0][0]] * x
    + v[np.flatnonzero(v > 0.3)].sum() * y
    + np.argwhere(A > 1).sum() * x
    + v[(v > 0.5).nonzero()][0]
)

# np.isin and np.in1d
np.sum(v[np.isin([1, 2, 3], [1, 3])])*x + (0.77 in v)*y

# the first element that satisfies
next(u for u in v if u > 0.5)*x + v[np.argmax(v > 1.0)]*y

# sorting pairs by a key
order = sorted(range(3), key=lambda i: v[i])
v[order[0]]*x + v[order][2]*y

# np.partition and np.lexsort
np.partition(v, 1)[1]*x + v[np.lexsort((v,))][0]*y + np.sum(v[np.argpartition(v, 1)[:2]])

# np.triu_indices and np.diag_indices
A[np.triu_indices(2)].sum()*x + A[np.diag_indices(2)].prod()*y + np.sum(A[np.tril_indices(2, -1)])

# a tuple of indices in a variable
at = (slice(None), 1)
i = np.s_[0, ...]
np.sum(A[at])*x + np.sum(A[i])*y

# an index out of bounds
try:
    z = v[5]
except IndexError:
    z = x
z*y

# np.ravel_multi_index
A.ravel()[np.ravel_multi_index((1, 0), A.shape)]*x*y

# an array as a condition of a while
w = v*1.0
n = 0
while np.linalg.norm(w) > 0.1:
    w = w*0.5*np.abs(x/x)
    n += 1
np.sum(w)*n*y

# x[i] with i from a traced integer
n = 1
v[n]*x + A[n, n - 1]*y + v[:n + 1].sum()

# x[-n:] and x[:-n]
n = 2
np.sum(v[-n:])*x + np.sum(v[:-n])*y

# sliding windows by slices
np.sum((v[1:] - v[:-1])**2)*x + sum(np.mean(v[i:i + 2]) for i in range(2))*y

# moving averages by cumsum
c = np.cumsum(np.concatenate([[0.0], v*x]))
np.sum((c[2:] - c[:-2])/2)*y

# 0-d results of indexing
v[0].shape == () and v[1].item is not None and v[0]*x + v[1].ndim*y + v[2]

# x.T of a vector and x[0].T
np.sum(v.T*x) + np.sum(A[0].T*y) + x

# item by item equality of shapes
z = v*x if v.shape == (3,) and A.shape[::-1] == (2, 2) else v
np.sum(z)*y

# np.swapaxes, np.diagonal and np.resize
(
    np.sum(np.swapaxes(A * x, 0, 1) * [[1, 2], [3, 4]])
    + np.diagonal(A, 1)[0] * y
    + np.sum(np.resize(v, (2, 2)) ** 2)
    + A.diagonal().sum()
)

# x.view()
w = v*1.0
u = w.view()
u[0] = x
w[0]*y + np.sum(w)*y

# np.argmin as a number
np.argmin(v)*x + v.argmax()*y

# iterating columns
sum(np.sum(c)*k for k, c in enumerate(A.T, 1))*x*y

# zip(*A)
a, b = zip(*A)
a[0]*b[1]*x + sum(a)*y

# a dict of rows
rows = {k: row for k, row in zip("ab", A)}
np.sum(rows["a"]*rows["b"])*x*y

# reversed(v) and sorted(v)
next(iter(reversed(v)))*x + sorted(v)[1]*y + sorted(v, reverse=True)[0]

# max(v) and min(A.ravel())
max(v)*x + min(A.ravel())*y + sum(A)[1]

# v.tolist() of constants, np.shape of lists
len(np.shape([[1, 2]]))*x*y + v[0]

# np.array_split and np.concatenate back
parts = np.array_split(v*x, 2)
np.sum(np.concatenate(parts[::-1])*np.arange(3))*y
""")
