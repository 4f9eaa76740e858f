"""The graph folded by lines: the numbers of one round of a loop, held against plain Python."""

from pathlib import Path

import numpy as np
import pytest

import tapenb as tn
from tapenb.autodiff.sweeps.reverse import adjoints
from tapenb.views.folding import LEVELS, Folded, Paths
from tapenb.views.listing import Source

TEXT = Path(__file__).read_text(encoding="utf-8").splitlines()


def descent(a, b):
    y = a * 1.0
    for _ in range(300):
        f = np.sin(y) + a
        y = y - f * b
    return y * y


def helper(a, b):
    c = np.sin(a)
    return c * b + np.exp(-c)


def nested(p, q):
    x = p * 1.0
    for i in range(3):
        for _ in range(4):
            x = helper(x, q) + 0.1 * i
    return x * q


def some(a, k):
    c = np.sin(a)
    if k % 2:
        c = c * c
    return c + a


def sometimes(p):
    x = p * 1.0
    for k in range(61):
        x = some(x, k) * 0.1
    return x


def later(p):
    x = p * 1.0
    for k in range(5):
        if k > 2:
            x = x * 0.5
        x = np.sin(x) + p
    return x


def folded(function, *values, **options):
    first = function.__code__.co_firstlineno
    last = next(n for n in range(first, len(TEXT) + 1) if not TEXT[n].strip())
    tape = tn.record(function, *values)
    source = Source(__file__, first, tuple(TEXT[first - 1 : last]), scope=function.__name__)
    if options.pop("paths", False):
        return Paths(tape, source)
    return Folded(tape, adjoints(tape).edges, source, **options)


def boxes(graph, iteration=None):
    graph = graph.after(iteration)
    texts = [dict(node.lines).get("name") or node.lines[0][1] for node in graph.nodes]
    return dict(zip(texts, graph.numbers().nodes, strict=True)), {
        (edge.parent.lines[0][1], edge.child.lines[0][1], edge.back): number
        for edge, number in zip(graph.edges, graph.numbers().edges, strict=True)
    }


def turns(v):
    for _ in range(14):
        w = v[::-1]
        v = w * 2.0
    return np.sum(v)


def broken(x):
    for _ in range(2):
        y = (np.sin(x)
             + np.cos(2.0 * x))  # fmt: skip
        x = 0.5 * y
    return x


def test_a_line_that_is_broken_is_no_round():
    graph = folded(broken, 0.7)
    assert graph.iterations == 2
    first, second = "y = (np.sin(x)", "+ np.cos(2.0 * x)) # fmt: skip"
    x = 0.7
    for k in range(2):
        values, edges = boxes(graph, k)
        y = np.sin(x) + np.cos(2 * x)
        assert values[first] == f"{y:.6g}".replace("-", "−")
        # Within one round, and of each line its own part alone.
        slope = 0.5 * (1 if k else 0.5 * (np.cos(0.5 * y) - 2 * np.sin(y)))
        assert float(edges[second, first, False].replace("−", "-")) == pytest.approx(
            slope, rel=1e-5
        )
        if k:
            parts = {second: -2 * np.sin(2 * x), first: np.cos(x)}
            for line, part in parts.items():
                carried = edges["x = 0.5 * y", line, True].replace("−", "-")
                assert float(carried) == pytest.approx(slope * part, rel=1e-5)
        x = 0.5 * y


def test_an_operation_of_a_loop_stays_one_when_python_has_warmed_up():
    """After some rounds CPython calls a method inline: the frame stands behind the instruction."""
    paths = folded(turns, np.ones(3), paths=True)
    assert len(paths.of) == 1 + 14 * 2 + 1
    assert len(set(paths.of.values())) == 4


def test_a_loop_is_one_body_with_a_round():
    graph = folded(descent, 0.5, 0.1)
    assert [dict(node.lines).get("source") for node in graph.nodes][2:] == [
        "y = a * 1.0",
        "×300",
        "×300",
        "return y * y",
    ]
    assert graph.iterations == 300
    ys = [0.5]
    for _ in range(300):
        ys.append(ys[-1] - (np.sin(ys[-1]) + 0.5) * 0.1)
    slopes = [2 * ys[-1]]
    for y in ys[-2::-1]:
        slopes.insert(0, slopes[0] * (1 - 0.1 * np.cos(y)))
    for iteration in (0, 7, 299):
        values, edges = boxes(graph, iteration)
        y, slope = ys[iteration], slopes[iteration + 1]
        f, body = "f = np.sin(y) + a", "y = y - f * b"
        assert values[f] == f"{np.sin(y) + 0.5:.6g}".replace("-", "−")
        assert values[body] == f"{ys[iteration + 1]:.6g}".replace("-", "−")
        # To the round before: through the sine, and directly.
        carried = (body, f, True), (body, body, True)
        expected = (-0.1 * np.cos(y) * slope, slope) if iteration else (None, None)
        for edge, number in zip(carried, expected, strict=True):
            assert (edges[edge] and float(edges[edge].replace("−", "-"))) == (
                "" if number is None else pytest.approx(number, rel=1e-5)
            )
        assert float(edges["a", f, False].replace("−", "-")) == pytest.approx(
            -0.1 * slope, rel=1e-5
        )
    assert values["return y * y"] == f"{ys[-1] ** 2:.6g}"
    assert boxes(graph, 0)[0]["return y * y"] == "not yet run"


