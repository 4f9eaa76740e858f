"""Constants of a cell that are inputs: expressions, arrays, tuples, dicts and attributes."""

import ast

import numpy as np
import pytest

from tapenb.magic.constants import constants_of, is_literal

CELLS = {
    "a multiple of pi": ("theta = np.pi/4\ny = np.sin(theta)", {"theta": np.cos(np.pi / 4)}),
    "a fraction": ("a = 1/3\ny = a**2", {"a": 2 / 3}),
    "a product": ("a = 1e-3*2\ny = a**2", {"a": 4e-3}),
    "a power": ("a = -2.0**2\ny = a**2", {"a": -8.0}),
    "two names at once": ("x = y = 0.7\nz = x**2 * y", {"x": 2 * 0.7**2, "y": 0.7**2}),
    "np.zeros": ("w = np.zeros(3)\ny = np.sum((w - 1.0)**2)", {"w": [-2.0, -2.0, -2.0]}),
    "np.array": ("w = np.array([np.pi, 1.])\ny = np.sum(w**2)", {"w": [2 * np.pi, 2.0]}),
    "np.full": ("w = np.full((2, 1), 1/2)\ny = np.sum(w**2)", {"w": [[1.0], [1.0]]}),
    "np.linspace": (
        "s = np.linspace(0, 1, 100)\ny = np.sum(s**2)",
        {"s": 2 * np.linspace(0, 1, 100)},
    ),
    "a tuple": ("p = (1.0, 2.0)\na, b = p\ny = a*b**2", {"p": [4.0, 4.0]}),
    "tuples in a tuple": (
        "p = ((1.0, 2.0), (3.0, 4.0))\ny = p[0][1]*p[1][0]",
        {"p": [[0, 3], [2, 0]]},
    ),
    "one that is no array": ("p = [1.0, [2.0, 3.0]]\na = 2.0\ny = p[0]*p[1][0]*a", {"a": 2.0}),
    "a dict": (
        'p = {"a": 1/2, "b": 2.0, "name": "p", "n": 3}\ny = p["a"]**2 * p["b"]',
        {'p["a"]': 2.0, 'p["b"]': 0.25},
    ),
    "dict()": ("p = dict(a=0.5)\ny = p['a']**2", {'p["a"]': 1.0}),
    "a list in a dict": (
        'p = {"w": [1.0, 2.0]}\ny = p["w"][0] * p["w"][1]',
        {'p["w"]': [2.0, 1.0]},
    ),
    "a namespace": (
        "from types import SimpleNamespace\np = SimpleNamespace(a=0.5, b=2.0)\ny = p.a**2 * p.b",
        {"p.a": 2.0, "p.b": 0.25},
    ),
    "an attribute": ("class P: pass\np = P()\np.a = 1/2\ny = p.a**2", {"p.a": 1.0}),
    "an item": ('p = {}\np["a"] = 0.5\ny = p["a"]**2', {'p["a"]': 1.0}),
}


@pytest.mark.parametrize("name", CELLS)
def test_a_constant_is_an_input(name, notebook):
    text, gradient = CELLS[name]
    notebook.run(f"%%tape -o t\n{text}")
    t = notebook.names["t"]
    if gradient:
        assert set(t.gradient) == set(gradient)
    for each, expected in gradient.items():
        np.testing.assert_allclose(t.gradient[each], expected, rtol=1e-14)
    plain = {"np": np}
    exec(text, plain)
    for each, value in plain.items():
        if isinstance(value, float | tuple | dict | np.ndarray) and each != "__builtins__":
            assert type(notebook.names[each]) is type(value)
            np.testing.assert_equal(notebook.names[each], value)


def test_what_the_notebook_has(notebook):
    notebook.run(
        "from types import SimpleNamespace\n"
        "class Model:\n"
        "    def __init__(self): self.rate, self.unread, self._hidden = 0.5, 1.0, 2.0\n"
        "    def value(self, x): return self.rate * x**2\n"
        "model, pair = Model(), (2.0, 3.0)\n"
        'p = {"a": 1.5, "text": "b", "w": np.array([1.0, 2.0])}\n'
        "bag = SimpleNamespace(c=4.0)\n"
    )
    before = dict(notebook.names["p"])
    notebook.run(
        '%%tape -o t\ny = model.value(p["a"]) * pair[1] * bag.c + np.sum(p["w"]**2) + model._hidden'
    )
    t = notebook.names["t"]
    assert set(t.gradient) == {"model.rate", 'p["a"]', 'p["w"]', "pair", "bag.c"}
    assert t.gradient["model.rate"] == 1.5**2 * 3 * 4
    assert t.gradient['p["a"]'] == 0.5 * 2 * 1.5 * 3 * 4
    np.testing.assert_array_equal(t.gradient['p["w"]'], [2.0, 4.0])
    assert t.gradient["bag.c"] == 0.5 * 1.5**2 * 3
    assert t(**{'p["a"]': 3.0}).value == 0.5 * 9 * 12 + 5 + 2
    assert notebook.names["model"].rate == 0.5
    assert all(notebook.names["p"][key] is before[key] for key in before)


def test_inputs_are_listed_by_any_such_name(notebook):
    notebook.run("%%tape theta -o t\ntheta = np.pi/4\nr = 2.0\ny = r*np.sin(theta)")
    assert set(notebook.names["t"].gradient) == {"theta"}
    notebook.run('%%tape p -o t\np = {"a": 1.0, "b": 2.0}\nr = 2.0\ny = r*p["a"]*p["b"]')
    assert set(notebook.names["t"].gradient) == {'p["a"]', 'p["b"]'}
    notebook.run('%%tape p["b"]=(0, 4) -o t\np = {"a": 1.0, "b": 2.0}\ny = p["a"]*p["b"]')
    assert notebook.names["t"].gradient['p["b"]'] == 1.0


@pytest.mark.parametrize(
    "text",
    [
        "x = 2.0\nu = np.zeros(3)\nu[0] = x\nu[1:] = x*x\ny = np.sum(u)",
        "x = 2.0\ns = 0.0\nfor i in range(3): s += x\ny = s + 0",
        "x = 2.0\nacc = np.zeros(2)\nacc += x\ny = np.sum(acc)",
        'x = 2.0\np = {"s": 0.0}\np["s"] += x\ny = p["s"]*1',
        "x = 2.0\nfor k in np.arange(3): x * k\ny = x * np.arange(3)[1]",
        "x = 2.0\nshape = (2, 3)\ny = np.sum(np.ones(shape) * x)",
    ],
)
def test_a_buffer_a_sum_and_a_shape_are_none(text, notebook):
    notebook.run(f"%%tape -o t\n{text}")
    assert set(notebook.names["t"].gradient) == {"x"}


def test_an_array_gets_no_hundred_sliders(notebook):
    notebook.run("%%tape -o t\nt0 = np.linspace(0, 1, 100)\ny = np.sum(t0)")
    assert not notebook.names["t"].panel.sliders


NO_CONSTANTS = ["True", "2j", "'a'", "x + 1", "np.sqrt(2)", "f(1.0)", "[]", "{}", "(2, 3)"]
NO_CONSTANTS += ["np.zeros(n)", "np.zeros(3, dtype=int)", "np.arange(3)", "np.zeros"]


@pytest.mark.parametrize("text", NO_CONSTANTS)
def test_what_is_no_constant(text):
    assert not is_literal(ast.parse(text, mode="eval").body)
    assert not constants_of(ast.parse(f"name = {text}").body[0])
