"""Ways that people write NumPy: each is right, or says why not; none is ever silently wrong.

Each line is tried as a cell is, with births, and through `grad`, without. Lines marked with a
dagger may refuse; all others must work in a cell.
"""

import copy
import functools
import itertools
import math
import operator

import numpy as np
import pytest

import tapenb as tn
from tapenb.autodiff.tape import TapeError

from .programs import as_cell, slope

X = np.array([0.7, 1.3, 0.4])
NAMES = {
    module.__name__.split(".")[-1]: module
    for module in (copy, functools, itertools, math, operator)
} | {"np": np}

IDIOMS = """
abs(x[0]-2)*x[1]
pow(x[0],3)+x[1]
2.0**x[0]
np.float64(3)**x[0]
np.array([1.,2.,3.])**x @ x
divmod(x[1],x[0])[1]*x[2]
round(x[0],2)*x[1]
sum([x[0],x[1]])*x[2]
max(x[0],x[1])*x[2]
sorted([x[0],x[1]])[0]*x[2]
(x[0] and x[1])*x[2]
functools.reduce(operator.mul,[x[0],x[1],x[2]])
list(itertools.accumulate([x[0],x[1]]))[-1]*x[2]
copy.copy(x)[0]*x[1]
copy.deepcopy(x)[0]*x[1]
float(x[0])*x[1] †
int(x[1])*x[0]
math.sin(x[0])*x[1] †
x[0].item()*x[1] †
sum(x.tolist())*x[0] †
np.array(x,dtype=float)[0]*x[1]
np.asarray(x)[0]*x[1]
np.random.default_rng(0).normal(loc=x[0])*x[1] †
np.sum(np.array([x[0],x[1]])*x[2])
np.sum(np.array([[x[0],1.0],[2.0,x[1]]])**2)
np.sum(np.stack([x[0],x[1]])**2)
np.sum(np.hstack([x[0],np.ones(2)*x[1],[1.0,2.0]])**2)
np.sum(np.concatenate([x,x*x])**2)
np.sum(np.full((2,3),x[0])**2)
np.sum(np.linspace(0,x[0],5)**2)
np.sum((np.arange(3)*x)**2)
np.sum(np.block([[x,x],[x*x,x]])**2)
np.sum(np.diag(x)**2)
np.sum(np.r_[x,x[0]]**2)
np.sum(np.c_[x,x*x]**2)
np.sum(np.fromfunction(lambda i,j: x[0]*i+j,(2,2))**2)
np.add.reduce(x*x)
np.multiply.reduce(x)
np.add.accumulate(x)[1]*x[0]
np.sum(np.add.outer(x,x)**2)
np.sum(np.multiply.outer(x,x)**2)
np.add.reduceat(x*x,[0,2])[0]
np.sum(np.multiply(x,x,where=[True,False,True],out=np.zeros(3)))
np.sum(np.multiply(x,x,dtype=np.float64))
np.sum(x*x,keepdims=True)[0]*x[1]
np.sum(x*x,initial=2.0)*x[1]
np.sum(x*x,where=[True,False,True])*x[1]
np.sum(np.vectorize(lambda v: v*v)(x))
np.sum(np.frompyfunc(lambda v: v*v,1,1)(x))
np.sum(np.apply_along_axis(lambda v: v*v,0,x))
np.sum(x[::-1]*np.array([1.,2.,3.]))
np.sum(x[...,None]*x)
np.sum(x[[0,0,2]]**2)
np.sum(x[np.array([True,False,True])]**2)
np.sum(np.outer(x,x)[np.ix_([0,1],[1,2])])
sum(v*v for v in x.flat)
sum(v*i for i,v in enumerate(x))
sum(v*i[0] for i,v in np.ndenumerate(x))
np.sum(x.reshape(3,1).ravel()**2)
np.sum(np.roll(x,1)*x)
np.sum(np.pad(x,2,mode='reflect')**2)
np.sum(np.tile(x,2)**2)
np.sum(np.repeat(x,2)**2)
np.sum(np.split(x,3)[0]**2)
np.sum(np.take_along_axis(x,np.argsort(x),0)*np.arange(3))
np.choose([0,1],[x[:2],x[1:]])[1]*x[0]
np.compress([True,False,True],x)[1]*x[0]
np.sum(x.astype(float)**2)
x[np.argmax(x)]*x[0]
x[np.searchsorted(np.array([0.,.5]),x[0])]*x[0]
np.unique(x)[0]*x[1]
x[np.nonzero(x>0.5)[0][0]]*x[2]
np.sum(np.piecewise(x,[x<0.5,x>=0.5],[lambda v:v*v,lambda v:v]))
np.sum(np.select([x<0.5],[x*x],x))
np.sum(np.clip(x,0.5,1.0)**2)
np.interp(x[0],[0.,1.],[2.,5.])*x[1]
np.trapezoid(x*x)
np.polyval([x[0],1.0],2.0)*x[1]
np.polyval(x,2.0)
np.sum(np.vander(x)**2)
np.sum(np.convolve(x,x))
np.sum(np.diff(x)**2)
np.sum(np.gradient(x)**2)
np.sum(np.cross(x,x[::-1])**2)
np.median(x)*x[0]
np.percentile(x,30)*x[0]
np.nansum(x*x)
np.prod(x)
np.sum(np.cumsum(x)**2)
np.sum(np.cumprod(x))
np.ptp(x)
np.average(x,weights=x)
np.var(x)
np.std(x)
np.sum(np.cov(x))
np.einsum('i,i',x,x)
np.sum(np.kron(x,x))
np.tensordot(x,x,1)
np.vdot(x,x)
np.inner(x,x)
np.sum(np.outer(x,x))
np.linalg.norm(x)
np.sum(np.linalg.solve(np.array([[x[0],1.],[0.,x[1]]]),[1.,2.]))
np.linalg.det(np.array([[x[0],1.],[0.,x[1]]]))
np.sum(np.abs(np.fft.fft(x)))
np.sum(np.sinc(x))
np.sum(np.i0(x))
np.sum(np.heaviside(x,0.5)*x)
np.modf(x)[0][1]*x[0]
np.frexp(x)[0][0]*x[1]
np.sum(np.fmod(x,0.5))
np.sum(np.copysign(x,-1.0))
np.sum(np.nextafter(x,2.0))
np.sum(np.sqrt([x[0],x[1]]))
np.ones((2,3)).dot(x)[0]*x[0]
np.ones(3).take([0])*x[0]
np.arange(3.).clip(0,x[1]).sum()*x[0]
np.where(x>0.5,x*x,x).sum()
np.where(x>0.5)[0].sum()*x[0]
x.dot(x)
x.max()*x[0]
x.min()*x[0]
x.mean()*x[0]
x.prod()
x.cumsum()[1]
x.std()
x.T @ x
(x if isinstance(x[0],float) else 2*x)[0]*x[1]
np.allclose(x,[0.7,1.3,0.4])*x[0]
x[0]**0
0**x[0]
np.sum(x)**2.0
np.max(x*np.ones(3))
np.amax([x[0],x[1]])*x[2]
np.maximum(x[0],x[1])*x[2]
np.sum(np.broadcast_to(x,(2,3))**2)
np.sum(np.meshgrid(x,x)[0]**2)
np.sum(np.insert(x,1,x[0])**2)
np.sum(np.append(x,x[0])**2)
np.sum(np.delete(x,1)**2)
np.sum(np.triu(np.outer(x,x)))
np.trace(np.outer(x,x))
np.sum(np.flip(x)*np.arange(3))
np.sum(np.atleast_2d(x)**2)
np.sum(np.nan_to_num(x)**2)
np.sum(np.real(x)**2)
np.sum(np.angle(x)+x)
np.sum((x+1j).real)
np.sum(np.float32(2)*x)
np.sum(np.array([x[0],2]).astype(int))*x[0]
{x[0]:1}[x[0]]*x[1] †
np.sum(np.sort(x)*np.arange(3))
np.sum(np.bincount([0,1,1],weights=x)**2)
np.histogram(x,weights=x)[0].sum()
np.count_nonzero(x>0.5)*x[0]
np.sum(np.logaddexp(x,1.0))
np.sum(np.hypot(x,x[::-1]))
np.isclose(x[0],0.7)*x[1]
x.view()[0]*x[1]
np.sum(x.copy()**2)
np.sum(x.flatten()**2)
np.sum(x.swapaxes(0,0)**2)
np.sum(x.repeat(2))
np.sum(np.array(list(map(np.sin,x))))
np.sum(np.array([v for v in x if v>0.5]))
np.fromiter((v*v for v in x),float).sum() †
np.sum(np.ma.array([1.,2.,3.])*x) †
np.dot([x[0],x[1]],[x[1],x[2]])
np.sum(np.empty(3)*0+x)
f"{x[0]}" and x[0]
str(x[0]) and x[0]
np.squeeze(x[None])[0]*x[1]
np.sum(np.swapaxes(np.outer(x,x),0,1)*np.arange(3))
np.argmin(x)*x[0]
np.add(x,x,out=np.zeros(3))[0]
np.sum(x, axis=-1)*x[0]
np.mean(np.outer(x,x),axis=(0,1))
np.sum(np.divide(1.0,x))
np.sum(1/x)
np.sum(-x%0.3)
np.sum(x//0.3)*x[0]
np.sum(np.vecdot(np.outer(x,x),x))
np.sum(np.linalg.inv(np.eye(3)+np.outer(x,x)))
np.linalg.slogdet(np.eye(3)+np.outer(x,x))[1]
np.sum(np.linalg.eigh(np.diag(x)+1.0)[0]*np.arange(3))
np.sum(np.linalg.svd(np.outer(x,x)+np.eye(3))[1]*np.arange(3))
np.sum(np.abs(np.fft.rfft(x,n=5))**2)
np.sum(np.real(np.fft.ifft(x*1j))+np.imag(np.fft.fft(x)))
np.sum(np.partition(x,1)*np.arange(3))
np.quantile(x,[0.2,0.9])@np.array([1.,2.])
np.sum(np.nancumsum(x))
np.sum(np.rot90(np.outer(x,x))*np.arange(9).reshape(3,3))
np.sum(np.array_split(x,2)[0])
np.sum(np.moveaxis(np.outer(x,x)[None],0,1)*x)
np.sum(np.extract([True,False,True],x)**2)
np.sum(np.resize(x,(2,2))**2)
np.logspace(0,x[0],3).sum()
np.geomspace(1.0,x[1],4).sum()
np.sum(np.atleast_1d(x[0])*x)
np.sum(np.tril(np.outer(x,x)))
np.sum(np.diagonal(np.outer(x,x))*x)
np.linalg.matrix_power(np.eye(3)*x,3).sum()
np.linalg.multi_dot([np.eye(3)*x,np.eye(3),x]).sum()
np.sum(np.polyfit(np.arange(3.),x,1))
np.sum(np.correlate(x,x,'full')*np.arange(5))
np.sum(np.unwrap(x*5))
np.sum(np.float_power(x,1.5))
np.divmod(x,0.3)[1].sum()
np.sum(np.maximum.accumulate(x))
np.logaddexp.reduce(x)
np.einsum('ij,j->i',np.outer(x,x),x).sum()
np.apply_over_axes(np.sum,np.outer(x,x),[0,1]).sum()
""".strip().split("\n")