def test_it_is_drawn_with_the_loop_in_a_box_and_without_an_engine(monkeypatch):
    graph = folded(descent, 0.5, 0.1, output_name="z")
    assert "subgraph cluster_0" in graph.dot()
    assert graph.dot().count("constraint=false") == 2
    assert graph.svg().count('class="cluster"') == 1
    other = folded(descent, 0.5, 0.1)
    monkeypatch.setattr("tapenb.views.layout.render", lambda _: None)
    assert other.svg().count('class="edge"') == len(other.edges)
    assert other.text.splitlines()[1] == "n0  a: 0.5"


def test_a_text_of_too_many_lines_is_not_drawn(monkeypatch):
    monkeypatch.setattr("tapenb.views.folding.MOST", 3)
    graph = folded(descent, 0.5, 0.1)
    assert graph.svg() is None
    assert graph.text == "This graph has 6 lines, too many to draw (3 at most)."


def test_a_box_unfolds_into_boxes_within_frames_and_levels_have_ever_more():
    paths = folded(nested, 0.7, 1.2, paths=True)
    # Two inputs; three lines; of the second a call and a sum; of the call four operations.
    assert [paths.boxes(level) for level in LEVELS] == [2 + 3, 2 + 4, 2 + 8]
    assert len(paths.of) == 2 + 1 + 12 * 6 + 1

    lines = folded(nested, 0.7, 1.2)
    assert [each.get("path") for each in lines.of] == [None, None, None, [4], None]
    # The loops around the line are frames, one within the other.
    assert lines.dot().count("subgraph cluster_") == 2
    assert lines.groups == {}
    (line,) = (tuple(each["path"]) for each in lines.of if "path" in each)
    once = folded(nested, 0.7, 1.2, unfolded={line})
    assert once.groups == {"cluster_2": line}
    (call,) = (tuple(each["path"]) for each in once.of if "path" in each)
    assert call[:1] == line
    twice = folded(nested, 0.7, 1.2, unfolded={line, call})
    assert len(lines.nodes) < len(once.nodes) < len(twice.nodes) == 10
    assert twice.svg().count('class="cluster"') == 4
    assert list(twice.groups.values()) == [line, call]
    # What is unfolded within a folded box waits until that is unfolded.
    assert len(folded(nested, 0.7, 1.2, unfolded={call}).nodes) == len(lines.nodes)
    assert [node.lines for node in twice.nodes if dict(node.lines).get("name") == "c"] == [
        (("name", "c"), ("source", "np.sin(a)"), ("source", "×12"))
    ]

    x, xs = 0.7, []
    for i in range(3):
        for _ in range(4):
            c = np.sin(x)
            xs.append([c, c * 1.2, -c, np.exp(-c)])
            x = c * 1.2 + np.exp(-c) + 0.1 * i
    for iteration in (0, 5, 11):
        values, _ = boxes(twice, iteration)
        shown = [values[text] for text in ("c", "c * b", "-c", "np.exp(-c)")]
        assert shown == [f"{v:.6g}".replace("-", "−") for v in xs[iteration]]


def test_a_box_says_in_which_rounds_it_did_not_run():
    graph = folded(sometimes, 0.7, level="operations")
    (square,) = (n for n, node in enumerate(graph.nodes) if ("source", "c * c") in node.lines)
    once = np.sin((np.sin(0.7) + 0.7) * 0.1) ** 2
    assert [graph.after(k).numbers().nodes[square] for k in range(3)] == [
        "did not run",
        f"{once:.6g}",
        "did not run",
    ]
    graph = folded(later, 0.7)
    shown = [boxes(graph, k)[0]["x = x * 0.5"] for k in range(4)]
    assert shown[:3] == ["not yet run"] * 3
    assert float(shown[3])


def test_a_call_ran_as_often_as_it_was_made_whatever_ran_within():
    graph = folded(sometimes, 0.7, level="calls")
    counts = {node.lines[-2][1]: node.lines[-1][1] for node in graph.nodes[1:]}
    assert counts["some(x, k)"] == "×61"
    graph = folded(sometimes, 0.7, level="operations")
    counts = {node.lines[-2][1]: node.lines[-1][1] for node in graph.nodes[1:]}
    assert (counts["c * c"], counts["np.sin(a)"]) == ("×30", "×61")
