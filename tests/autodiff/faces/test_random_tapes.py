"""Random programs of tapes within tapes: the same numbers alone, and whoever else records.

The reference keeps its own books, in plain floats: every tape notes by identity which values it
follows and which operations it saw, and the backward sweep is made of such operations itself.
"""

from contextlib import ExitStack

import numpy as np
import pytest

import tapenb as tn
from tapenb.autodiff.tracing.state import is_traced

UNARY = ("sin", "copy", "plus zero", "plus", "times one")
BINARY = ("add", "multiply")


# -- the reference ---------------------------------------------------------------------------------


class Number:
    """A value, which is told apart by identity."""

    def __init__(self, value):
        self.value = value


class Reference:
    """A machine that computes with numbers while tapes look on."""

    def __init__(self):
        self.recording = []

    def constant(self, value):
        return Number(value)

    def compute(self, name, *inputs):
        a = inputs[0].value
        if name in BINARY:
            b = inputs[1].value
            out = Number(a + b if name == "add" else a * b)
        elif name in ("sin", "cos"):
            out = Number(np.sin(a) if name == "sin" else np.cos(a))
        else:
            out = Number(-a if name == "minus" else a)
        for tape in self.recording:
            seen = [id(each) in tape.followed for each in inputs]
            if any(seen):
                tape.operations.append((name, out, inputs, seen))
                tape.follow(out)
        return out

    def partials(self, name, inputs):
        """The partial derivatives, functions of the adjoint."""
        if name == "multiply":
            one, two = inputs
            return [
                lambda g: self.compute("multiply", g, two),
                lambda g: self.compute("multiply", g, one),
            ]
        if name == "sin":
            return [lambda g: self.compute("multiply", g, self.compute("cos", inputs[0]))]
        if name == "cos":
            sine = [lambda g: self.compute("multiply", g, self.compute("sin", inputs[0]))]
            return [lambda g: self.compute("minus", sine[0](g))]
        if name == "minus":
            return [lambda g: self.compute("minus", g)]
        return [lambda g: g] * len(inputs)

    def tape(self, persistent):
        return ReferenceTape(self, persistent)

    def variable(self, value):
        return ReferenceVariable(self, value)


class ReferenceVariable:
    """A cell whose readings are values of their own."""

    def __init__(self, machine, value):
        self.machine, self.value = machine, value

    def read(self):
        source = self
        out = Number(self.value)
        for tape in self.machine.recording:
            tape.follow(source)
            tape.operations.append(("copy", out, (source,), [True]))
            tape.follow(out)
        return out

    def assign_add(self, delta):
        self.value += delta


class ReferenceTape:
    def __init__(self, machine, persistent):
        self.machine, self.persistent = machine, persistent
        self.operations, self.followed, self.kept = [], set(), []

    def follow(self, value):
        self.followed.add(id(value))
        self.kept.append(value)  # an identity is used once only

    watch = follow

    def enter(self):
        self.machine.recording.append(self)

    def leave(self):
        if self in self.machine.recording:
            self.machine.recording.remove(self)

    stop, go_on = leave, enter

    def reset(self):
        self.operations, self.followed = [], set()

    def gradient(self, target, sources):
        if not self.persistent:
            self.leave()
        compute = self.machine.compute
        adjoints = {}
        if id(target) in self.followed or any(target is source for source in sources):
            adjoints[id(target)] = Number(1.0)
        for name, out, inputs, seen in reversed(self.operations.copy()):
            if id(out) not in adjoints:
                continue
            g = adjoints[id(out)]
            for one, partial, here in zip(
                inputs, self.machine.partials(name, inputs), seen, strict=True
            ):
                if here:
                    part = partial(g)
                    known = adjoints.get(id(one))
                    adjoints[id(one)] = part if known is None else compute("add", known, part)
        found = [adjoints.get(id(source)) for source in sources]
        return [each and compute("copy", each) for each in found]  # each a value of its own


# -- the engine under the same commands ------------------------------------------------------------


