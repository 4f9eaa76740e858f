"""The graph: what is drawn, what it says, and that no text of a user's is taken as code."""

import re
import shutil
from xml.etree import ElementTree

import numpy as np
import pytest

import tapenb as tn
from tapenb.autodiff.sweeps.reverse import adjoints
from tapenb.views import layout
from tapenb.views.graph import LARGEST, Graph, graph
from tests.panel.recordings import survey

SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> dict[str, list[str]]:
    """The lines of text of each node and edge."""
    root = ElementTree.fromstring(svg)
    return {
        group.get("id"): [text.text or "" for text in group.findall(f"{SVG}text")]
        for group in root.iter(f"{SVG}g")
        if re.fullmatch(r"[ne]\d+", group.get("id", ""))
    }


@pytest.fixture
def drawing() -> Graph:
    return graph(tn.record(survey, 2.0, 5.0))


def test_the_surveys_graph(drawing: Graph):
    assert [(node.id, node.kind) for node in drawing.nodes] == [
        ("n0", "input"),
        ("n1", "input"),
        *((f"n{i}", "operation") for i in range(2, 6)),
        ("n6", "output"),
    ]
    assert texts(drawing.svg()) == {
        "n0": ["x", "2"],
        "n1": ["y", "5"],
        "n2": ["np.log(x)", "0.693147"],
        "n3": ["x * y", "10"],
        "n4": ["np.log(x) + x * y", "10.6931"],
        "n5": ["np.sin(y)", "−0.958924"],
        "n6": ["z", "np.log(x) + x * y - np.sin(y)", "11.6521"],
        "e0": ["0.5"],
        "e1": ["5"],
        "e2": ["2"],
        "e3": ["1"],
        "e4": ["1"],
        "e5": ["−0.283662"],
        "e6": ["1"],
        "e7": ["−1"],
    }


def test_text_form(drawing: Graph):
    assert drawing.text.splitlines()[1:] == [
        "n0  x = 2",
        "n1  y = 5",
        "n2  np.log(x) = 0.693147                         from n0 (0.5)",
        "n3  x * y = 10                                   from n0 (5), n1 (2)",
        "n4  np.log(x) + x * y = 10.6931                  from n2 (1), n3 (1)",
        "n5  np.sin(y) = -0.958924                        from n1 (-0.283662)",
        "n6  z = np.log(x) + x * y - np.sin(y) = 11.6521  from n4 (1), n5 (-1)",
    ]


def test_the_same_again(drawing: Graph):
    again = graph(tn.record(survey, 2.0, 5.0))
    assert (again.dot(), again.svg(), again.text) == (drawing.dot(), drawing.svg(), drawing.text)


def test_other_numbers_in_the_same_drawing(drawing: Graph):
    geometry = re.compile(r' (?:d|x|y|points|viewBox)="[^"]*"')
    tape = tn.record(survey, 7e-11, -123.456)
    moved = drawing.at(tape, adjoints(tape).edges)
    assert geometry.findall(moved.svg()) == geometry.findall(drawing.svg())
    assert texts(moved.svg())["n1"] == ["y", "−123.456"]
    assert texts(drawing.svg())["n1"] == ["y", "5"]


def test_only_what_the_output_depends_on():
    def f(x):
        np.exp(x)
        return x * 3 if x > 0 else x

    assert [node.lines[0][1] for node in graph(tn.record(f, 2.0)).nodes] == ["x", "x * 3"]


def test_what_an_entry_is_is_told_by_shape():
    drawing = graph(tn.record(lambda x: np.where(x > 1, x * x, x), 2.0))
    kinds = ["input", "decision", "operation", "output"]
    assert [node.kind for node in drawing.nodes] == kinds
    groups = {g.get("id"): g for g in ElementTree.fromstring(drawing.svg()).iter(f"{SVG}g")}
    corners = [
        [len(p.get("points").split()) for p in groups[f"n{n}"].iter(f"{SVG}polygon")]
        for n in range(4)
    ]
    # A closed square, a closed hexagon, and round ones, of which the output has two frames.
    assert corners == [[5], [7], [], []]
    assert [len(list(groups[f"n{n}"].iter(f"{SVG}path"))) for n in range(4)] == [0, 0, 1, 2]


