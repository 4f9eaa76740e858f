"""Containers of the user's classes that keep something computed of their items, against plain
Python and differences."""

import collections
import functools
import math
from dataclasses import dataclass, field

import numpy as np
import pytest

import tapenb as tn
from tapenb.autodiff.tape.operation import TapeError

from ..as_cell import slope


class Cached(collections.namedtuple("Cached", "a b")):
    @functools.cached_property
    def known(self):
        return self.a**2 * self.b


class Named(collections.namedtuple("Named", "a b")):
    def __new__(cls, a, b):
        self = super().__new__(cls, a, b)
        self.known = a**2 * b
        return self


class Point(tuple):
    def __new__(cls, parts):
        return super().__new__(cls, parts)

    def __init__(self, parts):
        self.known = parts[0] ** 2 * parts[1]


class Row(list):
    def __init__(self, parts):
        super().__init__(parts)
        self.known = parts[0] ** 2 * parts[1]


class Names(dict):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.__dict__ = self

    @property
    def known(self):
        return self.a**2 * self.b


@dataclass(frozen=True, slots=True)
class Frozen:
    a: float
    b: float
    known: float = field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "known", self.a**2 * self.b)


def cached(a, b):
    made = Cached(a, b)
    assert np.all(made.known == a**2 * b)
    return made


FORMS = {
    "a cached property": cached,
    "set by __new__": Named,
    "a tuple": lambda a, b: Point((a, b)),
    "a list": lambda a, b: Row([a, b]),
    "attributes that are its items": lambda a, b: Names(a=a, b=b),
    "a dataclass": Frozen,
}


def items(made):
    return [made.a, made.b] if hasattr(made, "a") else list(made)


@pytest.mark.parametrize("form", FORMS)
def test_what_is_computed_of_the_items_follows_them(form):
    make = FORMS[form]

    def f(made):
        return np.sin(made.known / 10)

    points = [(2.0, 3.0), (1.5, 3.0), (-2.0, 0.7)]
    replayed, program = tn.function(f), tn.export(f, make(*points[0]))
    for a, b in points:
        expected = math.sin(a**2 * b / 10)
        value, gradient = tn.value_and_grad(f)(make(a, b))
        assert type(gradient) is type(make(a, b))
        slopes = slope(lambda parts: f(make(*parts)), np.array([a, b]))
        np.testing.assert_allclose(items(gradient), slopes, rtol=1e-7)
        found = [value, replayed(make(a, b)), program(make(a, b))]
        np.testing.assert_allclose(found, expected, rtol=1e-14)
    many = tn.vmap(f)(make(*np.transpose(points)))
    np.testing.assert_allclose(many, [math.sin(a**2 * b / 10) for a, b in points], rtol=1e-14)
    curvature = items(items(tn.hessian(f)(make(2.0, 3.0)))[0])[0]  # of sin(3a²/10)
    np.testing.assert_allclose(curvature, 0.6 * math.cos(1.2) - 1.44 * math.sin(1.2), rtol=1e-13)


@pytest.mark.parametrize("form", [form for form in FORMS if "items" not in form])
def test_an_attribute_that_the_class_does_not_compute_so_is_refused(form):
    def f(made):
        return made.known * 1.0

    def changed(a, b):
        made = FORMS[form](a, b)
        if form == "a dataclass":
            object.__setattr__(made, "known", 7.0)
        else:
            vars(made)["known"] = 7.0
        return made

    made, program = changed(2.0, 3.0), tn.export(f, FORMS[form](2.0, 3.0))
    for call in (tn.grad(f), program, lambda made: tn.export(f, made)):
        with pytest.raises(TapeError, match=r"line \d.*known of this \w+ is not what .* or hand"):
            call(made)
    with pytest.raises(TapeError, match="known of this"):
        tn.vmap(f)(changed(np.ones(2), np.ones(2)))
    assert tn.function(f)(made) == 7.0


def test_words_are_no_part_of_a_derivative_and_stay():
    row = Row([2.0, 3.0])
    del row.known
    row.name = "r"
    gradient = tn.grad(lambda row: row[0] * row[1] * (row.name == "r"))(row)
    assert (gradient, gradient.name) == ([3.0, 2.0], "r")


def test_results_keep_their_attributes_and_derivatives_have_none():
    def f(x):
        row = Row([x, x * x])
        row.seen = 3
        return row

    value, tangent = tn.jvp(f, (2.0,), (1.0,))
    assert (value, value.known, type(value.known), value.seen) == ([2.0, 4.0], 16.0, float, 3)
    assert (tangent, tangent.known) == ([1.0, 4.0], None)
    value = tn.vjp(lambda x: Names(a=x, b=x * x), 2.0)[0]
    assert (value, value.b, type(value.b)) == ({"a": 2.0, "b": 4.0}, 4.0, float)


# -- dataclasses -----------------------------------------------------------------------------------