class Engine:
    def constant(self, value):
        return tn.constant(value)

    def compute(self, name, *inputs):
        x = inputs[0]
        if name == "add":
            return x + inputs[1]
        if name == "multiply":
            return x * inputs[1]
        if name == "copy":
            return np.copy(x) if np.ndim(x) else +x
        if name == "plus":
            return x[...] if np.ndim(x) else +x
        return np.sin(x) if name == "sin" else x + 0 if name == "plus zero" else x * 1

    def tape(self, persistent):
        return EngineTape(persistent)

    def variable(self, value):
        return EngineVariable(value)


class EngineVariable(tn.Variable):
    def read(self):
        return self.value()


class EngineTape:
    def __init__(self, persistent):
        self.tape = tn.GradientTape(persistent=persistent)
        self.stopped = ExitStack()

    def watch(self, value):
        self.tape.watch(value)

    def enter(self):
        self.tape.__enter__()

    def leave(self):
        self.stopped.close()
        self.tape.__exit__(None, None, None)

    def stop(self):
        self.stopped.enter_context(self.tape.stop_recording())

    def go_on(self):
        self.stopped.close()

    def reset(self):
        self.tape.reset()

    def gradient(self, target, sources):
        return self.tape.gradient(target, sources)


# -- programs --------------------------------------------------------------------------------------

CHANCES = {
    "compute": 12,
    "read": 3,
    "assign": 1,
    "begin": 4,
    "enter": 3,
    "leave": 3,
    "watch": 6,
    "stop": 2,
    "go_on": 2,
    "gradient": 5,
    "reset": 0.3,
}


def program_of(seed):
    """Random commands; each number in them is to be taken as a choice among what there is."""
    draw = np.random.default_rng(seed)
    kinds, weights = list(CHANCES), np.array(list(CHANCES.values()))
    # Of each tape whether it records, is stopped, was left, or is persistent and cannot be played.
    state, persistent, commands = [], [], []

    def one_that(*states):
        able = [k for k, each in enumerate(state) if each in states]
        return able[draw.integers(len(able))] if able else None

    for kind in draw.choice(kinds, int(draw.integers(10, 45)), p=weights / weights.sum()):
        picks = draw.integers(0, 1000, 5).tolist()
        if kind == "compute":
            commands.append((kind, None, str(draw.choice(UNARY + BINARY * 2)), picks))
        elif kind in ("read", "assign"):
            commands.append((kind, None, picks[0] % 2))
        elif kind == "begin":
            commands.append((kind, len(state), bool(picks[0] % 2)))
            state.append("records")
            persistent.append(bool(picks[0] % 2))
        else:
            allowed = {
                "enter": ("left",),
                "leave": ("records", "stopped", "played"),
                "watch": ("records",),
                "stop": ("records",),
                "go_on": ("stopped",),
                "gradient": ("records", "left"),
                "reset": ("records",),
            }
            k = one_that(*allowed[kind])
            if k is None:
                continue
            commands.append((kind, k, picks))
            after = {"enter": "records", "leave": "left", "stop": "stopped", "go_on": "records"}
            if kind == "leave" and state[k] == "played":
                state[k] = "over"
            elif kind == "gradient" and not persistent[k]:
                state[k] = "played" if state[k] == "records" else "over"
            else:
                state[k] = after.get(kind, state[k])
    still = [k for k, each in enumerate(state) if each in ("records", "stopped", "played")]
    return [*commands, *(("leave", k, []) for k in reversed(still))]


def choose(things, number):
    """One of some things, of the last ones as often as of all."""
    return things[-1 - number % min(4, len(things)) if number < 500 else number % len(things)]


