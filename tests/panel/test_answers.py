"""The page in front of a slow, lossy and dying kernel: what is shown is always of one point."""

import json
import math
import random
import shutil
import subprocess
from collections.abc import Callable

import numpy as np
import pytest

from tapenb import explore
from tapenb.panel.live import Panel

from .players import BROWSER
from .recordings import branch, record

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="no node")

# A page whose kernel answers late, or not all it was sent, hears of other views, and may end.
PLAYED = """
const [answersAt, movesAt, numbersAt] = process.argv.slice(1, 4);
const { answers } = await import(answersAt), { VIEW } = await import(movesAt);
const { drawn, plain } = await import(numbersAt);
let input = "";
for await (const part of process.stdin) input += part;
const { tape, inputs, state, stories } = JSON.parse(input);
const texts = ({ x, y }) => [x * y, y, x].map((number) => drawn(plain(number)));
const brief = ({ x, y }) => drawn(plain(x * y, 6));
const wrong = [];
for (const story of stories) {
  const kernel = { moves: {}, positions: { ...state.positions } };
  const traits = { tape, inputs, curve: {}, along: "", position: {},
    state: { ...state, moves: {} } };
  const page = answers({ get: (name) => traits[name] }), sent = [], own = {};
  let ended = false;
  for (const [kind, label, value] of story) {
    if (kind === "move") {
      const known = traits.state.moves[label]?.[0] ?? 0;
      own[label] = [Math.max(known, own[label]?.[0] ?? 0) + 1, value];
      traits.position = { view: VIEW, moves: { ...own } };
      if (!ended) sent.push([VIEW, traits.position.moves]);
    } else if (kind === "other" && !ended) {
      sent.push(["zz", { [label]: [(kernel.moves[label]?.[0] ?? 0) + 1, value] }]);
    } else if (kind === "hear" && sent.length) {
      const [view, moves] = sent.splice(value % sent.length, 1)[0];
      for (const [each, [counter, to]] of Object.entries(moves)) {
        const [had, by] = kernel.moves[each] ?? [0, ""];
        if (counter > had || (counter === had && view > by)) {
          kernel.moves[each] = [counter, view];
          kernel.positions[each] = to;
        }
      }
    } else if (kind === "answer" && !ended) {
      const [z, dx, dy] = texts(kernel.positions);
      traits.state = { ...state, moves: { ...kernel.moves }, positions: { ...kernel.positions },
        rows: [["z", z], ["∂z/∂x", dx], ["∂z/∂y", dy]], nodes: undefined, edges: undefined };
    } else if (kind === "end") {
      ended = true;
      page.alone(true);
    }
    const shown = page.get("state"), [z, dx, dy] = texts(shown.positions);
    const mine = Object.entries(own).filter(([each, [counter]]) => {
      const [had, by] = traits.state.moves[each] ?? [0, ""];
      return counter > had || (counter === had && VIEW > by);
    });
    const to = Object.fromEntries(mine.map(([each, [, x]]) => [each, x]));
    const right = JSON.stringify(shown.rows.map((row) => row[1])) === JSON.stringify([z, dx, dy])
      && Object.entries({ ...traits.state.positions, ...to }).every(
        ([each, x]) => shown.positions[each] === x)
      && (mine.length ? shown.ahead && shown.nodes.at(-1) === brief(shown.positions)
        : shown === traits.state);
    if (!right) wrong.push([story, kind, shown]);
  }
}
process.stdout.write(JSON.stringify({ wrong: wrong.slice(0, 2), count: wrong.length }));
"""


def story(chance: random.Random) -> list[list]:
    """What happens to a page, in some order."""
    kinds = chance.choices(["move", "hear", "answer", "other", "end"], [5, 4, 4, 2, 0.3], k=30)
    return [
        [
            kind,
            chance.choice("xy"),
            chance.randint(0, 9) if kind == "hear" else round(chance.uniform(-4, 4), 3),
        ]
        for kind in kinds
    ]


def test_what_is_shown_is_of_one_point_whatever_the_kernel_does():
    panel = Panel(record(lambda x, y: x * y, 2.0, 5.0))
    tape = panel._played.of(*panel._of_output(), panel.inputs)
    state = {key: value for key, value in panel.state.items() if key not in ("plot", "orders")}
    chance = random.Random(11)
    told = {
        "tape": tape,
        "inputs": panel.inputs,
        "state": state,
        "stories": [story(chance) for _ in range(300)],
    }
    places = [(BROWSER / f"{name}.js").as_uri() for name in ("answers", "moves", "numbers")]
    command = ["node", "--no-warnings", "--input-type=module", "-e", PLAYED, *places]
    said = subprocess.run(
        command, input=json.dumps(told), capture_output=True, text=True, check=False
    )
    panel.close()
    assert not said.stderr
    assert json.loads(said.stdout) == {"wrong": [], "count": 0}


