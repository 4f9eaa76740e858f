"""Tapes and functions that are saved, loaded and pickled: the same numbers without the code."""

import json
import pickle
import subprocess
import sys

import numpy as np
import pytest

import tapenb as tn

SURVEY = tn.record(lambda x, y: np.log(x) + x * y - np.sin(y), 2.0, 5.0)


def surveyed(x, y):
    """The value, gradient and Hessian of the survey's function, by its formulas."""
    value = np.log(x) + x * y - np.sin(y)
    return value, (1 / x + y, x - np.cos(y)), (-1 / x**2, 1.0, np.sin(y))


def agree(found, x, y):
    value, (dx, dy), (dxx, dxy, dyy) = surveyed(x, y)
    for number, expected in [
        (found.value, value),
        (found.gradient["x"], dx),
        (found.gradient["y"], dy),
        (found.hessian["x", "x"], dxx),
        (found.hessian["x", "y"], dxy),
        (found.hessian["y", "x"], dxy),
        (found.hessian["y", "y"], dyy),
    ]:
        np.testing.assert_allclose(number, np.broadcast_to(expected, np.shape(number)), rtol=1e-14)


@pytest.fixture
def survey(tmp_path):
    SURVEY.save(tmp_path / "tape.json")
    return tn.load(tmp_path / "tape.json")


def test_a_loaded_tape_has_the_numbers_of_the_formulas(survey):
    agree(survey, 2.0, 5.0)
    agree(survey.at(x=0.3), 0.3, 5.0)
    agree(survey(y=-1.0, x=7.0), 7.0, -1.0)
    agree(pickle.loads(pickle.dumps(survey)).at(x=1.5), 1.5, 5.0)
    assert survey.inputs == {"x": 2.0, "y": 5.0}


def test_many_points_of_a_loaded_tape(survey):
    x, y = np.linspace(0.1, 9, 20_000), np.linspace(-50, 50, 20_000)
    agree(survey.many(x=x, y=y), x, y)
    agree(survey.many(y=y), 2.0, y)
    assert survey.many(x=[]).value.shape == (0,)


@pytest.mark.parametrize(
    ("values", "error", "said"),
    [
        ({"z": [1.0]}, TypeError, "'z' is no input; the inputs are x, y"),
        ({"x": [1.0], "y": [1.0, 2.0]}, ValueError, "numbers of points differ: x 1, y 2"),
        ({"x": 1.0}, ValueError, "x needs an array with the points along its first axis"),
        ({}, ValueError, "needs an array"),
        ({"x": [[1.0]]}, ValueError, "x has shape"),
        ({"x": [1j]}, TypeError, "x is of float64, not of complex128"),
        ({"x": ["a"]}, TypeError, "x is of float64"),
    ],
)
def test_what_is_no_array_of_points_is_refused(survey, values, error, said):
    with pytest.raises(error, match=said):
        survey.many(**values)


def test_arrays_lists_and_second_derivatives_of_both(tmp_path):
    A = np.array([[2.0, 1.0], [0.5, 3.0]])
    tape = tn.record(lambda v, s: s * (v @ A @ v) ** 2, np.array([0.3, -0.7]), 1.5)
    tape.save(tmp_path / "tape.json")
    loaded, v, S = tn.load(tmp_path / "tape.json"), np.array([1.0, 2.0]), A + A.T
    found, q = loaded.at(v=v), v @ A @ v
    np.testing.assert_allclose(found.gradient["v"], 3.0 * q * (S @ v))
    wanted = 3.0 * (q * S + np.outer(S @ v, S @ v))
    np.testing.assert_allclose(found.hessian["v", "v"], wanted)
    np.testing.assert_allclose(found.hessian["v", "s"], 2 * q * (S @ v))
    np.testing.assert_allclose(found.hessian["s", "v"], 2 * q * (S @ v))
    np.testing.assert_allclose(loaded.many(v=[v, 2 * v]).value, [1.5 * q**2, 24 * q**2])


