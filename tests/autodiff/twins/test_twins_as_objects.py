"""What a twin passes for, and what the user's code keeps of NumPy."""

import copy
import functools
import gc
import inspect
import pickle
import threading
import types
import weakref
from types import SimpleNamespace
from unittest import mock

import numpy
import numpy as np
import pytest
import scipy.special
import scipy.stats

import tapenb as tn
from tapenb.autodiff.tape.tape import CURRENT

from .users_code import INTERFACES, ZEROS


def test_a_twin_passes_for_what_it_stands_for():
    def f(x):
        assert isinstance(np, types.ModuleType)
        assert inspect.ismodule(np)
        assert np.float64 is type(np.float64(1))
        assert np.ndarray is numpy.ndarray
        assert np.pi == 3.141592653589793
        assert isinstance(np.zeros(2), np.ndarray)
        assert pickle.loads(pickle.dumps(np.float64)) is np.float64
        assert pickle.loads(pickle.dumps(np.zeros(2))).tolist() == [0.0, 0.0]
        assert pickle.loads(pickle.dumps(np.sin))(0.0) == 0.0
        assert copy.deepcopy({"f": np.zeros})["f"](2).tolist() == [0.0, 0.0]
        assert inspect.signature(np.mean)
        assert np.zeros.__name__ == "zeros"
        assert "zeros" in dir(np)
        assert isinstance(np.sin, np.ufunc)
        assert {np.sin: 1}[np.sin] == 1
        assert np == numpy
        assert np == numpy
        assert {np: 1}[numpy] == 1
        assert np.lib.stride_tricks.sliding_window_view(np.zeros(3), 2).shape == (2, 2)
        return x * x

    assert tn.grad(f)(2.0) == 4.0


SUMS, BY_FUNCTION = {np.sum, np.sin}, {np.array: "array", np.linspace: "linspace"}


class Summing:
    """A class that holds a function in C, which binds no object."""

    builtin = np.array


def test_twins_are_keys_and_pickles_as_what_they_stand_for():
    apart = []

    def f(x):
        assert np.sum in SUMS
        assert np.sin in SUMS
        assert np.mean not in SUMS
        assert BY_FUNCTION[np.array] == "array"
        assert BY_FUNCTION[np.linspace] == "linspace"
        assert {np.sum: 1}[next(iter(SUMS - {np.sin}))] == 1
        assert np.sum != np.mean
        assert np.sum != 3
        assert len({np.sum, np.mean, np.zeros}) == 3
        assert np.add.reduce == np.add.reduce != np.add.outer
        assert pickle.loads(pickle.dumps(np.zeros)) == ZEROS
        assert pickle.loads(pickle.dumps([np.mean, scipy.special.logsumexp]))[0]([1.0, 3.0]) == 2.0
        thread = threading.Thread(target=lambda: apart.append(pickle.dumps(np.zeros)))
        thread.start()
        thread.join()
        assert type(Summing().builtin([1.0])).__name__ != "Summing"
        assert repr(np.zeros) == repr(ZEROS)
        assert not inspect.isfunction(np.zeros)
        assert inspect.isbuiltin(np.zeros)
        assert copy.deepcopy([np.zeros])[0](2).shape == copy.copy(np.zeros)(2).shape == (2,)
        u = copy.deepcopy({"f": np.zeros})["f"](2)
        u[0] = x
        return u[0] * x

    assert tn.grad(f)(2.0) == 4.0
    assert pickle.loads(apart[0]) is ZEROS


def test_what_others_put_in_numpys_place_is_what_everyone_gets():
    def f(x):
        with mock.patch("numpy.zeros", return_value="patched"):
            assert np.zeros(3) == "patched"
        assert np.zeros(3).shape == (3,)
        with mock.patch.object(np, "ones", return_value="patched"):
            assert np.ones(3) == "patched"
        u = np.ones(3)
        u[0] = x
        return u[0] * x

    assert tn.grad(f)(2.0) == 4.0
    assert np.ones(2).tolist() == [1.0, 1.0]
    with mock.patch("numpy.zeros", lambda n: ZEROS(n) + 5.0):
        assert tn.grad(lambda x: np.zeros(3)[0] * x)(2.0) == 5.0
    with mock.patch("numpy.of_this_test", 7.0, create=True):
        assert tn.grad(lambda x: np.of_this_test * x)(2.0) == 7.0


@pytest.mark.parametrize("recorded", [lambda f: f, tn.checkpoint])
def test_what_is_made_of_a_kept_array_is_numpys_own_afterwards(recorded):
    kept = []

    def f(x):
        kept.append(np.ones(3))
        return np.sum(kept[-1] * x)

    assert tn.grad(recorded(f))(2.0) == 3.0
    assert {type(array * 2.0) for array in kept} == {np.ndarray}