def run(machine, commands, inputs, zero):
    """All gradients, zeros for those that are none, and which of them are."""
    one = zero + 1.0
    values = [*inputs, machine.constant(0.7 * one)]
    variables = [machine.variable(1.5 * one), machine.variable(0.5 * one)]
    tapes, watched, results, none = [], [], [], []
    for kind, k, *rest in commands:
        if kind == "compute":
            name, picks = rest
            operands = [choose(values, n) for n in picks[: 2 if name in BINARY else 1]]
            values.append(machine.compute(name, *operands))
        elif kind == "read":
            values.append(variables[rest[0]].read())
        elif kind == "assign":
            variables[rest[0]].assign_add(0.25)
        elif kind == "begin":
            tapes.append(machine.tape(rest[0]))
            watched.append(variables.copy())
            tapes[-1].enter()
        elif kind == "watch":
            value = choose(values, rest[0][0])
            tapes[k].watch(value)
            watched[k].append(value)
        elif kind == "gradient":
            target, *picks = rest[0]
            sources = [choose(watched[k], n) for n in picks[:3]] + [choose(values, picks[3])]
            found = tapes[k].gradient(choose(values, target), sources)
            none += [each is None for each in found]
            results += [machine.constant(zero) if each is None else each for each in found]
            values += [each for each in found if each is not None]
        else:
            getattr(tapes[k], kind)()
    return results, none


def total(values):
    """A number that depends on all of the results, each with a weight of its own."""
    result = 0.0
    for n, value in enumerate(values):
        result = result + value * (1.0 + 0.1 * n)
    return result


POINTS = (0.6, 1.1)
SHAPES = {"numbers": np.float64(0.0), "arrays": np.zeros(2)}


def expected(commands):
    """By the reference: the gradients, which are none, and the derivatives of their total."""
    machine = Reference()
    inputs = [machine.constant(point) for point in POINTS]
    outer = machine.tape(persistent=True)
    outer.enter()
    for each in inputs:
        outer.watch(each)
    results, none = run(machine, commands, inputs, 0.0)
    top = machine.constant(0.0)
    for n, value in enumerate(results):
        weight = machine.constant(1.0 + 0.1 * n)
        top = machine.compute("add", top, machine.compute("multiply", value, weight))
    outer.leave()
    slopes = [0.0 if each is None else each.value for each in outer.gradient(top, inputs)]
    return [each.value for each in results], none, slopes


@pytest.mark.filterwarnings("ignore:gradient.. inside the with block")
@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("start", range(0, 160, 20))
def test_random_programs(start, kind):
    zero = SHAPES[kind]
    for seed in range(start, start + 20):
        commands = program_of(seed)
        numbers, none, slopes = expected(commands)
        seen = []

        def program(*inputs, commands=commands, seen=seen):
            # A function that is not recorded, but run, is handed plain numbers.
            inputs = [x if is_traced(x) else tn.constant(x) for x in inputs]
            results, which = run(Engine(), commands, inputs, zero)
            seen.append(which)
            return results

        def check(found, what, numbers=numbers, seed=seed):
            found = [one.numpy() if hasattr(one, "numpy") else one for one in found]
            shown = f"{seed} {what}"
            assert len(found) == len(numbers), shown
            for one, other in zip(found, numbers, strict=True):
                np.testing.assert_allclose(one, other + zero, 1e-11, 1e-12, err_msg=shown)

        constants = [tn.constant(point + zero) for point in POINTS]
        check(program(*constants), "alone")
        with tn.GradientTape() as outer:
            outer.watch(constants)
            results = program(*constants)
            top = total(results)
        check(results, "under a tape")
        points = [point + zero for point in POINTS]
        if numbers:
            slope = outer.gradient(top, constants, unconnected_gradients="zero")
            check(slope, "the outer derivative", slopes)
            value, tangent = tn.jvp(program, tuple(points), (zero + 1.0, zero + 1.0))
            check(value, "in jvp")
            check([total(tangent)], "jvp", [sum(slopes)])
            check(tn.vjp(program, *points)[0], "in vjp")
            scalar = tn.grad(lambda *inputs: np.sum(total(program(*inputs))), argnums=(0, 1))
            check(scalar(*points), "grad", slopes)
            blocks = tn.jacobian(lambda *inputs: total(program(*inputs)), argnums=(0, 1))(*points)
            check(
                [np.sum(block, axis=-1) if zero.ndim else block for block in blocks],
                "jacobian",
                slopes,
            )
            function = tn.function(program)
            check(function(*points), "in a function")
            check(function(*points), "replayed")
        assert all(which == none for which in seen), seed