ANSWERED = """
const { answers } = await import(process.argv[1]), { VIEW } = await import(process.argv[2]);
let input = "";
for await (const part of process.stdin) input += part;
const { tape, inputs, state, look, to, alone } = JSON.parse(input);
const traits = { tape, inputs, look, state: { ...state, moves: {} }, curve: {}, along: "",
  position: { view: VIEW, moves: { x: [1, to] } } };
const page = answers({ get: (name) => traits[name] });
page.alone(Boolean(alone));
const answered = page.get("state");
"""

SWITCHED = """
const { rows, stale, positions } = answered;
process.stdout.write(JSON.stringify({ z: rows[0][1], stale, positions }));
"""


def test_a_page_plays_no_program_of_another_switch():
    waiting = []
    recording = record(lambda x: x * x, 2.0, later=waiting.append)
    recording.point.program.switches = {"flag": True}
    panel = Panel(recording)
    panel._make_tape()
    places = [(BROWSER / f"{name}.js").as_uri() for name in ("answers", "moves")]
    command = ["node", "--no-warnings", "--input-type=module", "-e", ANSWERED + SWITCHED, *places]

    def shown() -> dict:
        """What a page shows once x moves to 3."""
        state = {key: value for key, value in panel.state.items() if key not in ("plot", "orders")}
        told = {"tape": dict(panel.tape), "inputs": panel.inputs, "state": state, "to": 3}
        said = subprocess.run(
            command, input=json.dumps(told), capture_output=True, text=True, check=False
        )
        assert not said.stderr
        return json.loads(said.stdout)

    try:
        assert shown() == {"z": "9", "stale": False, "positions": {"x": 3, "flag": 1}}
        panel.sliders["flag"].value = 0
        assert len(waiting) == 1  # the cell is still to run again
        assert shown() == {"z": "4", "stale": True, "positions": {"x": 2.0, "flag": 0}}
    finally:
        panel.close()


BEHIND = """
const { ahead, behind, vector: [{ bars }] } = answered;
process.stdout.write(JSON.stringify({ ahead, behind, slopes: bars.map((bar) => bar[2]) }));
"""


def test_bars_that_the_page_moves_are_not_behind_it():
    panel = Panel(record(lambda x, v: np.sum(v) * x, 2.0, np.arange(9.0)))
    panel._make_tape()
    left_out = "plot", "orders", "trace", "listing", "surface"
    state = {key: value for key, value in panel.state.items() if key not in left_out}
    assert state["vector"]
    assert panel.tape["tape"]
    told = {"tape": dict(panel.tape), "inputs": panel.inputs, "state": state, "to": 3}
    panel.close()
    places = [(BROWSER / f"{name}.js").as_uri() for name in ("answers", "moves")]
    command = ["node", "--no-warnings", "--input-type=module", "-e", ANSWERED + BEHIND, *places]
    said = subprocess.run(
        command, input=json.dumps(told), capture_output=True, text=True, check=False
    )
    assert not said.stderr
    # At x = 3 the slope of x Σ v by each element is 3; what was recorded is of x = 2.
    assert json.loads(said.stdout) == {"ahead": True, "behind": [], "slopes": [3.0] * 9}


UNFOLDED = """
const { behind, listing: { lines, calls } } = answered;
const valuesOf = (of) => of.map(({ value }) => value);
process.stdout.write(JSON.stringify({ behind, values: valuesOf(lines),
  calls: calls?.map((each) => valuesOf(each.lines)) }));
"""


def square(x):
    return x * x


def called(x):
    u = square(x)
    return u * x


@pytest.mark.parametrize(
    ("known", "alone", "expected"),
    [
        (True, False, {"behind": [], "calls": [[9]]}),
        # Those of many rounds are the kernel's; without it nobody knows them.
        (False, False, {"behind": ["calls"]}),
        (False, True, {"behind": [], "calls": []}),
    ],
)
def test_lines_of_a_called_function_move_with_the_page_or_are_behind_it(known, alone, expected):
    panel = explore(called, x=2.0).panel
    panel.look = {**panel.look, "listing": {"open": True, "iteration": None, "unfolded": [[1]]}}
    panel._make_tape()
    state = {key: value for key, value in panel.state.items() if key not in ("plot", "orders")}
    assert [line["value"] for line in state["listing"]["calls"][0]["lines"]] == [4]
    told = {name: getattr(panel, name) for name in ("tape", "inputs", "look")}
    told |= {"state": state, "alone": alone, "to": 3}
    assert told["tape"]["show"]["listing"]["functions"]
    if not known:
        told["tape"]["show"]["listing"]["functions"] = None
    panel.close()
    places = [(BROWSER / f"{name}.js").as_uri() for name in ("answers", "moves")]
    command = ["node", "--no-warnings", "--input-type=module", "-e", ANSWERED + UNFOLDED, *places]
    said = subprocess.run(
        command, input=json.dumps(told), capture_output=True, text=True, check=False
    )
    assert not said.stderr
    assert json.loads(said.stdout) == {"values": [9, 27], **expected}