def test_the_order_is_chosen(tmp_path):
    SURVEY.save(tmp_path / "tape.json", order=1)
    loaded = tn.load(tmp_path / "tape.json")
    assert not loaded.hessian
    assert loaded.gradient["x"] == 5.5


def test_another_branch_is_refused_with_its_line(tmp_path):
    tape = tn.record(lambda x: x * x if x > 1 else -x, 2.0)
    tape.save(tmp_path / "tape.json")
    loaded = tn.load(tmp_path / "tape.json")
    with pytest.raises(tn.TapeError, match=r"line \d+, x > 1 was True: it is another program here"):
        loaded.at(x=0.5)
    with pytest.raises(tn.TapeError, match=r"x > 1 .* at 2 of 4 points, the first .* number 1\."):
        loaded.many(x=[2.0, 0.5, 3.0, -1.0])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": 7}, "version 7 of the format, where 1 is read"),
        ({"operations": ["frobnicate"]}, "frobnicate, which neither"),
        ({"operations": ["system"]}, "system, which neither"),
        ({"code": [0, 99]}, "the file is damaged"),
        ({"code": [0]}, "the file is damaged"),
        ({"code": []}, "the file is damaged"),
        ({"of": "a poem"}, "is no saved tape"),
    ],
)
def test_what_a_file_has_that_is_not_known_is_refused(tmp_path, change, said):
    path = tmp_path / "tape.json"
    SURVEY.save(path)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ValueError, match=said):
        tn.load(path)


@pytest.mark.parametrize("text", ["{", "[1]", "{}", "\xff"])
def test_another_file_is_refused(tmp_path, text):
    (tmp_path / "tape.json").write_text(text, "latin-1")
    with pytest.raises(ValueError, match="is no saved tape"):
        tn.load(tmp_path / "tape.json")


def test_what_has_no_form_in_numbers_says_so(tmp_path):
    tape = tn.record(lambda v: np.sum(v**2), np.zeros(10_000))
    with pytest.raises(tn.TapeError, match=r"by 10,000 numbers .* ask for order=1"):
        tape.save(tmp_path / "tape.json")
    with pytest.raises(tn.TapeError, match=r"10000 elements.*tn\.export"):
        tape.save(tmp_path / "tape.json", order=1)


# -- functions -------------------------------------------------------------------------------------


def loss(w, data, kind="square"):
    """Of a line, with parameters in a dict."""
    residuals = w["slope"] * data[:, 0] + w["offset"] - data[:, 1]
    return np.mean(residuals**2) if kind == "square" else np.mean(np.abs(residuals))


W, DATA = {"slope": 1.2, "offset": 0.3}, np.array([[0.0, 1.0], [1.0, 3.0], [2.0, 4.5]])


def test_a_function_s_program_is_the_function(tmp_path):
    program = tn.export(tn.value_and_grad(loss), W, DATA)
    program.save(tmp_path / "loss.json")
    copies = program, pickle.loads(pickle.dumps(program)), tn.load(tmp_path / "loss.json")
    for w in W, {"slope": -3.0, "offset": 7.0}:
        residuals = w["slope"] * DATA[:, 0] + w["offset"] - DATA[:, 1]
        for copy in (*copies, pickle.loads(pickle.dumps(copies[2]))):
            value, slopes = copy(w, DATA)
            np.testing.assert_allclose(value, np.mean(residuals**2))
            np.testing.assert_allclose(slopes["slope"], np.mean(2 * residuals * DATA[:, 0]))
            np.testing.assert_allclose(slopes["offset"], np.mean(2 * residuals))


