"""In place: writes, views, and arrays that are filled, with NumPy's own aliasing."""

import numpy as np
import pytest

from tapenb.autodiff.tape.operation import TapeError

from .as_cell import (
    both_ways,
    check_cell,
    check_grad,
    programs,
)

test_in_a_cell, test_through_grad = both_ways("""
# y += x on arrays
w = v*1.0
w += v*x
w -= y
w *= v
w /= 2.0
w **= 2
np.sum(w)

# y //= x and y %= x
w = v*5.3
w %= y
u = v*5.1
u //= x
np.sum(w*u)

# y @= A
B = A*x
B @= A
np.sum(B)*y

# y += x on an alias
w = v*1.0
u = w
u += x
np.sum(w*v) + (u is w)*y

# x += 1 changes an input
v += x
np.sum(v*v)

# y[0] = x
w = v*2
w[0] = x
w[-1] = w[0]*y
np.sum(w**2)

# y[1] = 5.0
w = v*2
w[1] = 5.0
np.sum(w*v)*x

# y[i] += x
w = v*2
for i in range(3):
    w[i] += x*i
    w[i] *= y
np.sum(w**2)

# A[i, j], A[i] and A[:, j]
B = A*1.0
B[0, 1] = x
B[1] = v[:2]
B[:, 0] *= y
B[..., -1] += 1
np.sum(B @ B)

# y[y > 0] = x[0]
w = v - 0.5
w[w > 0] = v[0]
w[w < 0] *= x
np.sum(w**2)

# y[y < 0] = 0
w = v*x - 0.5
w[w < 0] = 0.0
np.sum(w)*y

# y[mask] = another array by the same mask
w = v*1.0
mask = v > 0.5
w[mask] = (v*x)[mask]
w[~mask] = np.exp(w[~mask])
np.sum(w*y)

# y[[0, 0, 2]] = ...
w = v*1.0
w[[0, 0, 2]] = v*x
np.sum(w*w)

# y[[0, 0, 2]] += ... adds once
w = v*1.0
w[[0, 0, 2]] += v*x
np.sum(w*w)

# y[::2] and y[::-1]
w = v*1.0
w[::2] = v[1:]*x
w[::-1] += v
np.sum(w*w*y)

# y[1:] = y[:-1]
w = v*x
w[1:] = w[:-1]
w[:-1] += w[1:]
np.sum(w*v)

# y[:] = ... and y[...] = ...
w = v*1.0
u = w
w[:] = v**2
w[...] *= x
np.sum(u*v)

# y[()] = ... of a 0-d array
w = np.array(1.0)
w[()] = x
w += y
w*w

# v = y[1:]; v[0] = ...
w = v*1.0
u = w[1:]
u[0] = x
np.sum(w**2)*y

# v = y[1:]; v += ...
w = v*1.0
u = w[1:]
u += v[:2]*x
w[1] *= y
np.sum(w**2) + np.sum(u)

# y.T[0] = ...
B = A*1.0
B.T[0] = v[:2]*x
t = B.T
t += B*0.5
np.sum(B*B*y)

# y.reshape(-1)[0] = ...
B = A*1.0
B.reshape(-1)[0] = x
B.ravel()[3] = y
B.flat[1] = x*y
np.sum(B @ B)

# y.flatten() is a copy
B = A*1.0
w = B.flatten()
w[0] = x
np.sum(B)*y + np.sum(w)

# y.copy() is a copy
w = v*1.0
u = w.copy()
u[0] = x
w *= y
np.sum(w*u)

# fancy indexing is a copy
w = v*1.0
u = w[[0, 1]]
u[0] = x
np.sum(w)*y + np.sum(u)

# a row of a matrix is a view
B = A*1.0
for row in B:
    row *= x
    row[0] = y
np.sum(B**2)

# rows by zip and enumerate
B = A*1.0
for i, (row, u) in enumerate(zip(B, v)):
    row[i] += u*x
np.sum(B**2)

# a view of a view
w = np.arange(8.0)*x
a = w[2:]
b = a[::2]
b[0] = y
a[1:3] *= 2
np.sum(w*w)

# a value used before it is overwritten
w = v*1.0
z = w*w
w[0] = 100.0
np.sum(z)*x + np.sum(w)*y

# a value used before its view is overwritten
w = v*x
z = np.exp(w[1:])
w[:] = 0.0
np.sum(z)*y + np.sum(w)

# a product whose operands are both overwritten
a, b = v*x, v*y
z = a*b
a[:] = 0
b *= 0
np.sum(z)

# out=
w = np.zeros(3)
np.multiply(v, x, out=w)
np.add(w, y, w)
np.sum(w**2)

# out= of a traced array
w = v*1.0
np.multiply(w, x, out=w)
np.exp(w, w)
np.sum(w)*y

# out= onto an operand
w = v*x
u = w[1:]
np.add(w[:-1], u, out=u)
np.sum(w*w)*y

# out= of two results
q, r = v*1.0, v*1.0
np.divmod(v*5.1, y, out=(q, r))
np.sum(r*x) + np.sum(q)

# out= of a sum, a cumsum and a matmul
s, w, B = v*1.0, v*1.0, A*1.0
np.cumsum(v*x, out=w)
np.matmul(A, A*y, out=B)
np.sum(A, axis=0, out=s[:2])
np.sum(w*s) + np.sum(B)

# np.copyto
w = v*1.0
np.copyto(w, v*x)
np.copyto(w, y, where=[True, False, False])
np.sum(w**2)

# np.put
w = v*1.0
np.put(w, [0, 2], [9.0, 8.0])
w.put([1], v[:1]*x)
np.sum(w**2)*y

# np.place
w = v*1.0
np.place(w, w > 0.5, v[:1]*x)
np.sum(w**2)*y

# np.putmask
w = v*1.0
np.putmask(w, w > 0.5, v*x)
np.sum(w**2)*y

# np.put_along_axis
B = A*1.0
np.put_along_axis(B, np.array([[0], [1]]), v[:2, None]*x, axis=1)
np.sum(B**2)*y

# np.fill_diagonal
B = A*1.0
np.fill_diagonal(B, x)
np.fill_diagonal(B[:, ::-1], y)
np.sum(B @ B)

# np.fill_diagonal of a vector
B = A*1.0
np.fill_diagonal(B, v[:2]*x)
np.linalg.det(B)*y

# np.add.at
w = v*1.0
np.add.at(w, [0, 1, 0], v*x)
np.add.at(w, [2], y)
np.sum(w**2)

# np.add.at on plain zeros
w = np.zeros(2)
np.add.at(w, [0, 1, 0], v*x)
np.sum(w**2)*y

# np.multiply.at, np.maximum.at and np.subtract.at
w = v*1.0
np.multiply.at(w, [0, 0], x)
np.subtract.at(w, [1, 1], v[:2]*y)
np.maximum.at(w, [2], x)
np.sum(w**2)

# np.negative.at
w = v*x
np.negative.at(w, [0, 1])
np.sum(w*v)*y

# y.sort()
w = v*x
w.sort()
np.sum(w*np.arange(3))*y

# y.sort(axis=0) of a matrix
B = A*x
B.sort(axis=0)
np.sum(B*np.arange(4).reshape(2, 2))*y

# y.partition
w = v*x
w.partition(1)
w[1]*y

# y.fill(x)
w = v*1.0
w[1:].fill(x)
u = v*1.0
u.fill(y)
np.sum(w*v)*u[0]

# swaps
w = v*1.0
w[0], w[2] = w[2], w[0]
np.sum(w*np.arange(3)*x)*y

# swaps of rows: views, as NumPy does it
B = A*1.0
B[0], B[1] = B[1], B[0]
np.sum(B*np.array([[1.0, 2.0], [3.0, 4.0]]))*x

# swaps of rows by an index
B = A*x
B[[0, 1]] = B[[1, 0]]
np.sum(B*np.array([[1.0, 2.0], [3.0, 4.0]]))*y

# swaps of names
a, b = v*x, v*y
a, b = b, a
a += b
np.sum(a*b)

# del of a name
w = v*1.0
u = w[1:]
del w
u += x
np.sum(u*y)

# del of a view
w = v*1.0
u = w[1:]
u *= x
del u
np.sum(w*y)

# a function that writes to its argument
def normalise(w):
    w /= np.sum(w)
a = v*x
normalise(a)
np.sum(a**2)*y

# a function with a default array †
def gather(u, into=np.zeros(3)):
    into += u
    return into
%%tape
gather(v*x)
np.sum(gather(v*y)**2)

# an array held in an object
class State:
    def __init__(self, u):
        self.u = u
    def step(self, h):
        self.u += h*np.cos(self.u)
s = State(v*1.0)
for _ in range(3):
    s.step(0.1*x)
np.sum(s.u)*y

# an array held in a list and a dict
held = {"w": v*1.0, "rows": [v*2, v*3]}
held["w"][0] = x
held["rows"][1] *= y
held["rows"][0][:] = held["w"]
np.sum(held["rows"][0]*held["rows"][1])

# += on an element of a list and of a dict
parts = [x, v*1.0]
parts[0] += y
parts[1] += x
totals = {"a": 0.0}
totals["a"] += x*y
parts[0]*np.sum(parts[1])*totals["a"]

# += of an array onto a plain number
s = 0.0
s += v
s += x
np.sum(s*v)*y

# += onto a plain array outside of the loop
s = np.zeros(())
for u in v:
    s += u*x
s*y

# y.real and y.imag written †
w = v + 1j*x
w.real = v*y
np.sum(np.abs(w)**2)

# y.real read
w = (v + 1j*x)*y
w.real[0]*w.imag[1] + np.sum(w.real)

# a part of a complex array written as a view †
w = v + 1j*x
w.imag[:] = v*y
np.sum(np.abs(w)**2)

# the real part is a view of what is written later †
w = v + 1j*x
r = w.real
w *= x
np.sum(r**2)*y

# the real part taken again, and a copy of it
w = v + 1j*x
r = w.real.copy()
w *= x
np.sum(r**2)*y + np.sum(w.real*w.imag)

# the real part of what is real is itself
w = v*x
w.real = v[::-1]*y
w.real *= 2
np.sum(w*v)

# y.shape assigned
w = v*x
u, part = w, w[1:]
w.shape = (3, 1)
w[0] = y
part *= 2
w.shape = -1
np.sum(u*v)*y + np.sum(part**2)

# y.resize †
w = v*x
w.resize(2)
np.sum(w)*y

# y.setflags and y.flags.writeable
w = v*x
np.sum(w)*y*w.flags.c_contiguous

# np.nditer with op_flags †
w = v*x
for u in np.nditer(w, op_flags=["readwrite"]):
    u[...] = 2*u
np.sum(w)*y

# np.ndindex
w = A*1.0
for i, j in np.ndindex(2, 2):
    w[i, j] = A[j, i]*x
np.sum(w*A)*y

# np.ndenumerate with writes
w = A*1.0
for at, u in np.ndenumerate(A):
    w[at] = u**2*x
np.sum(w)*y

# x.flat[i] = ... and x.flat = ...
w = A*1.0
w.flat[1:3] = v[:2]*x
u = A*1.0
u.flat = v[:1]
np.sum(w)*np.sum(u)*y

# np.clip in place
w = v*x
np.clip(w, 0.2, 0.8, out=w)
w.clip(0.3, 0.7, out=w)
np.sum(w*v)*y

# np.nan_to_num in place
w = v*x
np.nan_to_num(w, copy=False)
np.sum(w*v)*y

# np.einsum with out=
B = A*1.0
np.einsum("ij,jk->ik", A, A*x, out=B)
np.sum(B)*y

# np.take and np.compress with out=
w = v*1.0
np.take(v*x, [2, 1, 0], out=w)
np.sum(w*v)*y

# a ring buffer
buffer = np.zeros(3)
z = 0.0
for k in range(7):
    buffer[k % 3] = x**k
    z = z + np.sum(buffer)*0.1
z*y

# a triangular solve by hand
L = np.linalg.cholesky(A @ A.T)
z = np.zeros(2)
for i in range(2):
    z[i] = (v[i] - np.dot(L[i, :i], z[:i]))/L[i, i]
np.sum(z)*x

# Gauss elimination by hand
M = A*1.0
b = v[:2]*1.0
for i in range(2):
    for j in range(i + 1, 2):
        f = M[j, i]/M[i, i]
        M[j] -= f*M[i]
        b[j] -= f*b[i]
b[1] /= M[1, 1]
b[0] = (b[0] - M[0, 1]*b[1])/M[0, 0]
np.sum(b)*x

# Gauss-Seidel sweeps
u = np.zeros(5)
u[0], u[-1] = x, y
for _ in range(4):
    for i in range(1, 4):
        u[i] = 0.5*(u[i - 1] + u[i + 1])
np.sum(u**2)

# the heat equation with slices
u = np.zeros(8)
u[3] = x
for _ in range(5):
    u[1:-1] += 0.2*y*(u[2:] - 2*u[1:-1] + u[:-2])
np.sum(u**2)

# the wave equation with three buffers
a, b, c = np.zeros(6), np.zeros(6), np.zeros(6)
a[2] = b[2] = x
for _ in range(4):
    c[1:-1] = 2*b[1:-1] - a[1:-1] + y*0.1*(b[2:] - 2*b[1:-1] + b[:-2])
    a, b, c = b, c, a
np.sum(b**2)

# dynamic programming
cost = np.zeros((3, 3))
cost[0, 0] = A[0, 0]
for i in range(3):
    for j in range(3):
        if i or j:
            before = [cost[p, q] for p, q in ((i - 1, j), (i, j - 1)) if p >= 0 and q >= 0]
            cost[i, j] = v[j]*x**i + min(before)
cost[2, 2]*y

# a histogram by hand
bins = np.zeros(6)
for u in v:
    bins[int(u*2.4)] += u*x
np.sum(bins**2)*y

# cumulative sums in place
s = np.empty(3)
total = 0.0
for i, u in enumerate(v):
    total += u*x
    s[i] = total
s[-1]*y + np.sum(s**2)

# an input written and read again
w = v
w[0] = x*y
np.sum(v*v)

# a view of an input written
w = v[1:]
w *= x
np.sum(v*v)*y

# reversed views
w = v*1.0
r = w[::-1]
r[0] = x
w[1] = y
np.sum(r*np.arange(3))

# overlapping views
w = np.arange(6.0)*x
a, b = w[:4], w[2:]
a += b
b *= a
np.sum(w*w)*y

# writes under a condition
w = v*1.0
for i in range(3):
    if w[i] > 0.5:
        w[i] = x
    else:
        w[i] -= y
np.sum(w**2)

# a write in a comprehension and in a lambda
w = v*1.0
[w.__setitem__(i, w[i]*x) for i in range(3)]
put = lambda i, u: w.__setitem__(i, u)
put(0, y)
np.sum(w**2)

# a copy of a transposed array is in C order, and its ravel a view of it
a = (A*x).T.copy()
r = a.ravel()
r[1] = 3*y
np.sum(a*A)

# in place by an object that says which array it is, under two names
class Held:
    def __init__(self, values):
        self.values = values
    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype=dtype)
a = np.ones(3)
b = a
a += Held(v*x)
a[:2] *= Held([x, y])
np.sum(b**2)

# in place by an object that answers NumPy itself, under two names
class Held:
    def __init__(self, values):
        self.values = values
    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        inputs = [i.values if isinstance(i, Held) else i for i in inputs]
        return getattr(ufunc, method)(*inputs, **kwargs)
a = v*x
b = a
a -= Held(v[::-1]*y)
np.sum(b**2)
""")