BRANCHED = """
const { answers } = await import(process.argv[1]), { VIEW } = await import(process.argv[2]);
let input = "";
for await (const part of process.stdin) input += part;
const { tape, inputs, state, picture, program } = JSON.parse(input);
const traits = { tape, inputs, picture, program, curve: {}, along: "x",
  state: { ...state, moves: {} }, position: { view: VIEW, moves: {} } };
const events = {}, on = (name, callback) => { (events[name] ??= new Set()).add(callback); };
const off = (name, callback) => events[name].delete(callback);
const page = answers({ get: (name) => traits[name], on, off }), heard = [], said = [];
const set = (name, value) => {
  traits[name] = value;
  for (const callback of events[`change:${name}`]) callback();
};
for (const name of ["picture", "program", "inputs"]) {
  page.on(`change:${name}`, () => heard.push(name));
}
const tell = () => {
  const { rows, stale } = page.get("state"), own = page.get("picture") === picture;
  const texts = Object.values(page.get("program").entries).map((entry) => entry.formula);
  said.push([rows[0][1], stale, own, texts.at(-1), heard.splice(0).length]);
};
for (const [count, x] of [4, 5, 2.5, 9].entries()) {
  set("position", { view: VIEW, moves: { x: [count + 1, x] } });
  tell();
}
// The kernel has heard, and runs the cell again.
set("state", { ...state, stale: true, status: "recording", positions: { x: 9, y: 5 },
  moves: { x: [4, VIEW] } });
tell();
set("tape", {});
tell();
process.stdout.write(JSON.stringify(said));
"""


def test_another_branch_is_the_page_s_until_the_kernel_answers():
    panel = Panel(record(branch, 2.0, 5.0))
    panel._make_tape()
    panel._maker.join()
    left_out = "plot", "orders", "trace", "listing", "surface"
    state = {key: value for key, value in panel.state.items() if key not in left_out}
    told = {name: getattr(panel, name) for name in ("tape", "inputs", "picture", "program")}
    panel.close()
    places = [(BROWSER / f"{name}.js").as_uri() for name in ("answers", "moves")]
    command = ["node", "--no-warnings", "--input-type=module", "-e", BRANCHED, *places]
    said = subprocess.run(
        command,
        input=json.dumps({**told, "state": state}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert not said.stderr
    # Above 3 a product, below a quotient; its drawing and its names come and go with it.
    assert json.loads(said.stdout) == [
        ["20", False, False, "x × y", 3],
        ["25", False, False, "x × y", 0],
        ["0.5", False, True, "x / y", 3],
        ["45", False, False, "x × y", 3],
        ["45", False, False, "x × y", 0],
        ["0.4", True, True, "x / y", 3],
    ]


STEADY = """
process.stdout.write(JSON.stringify([answered.rows[0][1], answered.rows[1][1], answered.nodes]));
"""


def steady(function: Callable, rows: list | None = None) -> list:
    """Texts of a page at x = 3 where the kernel said rows at x = 2, those of a function or some."""
    panel = Panel(record(function, 2.0))
    panel._make_tape()
    places = [(BROWSER / f"{name}.js").as_uri() for name in ("answers", "moves")]
    command = ["node", "--no-warnings", "--input-type=module", "-e", ANSWERED + STEADY, *places]
    state = {key: value for key, value in panel.state.items() if key not in ("plot", "orders")}
    told = {"tape": panel.tape, "inputs": panel.inputs, "to": 3}
    told["state"] = {**state, "rows": rows or state["rows"]}
    panel.close()
    said = subprocess.run(
        command, input=json.dumps(told), capture_output=True, text=True, check=False
    )
    assert not said.stderr
    return json.loads(said.stdout)


def test_numbers_that_cancel_do_not_flicker():
    def shown(text: str) -> list:
        # The value is rounding alone, of other bits at each x; the slope is none.
        return steady(lambda x: (x + 0.1) - x - 0.1, [["z", text], ["∂z/∂x", "1"]])

    for kept in ("0", "−2.775557562e-17", "2.2e-16"):
        value, slope, nodes = shown(kept)
        assert value == kept
        assert slope == "0"
        assert nodes[0] == "3 (adjoint 0)"
    assert abs(float(shown("0.25")[0].replace("−", "-"))) < 1e-15


@pytest.mark.parametrize(
    ("function", "value", "slope"),
    [
        # Avogadro's number times Boltzmann's: c is 8.31036, and the slope exp(−1/nc)/n²c.
        (
            lambda x: np.exp(-1 / (x * 6.022e23 * 1.38e-23)),
            math.exp(-1 / (3 * 8.31036)),
            math.exp(-1 / (3 * 8.31036)) / (9 * 8.31036),
        ),
        (lambda x: np.where(x < 1e18, 2 * x, 0.0), 6.0, 2.0),
        (lambda x: (x * 6.02214076e23) * 1e-23 + 0 * x, 3 * 6.02214076, 6.02214076),
        (lambda x: 1e30 * x - 1e30 * (x - 1e-3), 1e27, 0.0),
    ],
)
def test_numbers_beside_large_ones_follow_the_page(function, value, slope):
    shown = steady(function)
    assert [float(text.replace("−", "-")) for text in shown[:2]] == pytest.approx(
        [value, slope], rel=1e-9
    )
    assert shown[2][0] == ("3" if slope else "3 (adjoint 0)")