def test_hessians_and_products_are_pickled():
    point, along = np.array([0.5, -1.0, 2.0]), np.array([1.0, 0.0, -1.0])
    wanted = -np.diag(np.sin(point)) + np.ones((3, 3))
    f = lambda v: np.sum(np.sin(v)) + np.sum(v) ** 2 / 2  # noqa: E731  not importable
    hessian = pickle.loads(pickle.dumps(tn.export(tn.hessian(f), np.ones(3))))
    product = pickle.loads(
        pickle.dumps(tn.export(lambda v, u: tn.hvp(f, (v,), (u,)), np.ones(3), np.ones(3)))
    )
    np.testing.assert_allclose(hessian(point), wanted)
    np.testing.assert_allclose(product(point, along), wanted @ along, atol=1e-15)


@tn.function
def decorated(x):
    return np.sin(x) * x


def test_compiled_functions_are_pickled_by_name_or_by_their_function(tmp_path):
    wrapped, many = tn.function(loss, threads=2), tn.vmap(loss, (None, 0))
    wrapped(W, DATA), many(W, DATA[None]), decorated(1.0)
    for text in pickle.dumps(wrapped), pickle.dumps(many), pickle.dumps(decorated):
        assert len(text) < 200
    assert pickle.loads(pickle.dumps(wrapped))(W, DATA) == loss(W, DATA)
    assert pickle.loads(pickle.dumps(many))(W, DATA[None]) == [loss(W, DATA)]
    assert pickle.loads(pickle.dumps(decorated)) is decorated
    tn.export(tn.function(loss), W, DATA).save(tmp_path / "loss.json")
    assert tn.load(tmp_path / "loss.json")(W, DATA) == pytest.approx(loss(W, DATA), rel=1e-15)


def test_long_arrays_and_lapack_are_pickled():
    rng = np.random.default_rng(0)
    A, b = rng.normal(size=(40, 40)) + 9 * np.eye(40), rng.normal(size=40)
    f = lambda A, b: np.sum(np.linalg.solve(A, b) ** 2)  # noqa: E731  a formula
    slope = pickle.loads(pickle.dumps(tn.export(tn.grad(f, 1), A, b)))
    np.testing.assert_allclose(slope(A, 2 * b), 4 * np.linalg.solve(A.T, np.linalg.solve(A, b)))