def parse(line):
    line, dagger, _ = line.partition("†")
    return line.strip(), bool(dagger)


def function(line):
    namespace = dict(NAMES)
    exec(f"def f(x):\n    return {line}", namespace)
    return namespace["f"]


def plain(f, x):
    return float(np.squeeze(f(x)))


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("idiom", IDIOMS)
def test_in_a_cell(idiom):
    line, may_refuse = parse(idiom)
    f = function(line)
    expected, reference = f(X.copy()), slope(lambda x: plain(f, x), X)
    try:
        program, value = as_cell(f, X)
    except TapeError as refusal:
        if not may_refuse or "line" not in str(refusal):
            raise
        return
    np.testing.assert_array_equal(value, expected)
    if program.tape.demoted:
        # The input was merely read: its derivative is withheld, and the panel says so.
        assert may_refuse
        return
    gradient = program.point({}).gradient["x"]
    np.testing.assert_allclose(gradient, reference, atol=1e-5)


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("idiom", IDIOMS)
def test_through_grad(idiom):
    line, _ = parse(idiom)
    f = function(line)
    reference = slope(lambda x: plain(f, x), X)
    try:
        value, gradient = tn.value_and_grad(lambda x: np.sum(f(x)))(X)
    except TapeError as refusal:
        if "line" not in str(refusal):
            raise
        return
    np.testing.assert_array_equal(value, np.sum(f(X.copy())))
    np.testing.assert_allclose(gradient, reference, atol=1e-5)