# What NumPy makes of an array B: a view of it, the array itself, or something new.
MADE_OF_IT = """
np.split(B, 2)[0]
np.hsplit(B,2)[1]
np.vsplit(B,2)[0]
np.array_split(B,2)[1]
np.unstack(B)[0]
np.atleast_2d(B)
np.atleast_3d(B)
np.ravel(B)
np.transpose(B)
np.swapaxes(B,0,1)
np.moveaxis(B,0,1)
np.rollaxis(B,1)
np.expand_dims(B,0)
np.squeeze(B)
np.real(B)
B.real
np.flip(B)
np.rot90(B)
np.rot90(B,2)
np.fliplr(B)
np.flipud(B)
np.asarray(B)
np.asanyarray(B)
np.ascontiguousarray(B)
np.ascontiguousarray(B.T)
np.asfortranarray(B)
np.asfortranarray(B.T)
B.view()
B.reshape(4)
np.reshape(B.T,-1)
B.T.ravel()
B.T.ravel('F')
B.ravel('K')
B.T.ravel('K')
B.flatten()
np.matrix_transpose(B)
np.permute_dims(B,(1,0))
B.mT
B.astype(float)
B.astype(float, copy=False)
np.astype(B, float, copy=False)
np.asarray(B, dtype=float)
np.array(B, copy=False)
np.array(B, copy=None)
np.array(B)
np.array(B, copy=True)
np.array(B, ndmin=3, copy=False)
B.conj()
B.conjugate()
np.conj(B)
+B
B[...]
B[:]
B[None]
B[...,None]
B[:, ::-1]
B[::2]
B[[0,1]]
B[B>0]
np.einsum('ij->ji',B)
np.einsum('ii->i',B)
np.einsum('ij',B)
np.copy(B)
B.copy()
np.require(B,requirements=['C'])
np.nan_to_num(B)
np.real_if_close(B)
np.broadcast_arrays(B, 1.0)[0]
np.diagonal(B)
B.diagonal()
np.diag(B)
np.linalg.diagonal(B)
np.squeeze(B[None])
B.squeeze()
B.swapaxes(0,1)
B.transpose()
B.T
np.take(B,[0,1],axis=0)
B.take([0])
np.tril(B)
np.roll(B,0)
np.repeat(B,1)
np.tile(B,1)
np.concatenate([B])
np.stack([B])
np.block(B)
np.atleast_1d(B)
np.array([B])
np.asarray([B])[0]
B.clip(None,None)
np.clip(B,None,None)
np.trim_zeros(B[0])
np.sort(B)
np.round(B,1)
np.around(B,10)
np.pad(B,0)
np.insert(B,0,1)
np.unique(B)
np.lib.stride_tricks.sliding_window_view(B,(2,2))
np.asarray_chkfinite(B)
B.__array__()
np.delete(B,[])
np.append(B,[])
np.resize(B,(2,2))
np.select([B>-9],[B])
np.where(True,B,0)
np.compress([True,True],B,axis=0)
np.extract(True,B)
np.maximum(B,B)
next(iter(B))
list(B)[0]
[*B][1]
tuple(B)[0]
np.array_split(B.ravel(),2)[0]
np.dsplit(B[...,None],1)[0]
np.column_stack([B])
np.hstack([B])
np.cumsum(B)
np.fft.fftshift(B)
np.apply_along_axis(lambda r: r, 0, B)
np.linalg.matrix_power(B,1)
np.linalg.multi_dot([B,B])
np.matmul(B,np.eye(2))
np.trapezoid(B)
np.squeeze(np.expand_dims(B,1))
np.broadcast_to(B,(2,2))
np.broadcast_to(B,(1,2,2))
np.linalg.matrix_power(B, 0)
np.copysign(B,B)
abs(B)
B.round(3)
B.T.reshape(4)
B.reshape(4,order='F')
B.reshape(2,2,copy=True)
np.reshape(B,(4,),copy=False)
np.concat([B])
np.flatnonzero(B)
B.__copy__()
B.__getitem__(0)
np.unwrap(B)
np.interp(B,[0,1],[0,1])
np.kron(B,[[1.]])
np.outer(B,[1.])
np.gradient(B)[0]
np.ediff1d(B)
np.delete(B,1,0)
np.rollaxis(B,0)
np.average(B,axis=0)
np.median(B,axis=0)
""".strip().split("\n")


@pytest.mark.parametrize("made", MADE_OF_IT)
def test_a_write_reaches_what_it_reaches_in_numpy(made, notebook):
    """Whatever shares memory with `B` shares it when traced; or an error names the line."""
    try:
        eval(made, {"np": np, "B": np.ones((2, 2))})
    except (AttributeError, TypeError, ValueError) as error:
        pytest.skip(f"NumPy {np.__version__}: {error}")
    (program,) = programs(
        f"# {made}\nB = A*1.0\nu = {made}\n"
        "try:\n    u[...] = u*0 + x\nexcept ValueError:\n    u = u*y\n"
        "B[0, 1] = y\nnp.sum(u) + np.sum(B*[[1, 2], [3, 4]])*y"
    )
    for check, arguments in ((check_cell, (program, notebook)), (check_grad, (program,))):
        try:
            check(*arguments)
        except TapeError as refusal:
            assert "line" in str(refusal)  # noqa: PT017  either will do