@dataclass
class Degrees:
    angle: float

    def __post_init__(self):
        self.angle *= math.pi / 180


@dataclass
class Positive:
    a: float

    def __post_init__(self):
        if self.a <= 0:
            raise ValueError
        self.a = max(self.a, 1)
        self.half = self.a / 2


@dataclass
class Doubled:
    a: np.ndarray
    count: int = field(init=False, default=0)

    def __post_init__(self):
        self.a *= 2
        self.half = self.a / 2


@dataclass
class Noisy:
    a: float
    unknown: float = field(init=False)
    steps: int = field(init=False, default=0)

    def __post_init__(self):
        self.unknown = math.nan
        self.generator = np.random.default_rng(0)
        self.cube = lambda: self.a**3


def test_what_is_done_after_init_is_not_done_twice():
    value, gradient = tn.value_and_grad(lambda d: np.sin(d.angle))(Degrees(30.0))
    np.testing.assert_allclose([value, gradient.angle], [0.5, math.sqrt(0.75)], rtol=1e-14)
    made = Doubled(np.array([1.0, 2.0]))
    with pytest.raises(TapeError, match="half of this Doubled is not what"):
        tn.grad(lambda d: np.sum(d.a * d.half))(made)
    assert (made.a.tolist(), made.half.tolist()) == ([2.0, 4.0], [1.0, 2.0])


def test_a_gradient_is_no_object_that_its_class_has_checked():
    assert tn.grad(lambda p: np.log(p.a))(Positive(4.0)).a == 0.25
    assert tn.grad(lambda p: -p.half)(Positive(4.0)).a == -0.5
    assert tn.hessian(lambda p: p.a**2 * p.half)(Positive(4.0)).a.a == 12.0


def test_objects_and_nan_are_computed_anew_and_a_result_is_not_checked():
    assert tn.grad(lambda d: d.cube())(Noisy(2.0)).a == 12.0

    def f(x):
        made = Noisy(x)
        made.steps = 3
        return x * x, made

    slope, made = tn.grad(f, has_aux=True)(2.0)
    assert (slope, made.a, type(made.a), made.steps) == (4.0, 2.0, float, 3)


# -- sequences -------------------------------------------------------------------------------------


class Sequence:
    def __init__(self, parts):
        self.parts, self.reads = parts, 0

    def __len__(self):
        return len(self.parts)

    def __getitem__(self, key):
        self.reads += 1
        return self.parts[key]


@pytest.mark.parametrize(
    "of", [np.asarray, np.sum, lambda s: np.multiply(2.0, s), lambda s: np.full(3, 2.0) * s]
)
def test_a_sequence_is_read_as_often_as_numpy_reads_it(of):
    plain, sequence = Sequence([1.0, 2.0, 3.0]), Sequence([1.0, 2.0, 3.0])
    expected = of(plain)
    value = tn.jvp(lambda x: of(sequence) * x, (1.0,), (1.0,))[0]
    np.testing.assert_array_equal(value, expected)
    assert sequence.reads == plain.reads


def test_to_numpy_what_has_elements_by_name_is_one_object():
    frame = Sequence({"a": 1.0})

    def f(x):
        arrays = np.array([frame], dtype=object), np.full(2, frame, object), np.atleast_1d(frame)
        return x, [(array.shape, array[0] is frame) for array in arrays]

    assert tn.grad(f, has_aux=True)(1.0)[1] == [((1,), True), ((2,), True), ((1,), True)]


def test_stats_name_what_cannot_be_told_apart():
    f = tn.function(lambda made: made["a"] * 2)
    f(Names(a=1.0))
    assert "an argument of type Names cannot be told apart" in str(f.stats())


@dataclass
class Model:
    w: float

    def __post_init__(self):
        self.act, self.table, self.square = np.tanh, {"linear": 2.0}, self.w**2
        self.rng = np.random.default_rng(3)


def changed(**attributes):
    model = Model(0.5)
    vars(model).update(attributes)
    return model


def test_functions_words_and_generators_are_as_the_user_left_them():
    model = changed(act=np.sin, label="mine", training=False)
    found = tn.value_and_grad(lambda m: m.act(m.w) + m.square)(model)
    assert (found[0], found[1].w) == (math.sin(0.5) + 0.25, math.cos(0.5) + 1.0)
    model = changed()
    model.rng.normal()
    after = np.random.default_rng(3).normal(size=2)[1]
    assert tn.grad(lambda m: m.w * m.rng.normal())(model).w == after
    with pytest.raises(TypeError, match="act"):
        tn.export(lambda m: m.act(m.w), Model(0.5))(changed(act=np.sin))


@pytest.mark.parametrize("table", [{"square": 2.0}, {"linear": 3.0}])
def test_other_keys_and_numbers_than_the_class_gives_are_refused(table):
    with pytest.raises(TapeError, match="table of this Model is not what its class computes"):
        tn.grad(lambda m: m.w * sum(m.table.values()))(changed(table=table))