def test_a_constant_that_a_function_within_was_differentiated_by_is_drawn():
    tape = tn.record(lambda x: sum(tn.grad(lambda p: p[0] * p[1] ** 2)([x, 3.0])), 2.0)
    assert ["input", "3"] in texts(graph(tape).svg()).values()


def test_a_long_name_keeps_to_its_box():
    def f(x):
        the_name_of_a_rather_long_result = x * 2
        return the_name_of_a_rather_long_result  # noqa: RET504  the graph shows the name

    svg = graph(tn.record(f, 2.0)).svg()
    (name,) = (t for t in ElementTree.fromstring(svg).iter(f"{SVG}text") if t.get("textLength"))
    assert name.text == "the_name_of_a_rather_long_result"
    path = next(
        p for p in ElementTree.fromstring(svg).iter(f"{SVG}path") if p.get("stroke") == "#2d8a50"
    )
    across = [float(x) for x in re.findall(r"(-?[\d.]+),", path.get("d"))]
    assert float(name.get("textLength")) < max(across) - min(across)


def test_what_flows_along_an_edge_stands_beside_it():
    svg = graph(tn.record(lambda v: np.sum(np.sin(v) ** 3), np.linspace(0.1, 2, 20))).svg()
    edges = [g for g in ElementTree.fromstring(svg).iter(f"{SVG}g") if g.get("class") == "edge"]
    assert len(edges) == 3
    for edge in edges:
        line = re.findall(r"(-?[\d.]+),", edge.find(f"{SVG}path").get("d"))
        assert float(edge.find(f"{SVG}text").get("x")) > max(map(float, line)) + 1


def test_an_operand_used_twice_has_two_edges():
    drawing = graph(tn.record(lambda x: x * x, 3.0))
    assert [(edge.id, edge.slot) for edge in drawing.edges] == [("e0", 0), ("e1", 1)]
    assert drawing.numbers().edges == ["3", "3"]


def test_an_edge_without_a_derivative_is_dashed():
    drawing = graph(tn.record(lambda x: np.where(x > np.floor(x), x, 0.0), 2.5))
    dashed = [edge for edge in drawing.edges if not edge.carries]
    assert dashed
    assert "(none)" in drawing.text
    assert drawing.dot().count("dashed") == len(dashed)
    assert drawing.svg().count("stroke-dasharray") == len(dashed)


def test_without_derivatives_no_edge_is_singled_out():
    drawing = Graph(tn.record(survey, 2.0, 5.0), {})
    assert drawing.numbers().edges == [""] * 8
    assert "dashed" not in drawing.dot()
    assert (
        drawing.text.splitlines()[4]
        == "n3  x * y = 10                                   from n0, n1"
    )


HOSTILE = [
    '"><script>alert(1)</script>',
    "<b>bold</b>",
    "<<b>html</b>>",
    r"back\nslash \N \G \L \\",
    '"]; evil [label="',
    "{a|b}<port>",
    "&lt;entity&gt; &amp; &#65;",
    "]]> <!-- -->",
    "\x00\x1b[31m\u202e\ud800",
    "line\nbreak\tand tab",
    "URL=http://example.org href=javascript:alert(1)",
    "数学" * 5,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_name_is_text(text: str):
    tape = tn.record(lambda x, y: x * y, 2.0, 5.0)
    tape.inputs = {text: tape.inputs["x"], "y": tape.inputs["y"]}
    drawing = graph(tape)
    # What a reader of the name sees, on one line, without what XML cannot carry.
    shown = drawing.nodes[0].lines[0][1]
    assert len(shown) > 3
    assert not re.search(r"[\x00-\x1f\u202e\ud800]", shown)

    svg = drawing.svg()
    assert texts(svg)["n0"] == [shown, "2"]
    root = ElementTree.fromstring(svg)
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "g", "title", "path", "polygon", "polyline", "ellipse", "text"}
    names = {name.lower() for element in root.iter() for name in element.attrib}
    assert not [name for name in names if name.startswith("on") or "href" in name]

    # Graphviz reads the DOT with the name in it as the same two nodes and an output.
    laid_out = layout.render(drawing.dot())
    assert texts(laid_out)["n0"] == [shown, "2"]
    assert len(re.findall(r'class="node', laid_out)) == 3

    html = drawing._repr_mimebundle_()["text/html"]
    assert re.fullmatch(
        r'<figure [^<>]*><img alt="[^<>"]*" src="[^<>"]*"><style>[^<]*</style></figure>', html
    )


