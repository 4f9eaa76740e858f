"""Making arrays out of traced numbers."""

from .as_cell import both_ways

test_in_a_cell, test_through_grad = both_ways("""
# np.array([x, y])
np.sum(np.array([x, y])**2*v[0])

# np.array([[x, 1.0], [2.0, y]])
np.linalg.det(np.array([[x, 1.0], [2.0, y]]))

# np.array of rows that are arrays
M = np.array([v, v*x, [1.0, y, 3.0]])
np.sum(M @ M.T) + M[2, 1]*M.shape[0]

# np.array of a comprehension
np.sum(np.array([u*x for u in v])*v) + np.array([[a*b for a in v] for b in [x, y]]).sum()

# np.array with a dtype, an order and ndmin
a = np.array([x, 1], dtype=np.float64, ndmin=2)
b = np.array([[x, y], [1, 2]], order="F")
a.shape[0]*a[0, 0]*y + b.T[0, 1]

# np.array with dtype=float32
a = np.array([2.0*y, 1], dtype=np.float32)
b = np.array([x, y], dtype=complex)
np.sum(b.real**2) + a.size*x

# np.asarray([x, y])
np.asarray([x, y]) @ np.asarray((y, v[0]))

# np.stack
np.sum(np.stack([v, v*x], axis=1)**2) + np.sum(np.stack([v, v*y, np.ones(3)])[1])

# np.stack of numbers
np.sum(np.stack([x, y, 2.0])**2)

# np.hstack and np.vstack
np.sum(np.hstack([v, v*x])*np.arange(6)) + np.sum(np.vstack([v, v*y])[1]*x)

# np.hstack([x, np.ones(2)*y, [1.0, 2.0]])
np.sum(np.hstack([x, np.ones(2)*y, [1.0, 2.0]])**2)

# np.dstack and np.column_stack
np.sum(np.dstack([v, v*x])**2) + np.sum(np.column_stack([v, v*y, np.ones(3)])[:, 1]*x)

# np.concatenate
np.sum(np.concatenate([v, v*v, [1.0]])**2) + np.sum(np.concatenate([A, A*x], axis=1)[:, 3])

# np.concatenate with traced numbers in lists
np.sum(np.concatenate([[x, y], v])*np.arange(5))

# np.append, np.insert and np.delete
np.sum(np.append(v, x)**2) + np.sum(np.insert(v, 1, y)*np.arange(4)) + np.sum(np.delete(v, 1)**2)

# np.append in a loop
out = np.array([])
for u in v:
    out = np.append(out, u*x)
np.sum(out**2)

# np.full((2, 3), x)
np.sum(np.full((2, 3), x)*v) + np.full(2, y)[0]

# np.full of a row
np.sum(np.full((2, 3), v*x)**2)

# np.full_like
np.sum(np.full_like(v, x)*v)

# np.ones and np.zeros times x
np.sum(np.ones((2, 2))*x*A) + np.sum((np.zeros(3) + y)*v)

# np.linspace(0, x, 5)
np.sum(np.linspace(0, x, 5)**2) + np.linspace(x, y, 4, endpoint=False)[2]

# np.linspace with its step
t, h = np.linspace(0, y, 11, retstep=True)
h*np.sum(np.sin(t*x))

# np.logspace and np.geomspace
np.logspace(0, x, 3).sum() + np.geomspace(1.0, y, 4).sum()

# np.arange(3)*x
np.sum((np.arange(3)*x)**2) + np.sum(np.arange(1.0, 4.0)/y)

# np.arange with a traced step
np.sum(np.arange(0, 2.0, 0.3*x)**2)

# np.arange(0, y, 0.5)
np.sum(np.arange(0, y*1.01, 0.5)*x)

# np.arange from a traced start
np.sum(np.arange(x, 3.03)**2)

# np.zeros_like(x) then filled
w = np.zeros_like(v)
w[0] = x
w[1:] = v[:2]*y
np.sum(w**2)

# np.empty(3) filled in a loop
w = np.empty(3)
for i in range(3):
    w[i] = v[i]**2*x
w.sum()*y

# np.empty_like and np.ones_like
w = np.empty_like(v)
w[:] = x
u = np.ones_like(A)
u[0] *= y
np.sum(w) + np.sum(u*A)

# a matrix filled in two loops
n = 4
M = np.zeros((n, n))
for i in range(n):
    for j in range(n):
        M[i, j] = x**i*y**j + (i == j)
np.sum(np.linalg.inv(M + np.eye(n)))

# a band matrix by its diagonals
n = 5
M = np.zeros((n, n))
for i in range(n):
    M[i, i] = 2*x
    if i > 0:
        M[i, i - 1] = M[i - 1, i] = -y
np.linalg.solve(M + 3*np.eye(n), np.ones(n)).sum()

# M[i][j] = x
M = np.zeros((2, 2))
M[0][1] = x
M[1][0] = y
np.sum(M @ A)

# acc = np.zeros(3); acc += x*x
acc = np.zeros(3)
for k in range(3):
    acc += v*v*x
np.sum(acc*v)

# acc = np.zeros(3); acc = acc + x*x
acc = np.zeros(3)
for k in range(3):
    acc = acc + v*v*x
np.sum(acc*v)

# np.eye(3) with its diagonal assigned
M = np.eye(3)
M[np.arange(3), np.arange(3)] = v
M[np.diag_indices(3)] *= x
np.sum(M**2)*y

# np.identity with a corner
M = np.identity(2)
M[0, -1] = x
np.sum(np.linalg.matrix_power(M, 3)*A)

# a rotation matrix
R = np.array([[np.cos(x), -np.sin(x)], [np.sin(x), np.cos(x)]])
np.sum((R @ A @ R.T)[0]*y)

# a list appended to and then np.array
path = []
for u in v:
    path.append(u*x)
    path.append(path[-1]*y)
np.sum(np.array(path)**2)

# a list of rows and then np.vstack
rows = []
for k in range(3):
    rows.append(v*x**k)
M = np.vstack(rows)
np.sum(M*M)

# lists of lists filled, and then np.array
table = [[0.0]*3 for _ in range(2)]
table[0][1] = x
table[1][2] = y*x
np.sum(np.array(table)**2)

# [0.0]*n filled
n = 3
w = [0.0]*n
for i in range(n):
    w[i] = x*i + w[i - 1]
sum(w)*y

# np.meshgrid
X, Y = np.meshgrid(v, v*x)
Z = np.sin(X) + np.cos(Y)
np.sum(Z) + np.sum(np.meshgrid(v, [1.0, 2.0], indexing="ij")[0])

# np.mgrid and np.ogrid
i, j = np.mgrid[0:2, 0:3]
a, b = np.ogrid[0:1:3j, 0:2]
np.sum(x*i + y*j**2) + np.sum(x*a*b)

# np.indices
i, j = np.indices((2, 2))
np.sum(A*x**i*y**j)

# np.block
np.sum(np.block([[A, np.zeros((2, 1))], [np.ones((1, 2))*x, np.ones((1, 1))*y]])**2)

# np.block of numbers
np.linalg.det(np.block([[x, y], [1.0, 2.0]]))

# np.diag
np.sum(np.diag(v)**2)*x + np.sum(np.diag(A)) + np.sum(np.diag(v, 1)) + np.diagflat(v*y)[1, 1]

# np.diag of a list
np.sum(np.diag([x, y]) @ A)

# np.tri, np.tril and np.triu
np.sum(np.tril(A)*x) + np.sum(np.triu(A, 1)) + np.sum(np.tri(3)*v)

# np.r_
np.sum(np.r_[v, x, 1.0]*np.arange(5))

# np.r_ with slices and directives
np.sum(np.r_[0:3]*v) + np.sum(np.r_[0:1:5j]*x)

# np.c_
np.sum(np.c_[v, v*x]**2)

# np.fromfunction
np.sum(np.fromfunction(lambda i, j: x*i + y*j, (2, 3))**2)

# np.vander and np.tile
np.sum(np.vander(v, 3)*x) + np.sum(np.tile(v*y, (2, 2)))

# np.repeat of a number
np.sum(np.repeat(x, 4)) + np.sum(np.repeat(v, [1, 2, 3])*y)

# np.broadcast_to and np.broadcast_arrays
a, b = np.broadcast_arrays(v, A[:, :1]*x)
np.sum(np.broadcast_to(x, (2, 3))*v) + np.sum(a*b)

# np.copy
w = np.copy(v)
np.sum(w*x)

# np.atleast_1d, 2d and 3d
(
    np.sum(np.atleast_1d(x) * v)
    + np.sum(np.atleast_2d(v).T @ np.atleast_2d(y * np.ones(1)))
    + np.atleast_3d(A).sum()
)

# np.float64(3)**x
np.float64(2.0)*x + np.float64(3)**y

# np.float64 of a traced value †
np.float64(x*2)*y

# np.float32 of a number beside x
np.float32(0.5)*v[0]*x + np.int64(3)*y + np.uint8(2)*x

# np.bmat and np.asmatrix †
np.sum(np.asmatrix(A*x) @ np.asmatrix(A))*y

# np.kron, np.outer and np.multiply.outer
np.sum(np.kron(A, v)) + np.sum(np.outer(v, [x, y])) + np.sum(np.multiply.outer(v, A))

# np.outer of lists
np.sum(np.outer([x, y], [1.0, x])**2)

# np.triu_indices and tril_indices
M = np.zeros((3, 3))
M[np.triu_indices(3)] = np.arange(6)*x
M[np.tril_indices(3, -1)] = y
np.linalg.det(M + np.eye(3))

# np.require and np.ascontiguousarray
np.sum(np.ascontiguousarray(A.T)*x)*y

# np.zeros with a shape of a value
n = 3
np.sum(np.zeros(n) + v*x)*np.ones((n, 1)).size

# an array with a traced fill in a list of tuples
np.sum(np.array([(x, y), (1.0, v[0])])[:, 0]*2.0)

# np.array of an array of one element and of nested arrays
np.sum(np.array([v[:1], v[1:2]*x])) + np.array([[v, v*y], [v, v]])[0, 1, 2]

# a structured array †
a = np.zeros(2, dtype=[("p", float), ("q", float)])
a["p"][0] = x
np.sum(a["p"])*y

# an integer array that is to hold a float
w = np.zeros(3, dtype=int)
w[0] = x*2
np.sum(w)*y

# an array of booleans from comparisons
mask = np.array([u > 0.5 for u in v])
np.sum(v[mask])*x + mask.sum()*y

# np.array of traced integers
n = 2
k = np.array([n, n + 1])
np.sum(k*x)*y

# np.array with strings of values
labels = np.array([f"{u:.1f}" for u in (x, y)])
len(labels)*x*y

# object arrays †
w = np.array([x, y], dtype=object)
np.sum(w)*y

# np.empty of objects filled
w = np.empty(2, dtype=object)
w[0] = x*2
w[1] = y
w[0]*w[1]

# np.array of a number is an array without axes, which is written to
q = np.array(np.sin(x))
r = q
r += y
p = np.asarray(np.exp(x)).copy()
p[()] *= x
q*r + p*p[()] + q[None][0]
""")