def test_a_pickle_needs_none_of_the_code(tmp_path):
    f = lambda x: x * np.tanh(x) if x > 0 else np.cosh(x)  # noqa: E731  a formula
    (tmp_path / "slope.pickle").write_bytes(pickle.dumps(tn.export(tn.grad(f), 1.0)))
    code = (
        "import pickle; f = pickle.load(open('slope.pickle', 'rb')); print(repr(float(f(0.5))))\n"
        "try: f(-1.0)\nexcept Exception as error: print(type(error).__name__, error)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    slope, refusal = ran.stdout.splitlines()
    assert float(slope) == pytest.approx(np.tanh(0.5) + 0.5 / np.cosh(0.5) ** 2, rel=1e-14)
    assert "x > 0" in refusal
    assert "test_saving.py" in refusal or "line" in refusal


def test_other_arguments_than_the_example_s_are_refused(tmp_path):
    program = tn.export(loss, W, DATA, "square")
    program.save(tmp_path / "loss.json")
    for copy in program, tn.load(tmp_path / "loss.json"):
        for args in [(W, DATA), (W, DATA, "other"), (list(W.values()), DATA, "square")]:
            with pytest.raises(TypeError, match=r"other arguments|not for 'other'"):
                copy(*args)
        with pytest.raises((TypeError, ValueError)):
            copy(W, DATA[:2], "square")


@pytest.mark.parametrize(
    ("f", "said"),
    [
        (lambda x: print(x) or x, "print"),
        (lambda x: x * np.random.default_rng().normal(), r"random|default_rng"),
        (lambda x: np.random.normal() * x, "random"),  # noqa: NPY002  users' own
        (lambda x: x.__setitem__(0, 2.0) or x, r"writes into its arguments|setitem"),
    ],
)
def test_what_no_recording_stands_for_is_refused(f, said):
    with pytest.raises(tn.TapeError, match=said):
        tn.export(f, np.ones(2))


def test_dicts_are_read_by_key_and_the_example_may_change(tmp_path):
    example = {"a": 1.0, "b": 2.0}
    program = tn.export(lambda p: p["a"] - p["b"], example)
    example["c"] = 3.0
    program.save(tmp_path / "difference.json")
    for copy in program, tn.load(tmp_path / "difference.json"):
        assert copy({"b": 1.0, "a": 5.0}) == 4.0
        assert copy.many({"b": np.ones(2), "a": np.array([5.0, 7.0])}).tolist() == [4.0, 6.0]
        with pytest.raises(TypeError, match=r"argument 1 has to have the keys .'a', 'b'., not"):
            copy({"a": 1.0, "c": 2.0})


@pytest.mark.parametrize(
    ("f", "x", "wanted"),
    [
        (np.exp, 1000.0, np.inf),
        (np.log, -1.0, np.nan),
        (np.log, 0.0, -np.inf),
        (lambda x: 1 / x, np.float64(0.0), np.inf),
    ],
)
def test_where_math_has_no_answer_a_program_gives_numpy_s(f, x, wanted):
    np.testing.assert_equal(tn.export(f, type(x)(1.5))(x), wanted)


def test_what_raises_in_python_raises_in_the_program():
    with pytest.raises(ZeroDivisionError):
        tn.export(lambda x: 1 / x, 1.0)(0.0)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (({"a": np.ones(3)},), r"shape \(2,\) as argument 1\['a'\], not for .* shape \(3,\)"),
        (({"a": [1.0, 2.0]},), r"argument 1\['a'\] has to be of type ndarray, not a list of 2"),
        (({"a": np.ones(2)}, 1.0), "it takes 1, not 2"),
    ],
)
def test_other_arguments_are_named(given, said):
    with pytest.raises(TypeError, match=said):
        tn.export(lambda p: np.sum(p["a"]), {"a": np.ones(2)})(*given)


def damaged(data):
    """Data without each key, with nothing in its place, and with something of another type."""
    for key, value in data.items():
        yield key, {name: each for name, each in data.items() if name != key}
        for wrong in None, True, "x", [None], {"x": None}, 1.5, -7, 10**12:
            if type(wrong) is not type(value):
                yield key, {**data, key: wrong}
    for key in "version", "inputs", "registers":
        yield key, {**data, key: 10**12}
    for key in data["arguments"][0]:
        for wrong in None, [None], 10**12:
            yield key, {**data, "arguments": [{**data["arguments"][0], key: wrong}]}
    yield "shown", {**data, "shown": {**data["shown"], "value": 1.5}}
    yield "shown", {**data, "shown": {**data["shown"], "value": data["registers"]}}
    yield "guards", {**data, "guards": []}
    yield "code", {**data, "code": [-2, *data["code"][1:]]}


@pytest.mark.parametrize("what", ["tape", "function"])
def test_every_damage_is_refused_with_the_file_s_name(tmp_path, what):
    path = tmp_path / "saved.json"
    program = tn.record(lambda x: x**3 if x > 0 else x, 2.0)
    (program if what == "tape" else tn.export(lambda x: x**3 if x > 0 else x, 2.0)).save(path)
    whole = json.loads(path.read_text())
    for key, data in damaged(whole):
        path.write_text(json.dumps(data))
        try:
            tn.load(path)
        except ValueError as error:
            assert "saved.json" in str(error), key  # noqa: PT017  or loads
        else:
            pytest.fail(f"{key!r} may be {data.get(key, 'missing')}")


@pytest.mark.filterwarnings("error")
def test_a_point_that_is_no_integer_is_refused_alone():
    program = tn.export(lambda n: 7 // n, 2)
    with pytest.raises(tn.TapeError, match="at 1 of 2 points, the first of which is number 1"):
        program.many(np.array([2, 0]))