def test_a_long_source_is_shortened_and_kept_whole_in_the_title():
    def f(x):
        return np.log(x + 1.0 + 2.0 + 3.0 + 4.0 + 5.0 + 6.0 + 7.0 + 8.0 + 9.0 + 10.0)

    node = graph(tn.record(f, 2.0)).nodes[-1]
    assert len(node.lines[-1][1]) <= 32
    assert "…" in node.lines[-1][1]
    assert "+ 7.0 + 8.0 + 9.0" in node.title


def many(x, n):
    for _ in range(int(n)):
        x = np.sin(x)
    return x


def test_a_graph_that_is_too_large_is_told_in_words(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(layout, "render", lambda dot: pytest.fail("it was laid out"))
    drawing = graph(tn.record(lambda x: many(x, 5000), 1.0))
    assert drawing.svg() is None
    assert drawing.text.startswith("This graph has 5001 nodes, too many to draw")
    assert len(drawing.text.splitlines()) < 40
    assert "… 4971 more …" in drawing.text
    assert "<img" not in drawing._repr_mimebundle_()["text/html"]


def test_the_largest_graph_is_drawn():
    drawing = graph(tn.record(lambda x: many(x, LARGEST - 1), 1.0))
    assert drawing.svg().count('class="node') == LARGEST


def test_without_an_engine_it_has_the_same_texts(monkeypatch: pytest.MonkeyPatch, drawing: Graph):
    with_engine = texts(drawing.svg())
    monkeypatch.setattr(layout, "render", lambda dot: None)
    assert texts(graph(drawing.tape).svg()) == with_engine


def test_a_tape_without_output_says_so():
    tape = tn.record(survey, 2.0, 5.0)
    tape.output = None
    with pytest.raises(ValueError, match="no output"):
        graph(tape)


def test_arrays(drawing: Graph):
    tape = tn.record(lambda w: np.sum(w * w), np.arange(100.0))
    found = texts(graph(tape).svg())
    assert found["n0"] == ["w", "(100,) [0, …, 99]"]
    assert found["n2"][-1] == "328350"


def test_figures_for_papers_are_saved(tmp_path, drawing: Graph, monkeypatch: pytest.MonkeyPatch):
    looks = {"left_to_right": True, "monochrome": True, "font_size": 22.0}
    large = drawing.tape.graph(**looks)
    assert "rankdir=LR" in large.dot()
    assert "fontsize=22" in large.dot()
    svg, usual = large.svg(), drawing.svg()
    assert set(re.findall('(?:fill|stroke)="([^"]*)"', svg)) <= {
        "black",
        "white",
        "none",
        "transparent",
    }
    side = re.compile(r' width="([\d.]+)pt"')
    viewed = [
        float(re.search(r'viewBox="[\d.]+ [\d.]+ ([\d.]+)', each)[1]) for each in (svg, usual)
    ]
    widths = [float(side.search(each)[1]) for each in (svg, usual)]
    assert widths[0] / viewed[0] == pytest.approx(2 * widths[1] / viewed[1], rel=1e-2)
    for name in ("graph.svg", "graph.dot"):
        large.save(tmp_path / name)
    assert (tmp_path / "graph.svg").read_text(encoding="utf-8") == svg
    if shutil.which("dot"):
        large.save(tmp_path / "graph.pdf")
        assert (tmp_path / "graph.pdf").read_bytes().startswith(b"%PDF")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(FileNotFoundError, match=r"Graphviz draws a PDF.*save the graph as \.svg"):
        large.save(tmp_path / "other.pdf")
    program = tmp_path / "dot"
    monkeypatch.setenv("PATH", str(tmp_path))
    for does, error, words in (
        ("echo no cairo here >&2; exit 1", OSError, "no PDF: no cairo here"),
        ("exec /bin/sleep 60", TimeoutError, r"0\.2 s: save it as \.svg"),
    ):
        program.write_text(f"#!/bin/sh\n{does}\n", encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setattr("tapenb.views.looks._SECONDS", 0.2)
        with pytest.raises(error, match=words):
            large.save(tmp_path / "other.pdf")
    with pytest.raises(ValueError, match=r"saved as \.svg, \.dot, \.pdf or \.png"):
        large.save(tmp_path / "graph.jpg")