def test_what_a_function_keeps_lets_go_of_its_tape():
    tapes = []

    @functools.cache
    def grid(n):
        return np.linspace(0.0, 1.0, n)

    model = SimpleNamespace(buffer=None)

    def f(x):
        tapes.append(weakref.ref(CURRENT.get().operations))
        model.buffer = np.ones(3) * 2.0
        return np.sum(grid(5) * x) + np.sum(model.buffer * x)

    class Operations(list):
        """A list that can be referred to weakly."""

    def recorded(x):
        CURRENT.get().operations = Operations(CURRENT.get().operations)
        return f(x)

    assert tn.grad(recorded)(2.0) == 8.5
    gc.collect()
    assert tapes[0]() is None
    kept = grid(5)
    assert isinstance(kept, np.ndarray)
    assert type(kept * 2.0) is np.ndarray
    assert type(np.sum(kept)) is np.float64
    np.testing.assert_array_equal(kept, [0.0, 0.25, 0.5, 0.75, 1.0])
    kept[0] = 4.0
    assert kept.tolist()[0] == 4.0
    assert tn.grad(recorded)(3.0) == 12.5

    def write(x):
        model.buffer[0] = x
        return np.sum(model.buffer)

    with pytest.raises(tn.TapeError, match="outside of this recording"):
        tn.grad(write)(2.0)


# -- what the user's code keeps of NumPy -----------------------------------------------------------


class Keeper:
    """An object that takes NumPy where it has none."""

    xp = None

    def get(self):
        if self.xp is None:
            self.xp = np
        return self.xp


def in_attribute(kept):
    kept.keeper.get()


def in_dict(kept):
    kept.table["z"] = np.zeros


def in_global(kept):
    global stored
    stored = np


def in_global_by_import(kept):
    global stored
    from numpy import zeros as stored


def in_namespace(kept):
    globals()["stored"] = np


def in_class(kept):
    kept.of_class.fn = np.array


def in_default(kept):
    def h(xp=np, *, make=np.zeros):
        return xp, make

    kept.functions.append(h)


def in_closure(kept):
    xp = np
    kept.functions.append(lambda: (xp, xp.zeros))


def in_partial(kept):
    kept.table["p"] = functools.partial(np.sum, axis=0)


def in_nested(kept):
    kept.table["n"] = {"deep": [SimpleNamespace(pair=(np, np.zeros))]}


def moved_in_list(kept):
    kept.items.insert(0, None)


def moved_in_dict(kept):
    kept.table["b"] = kept.table.pop("a")


KEEPING = [
    in_attribute,
    in_dict,
    in_global,
    in_global_by_import,
    in_namespace,
    in_class,
    in_default,
    in_closure,
    in_partial,
    in_nested,
    moved_in_list,
    moved_in_dict,
]


stored = None


def kept_places():
    return SimpleNamespace(
        keeper=Keeper(),
        table={"a": np.zeros},
        functions=[],
        items=[np, 1.0],
        of_class=type("OfClass", (), {"__module__": __name__}),
    )


def check_kept(kept, keep):
    """That what was kept is NumPy's own, and was kept at all."""
    found = {
        in_attribute: lambda: kept.keeper.xp is numpy,
        in_dict: lambda: kept.table["z"] is ZEROS,
        in_global: lambda: stored is numpy,
        in_global_by_import: lambda: stored is ZEROS,
        in_namespace: lambda: stored is numpy,
        in_class: lambda: kept.of_class.fn is numpy.array,
        in_default: lambda: kept.functions[0]() == (numpy, ZEROS),
        in_closure: lambda: kept.functions[0]() == (numpy, ZEROS),
        in_partial: lambda: kept.table["p"].func is numpy.sum,
        in_nested: lambda: kept.table["n"]["deep"][0].pair == (numpy, ZEROS),
        moved_in_list: lambda: kept.items == [None, numpy, 1.0],
        moved_in_dict: lambda: kept.table == {"b": ZEROS},
    }
    assert found[keep]()


@pytest.fixture
def nothing_stored():
    yield
    globals()["stored"] = None


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize("interface", ["grad", "jvp", "GradientTape"])
@pytest.mark.parametrize("keep", KEEPING)
def test_what_the_users_code_keeps_is_numpys_own_afterwards(keep, interface):
    kept = kept_places()

    def f(x):
        keep(kept)
        u = np.zeros(2)
        u[0] = x
        return u[0] * x

    assert INTERFACES[interface](f, 3.0) == 6.0
    check_kept(kept, keep)


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize("keep", KEEPING)
def test_what_is_kept_in_an_inner_recording_serves_the_outer(keep):
    kept = kept_places()

    def inner(x):
        keep(kept)
        return x * x

    def outer(x):
        slope = tn.grad(inner)(x)
        u = (kept.keeper.xp or np).zeros(2)
        u[0] = slope
        return u[0] * x

    assert tn.grad(outer)(3.0) == 12.0
    check_kept(kept, keep)
