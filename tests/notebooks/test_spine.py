"""Every lesson has one spine: an opening, its sections, an end, and the words it may use."""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import nbformat
import pytest

from .execute import COURSE
from .minutes import look
from .pictures import CELLS as CELLS_WITH_PICTURES

LESSONS = {
    "01_slope": "What is a slope?",
    "02_numerically": "By hand and numerically",
    "03_symbolically": "Symbolically",
    "04_tape": "The tape",
    "05_chain_rule": "The chain rule, taken apart",
    "06_forward": "Forward accumulation",
    "07_reverse": "Reverse accumulation",
    "08_which_way": "Which way round?",
    "09_second_derivative": "The derivative of a derivative",
    "10_arrays": "Arrays",
    "11_downhill": "Downhill and uphill",
    "12_unknown_equation": "The unknown equation",
    "13_network": "A network learns",
    "14_where_it_is_used": "Where it is used",
    "15_kinks_and_traps": "Kinks and traps",
    "16_memory": "Memory",
    "17_sparsity": "Sparsity",
    "18_implicit": "Solutions that are defined, not computed",
    "19_own_rule": "Make your own rule",
}
NAMES = list(LESSONS)
MINUTES = re.compile(
    r"^\*About (?P<minutes>\d+) minutes\. "
    r"Before it: (?:nothing|lessons? (?P<before>(?:\d+(?:, \d+)* and )?\d+))\.\* "
    r"\[!\[Open in Binder\]\(https://mybinder\.org/badge_logo\.svg\)\]"
    r"\(https://mybinder\.org/v2/gh/[^/\s]+/tapenb/HEAD\?urlpath=lab/tree/notebooks/(?P<file>\S+)\)$",
    re.MULTILINE,
)
SECTIONS = re.compile(r"^## (.+)$", re.MULTILINE)
BULLETS = re.compile(r"^[-*] ", re.MULTILINE)
LINKS = re.compile(r"(?P<image>!?)\[(?P<text>[^\[\]]*)\]\((?P<target>[^()\s]*)\)")
CELLS, LINES = (8, 20), 25


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=nbformat.NO_CONVERT)


def prose(notebook: nbformat.NotebookNode) -> str:
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def section(text: str, heading: str) -> str:
    """What stands below a heading."""
    return text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


PATHS = [COURSE / f"{name}.ipynb" for name in NAMES]


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture
def lesson(path: Path) -> nbformat.NotebookNode:
    return read(path)


def test_the_course_is_these_lessons():
    assert [each.stem for each in sorted(COURSE.glob("[0-9]*.ipynb"))] == ["00_index", *NAMES]


def number(path: Path) -> int:
    return NAMES.index(path.stem) + 1


def test_a_lesson_opens_with_title_minutes_what_it_needs_and_what_it_gives(path, lesson):
    first = lesson.cells[0]
    assert (first.cell_type, first.id) == ("markdown", "title")
    lines = first.source.splitlines()
    assert lines[0] == f"# Lesson {number(path)}: {LESSONS[path.stem]}"
    line = MINUTES.search(first.source)
    assert line, "no line of minutes, lessons before and Binder"
    assert 15 <= int(line["minutes"]) <= 45
    before = [int(each) for each in re.findall(r"\d+", line["before"] or "")]
    assert before == sorted(set(before))
    assert all(1 <= each < number(path) for each in before)
    assert line["file"] == path.name
    _, gives = first.source.split("After this lesson you can")
    assert 2 <= len(BULLETS.findall(gives)) <= 4


@cache
def needed(lesson: int) -> set[int]:
    """The lessons that this one needs, and those that they need."""
    line = MINUTES.search(read(PATHS[lesson - 1]).cells[0].source)
    before = {int(each) for each in re.findall(r"\d+", line["before"] or "")}
    return before.union(*map(needed, before))


def test_a_lesson_uses_terms_and_lessons_only_of_what_it_needs(path, lesson):
    text, n = prose(lesson), number(path)
    known = needed(n) | {n}
    listed = " ".join(re.findall(r"\blessons? (\d+(?:(?:, | and | to )\d+)*)", text))
    assert {int(each) for each in re.findall(r"\d+", listed) if int(each) < n} <= known
    terms = glossary()
    rest = words(text)  # without the longer terms first: a tangent line is no tangent
    for term in sorted((each for each in terms if terms[each] in known), key=len, reverse=True):
        while found := find(term, rest):
            rest = rest[: found.start()] + " · " + rest[found.end() :]
    assert not [term for term, at in terms.items() if at not in known and find(term, rest)]


def test_a_question_is_to_be_predicted_and_answered_later(lesson):
    second = lesson.cells[1]
    assert (second.cell_type, second.id) == ("markdown", "predict")
    assert second.source.startswith("## Predict first\n")
    choices = re.findall(r"^- \*\*([A-D])\*\*", second.source, re.MULTILINE)
    assert choices == list("ABCD")[: len(choices)]
    assert len(choices) >= 2
    later = [cell.source for cell in lesson.cells[2:] if cell.cell_type == "markdown"]
    headings = re.findall(r"^#+ .*$", "\n".join(later), re.MULTILINE)
    assert headings.count("### The answer to the prediction") == 1


PREDICTIONS = tomllib.loads((COURSE / "predictions.toml").read_text(encoding="utf-8"))
PREDICTION = """from tapenb.course import predict

choice = ...     # {choices}
reason = ...     # why, in a sentence
predict("{lesson}", choice, reason)"""


def test_every_prediction_belongs_to_a_lesson():
    assert list(PREDICTIONS) == NAMES


def test_a_prediction_is_a_cell_that_nobody_has_filled_in(path, lesson):
    choices = re.findall(r"^- \*\*([A-D])\*\*", lesson.cells[1].source, re.MULTILINE)
    quoted = [f'"{choice}"' for choice in choices]
    named = f"{', '.join(quoted[:-1])} or {quoted[-1]}"
    cell = lesson.cells[2]
    assert (cell.cell_type, cell.id) == ("code", "prediction")
    assert cell.source == PREDICTION.format(choices=named, lesson=path.stem)
    assert [output.text for output in cell.outputs] == ["○ not attempted yet\n"]


def test_the_minutes_are_those_of_the_rule(path, lesson):
    stated = int(MINUTES.search(lesson.cells[0].source)["minutes"])
    assert stated == look(path).minutes, "python -m tests.notebooks.minutes --write"


def test_the_end_says_what_is_done(lesson):
    (at,) = [at for at, cell in enumerate(lesson.cells) if cell.id == "progress"]
    assert "## Exercises" in lesson.cells[at + 1].source
    cell = lesson.cells[at]
    assert cell.source == "from tapenb.course import progress\n\nprogress()"
    plays = any(each.source.startswith("%%tape --play") for each in lesson.cells)
    sweep = r" · sweep 1 of \d+ deposits" if plays else ""
    assert re.fullmatch(f"Progress: prediction open{sweep}\n", cell.outputs[0].text)


def test_every_choice_has_its_sentence_and_the_answer_is_the_lesson_s(path, lesson):
    told = PREDICTIONS[path.stem]
    choices = re.findall(r"^- \*\*([A-D])\*\*", lesson.cells[1].source, re.MULTILINE)
    assert list(told) == ["answer", "section", *choices]
    assert len({told[choice] for choice in choices}) == len(choices)
    assert all(told[choice].endswith(".") for choice in choices)
    later = "\n\n".join(cell.source for cell in lesson.cells[3:] if cell.cell_type == "markdown")
    (heading,) = re.findall(rf"^#+ {re.escape(told['section'])}$", later, re.MULTILINE)
    explained = later.split(f"{heading}\n", 1)[1]
    assert re.search(r"\*\*([A-D])\*\*", explained)[1] == told["answer"]


def test_sections_are_numbered_and_the_end_is_the_agreed_one(path, lesson):
    headings = SECTIONS.findall(prose(lesson))
    numbered = [heading for heading in headings if heading[0].isdigit()]
    assert 3 <= len(numbered) <= 6
    assert [heading.split(". ")[0] for heading in numbered] == [
        str(i) for i in range(1, len(numbered) + 1)
    ]
    assert headings[0] == "Predict first"
    assert headings[-2:] == ["To take away", "Exercises"]
    assert 3 <= len(BULLETS.findall(section(prose(lesson), "To take away"))) <= 5
    link = f"[the exercises of lesson {number(path)}](exercises/{path.name})"
    assert link in section(prose(lesson), "Exercises")
    assert "[Index](00_index.ipynb)" in lesson.cells[-1].source
    assert (COURSE / "exercises" / path.name).exists()
    last = lesson.cells[-1].source.splitlines()[-1]
    if number(path) < len(NAMES):
        name = NAMES[number(path)]
        assert last == f"Next: [Lesson {number(path) + 1}: {LESSONS[name]}]({name}.ipynb)"
    else:
        assert "(00_index.ipynb)" in last


def test_cells_are_short_and_carry_no_leftovers(lesson):
    code = [cell for cell in lesson.cells if cell.cell_type == "code"]
    assert CELLS[0] <= len(code) <= CELLS[1]
    for cell in code:
        assert len(cell.source.splitlines()) <= LINES, cell.id
    for cell in lesson.cells:
        assert set(cell.metadata) <= {"tags"}, cell.id
        assert not re.fullmatch(r"[0-9a-f]{8}", cell.id), "a cell has a name, not a number"


def test_the_index_says_of_each_lesson_what_the_lesson_says():
    index = read(COURSE / "00_index.ipynb")
    (code,) = (cell.source for cell in index.cells if cell.id == "map")
    needs = ast.literal_eval(code.split("needs = ", 1)[1].split("\n\n", 1)[0])
    assert list(needs) == list(range(1, len(NAMES) + 1))
    for each in PATHS:
        line = MINUTES.search(read(each).cells[0].source)
        before = [int(lesson) for lesson in re.findall(r"\d+", line["before"] or "")]
        assert needs[number(each)] == before, each.stem
        row = f"| {number(each)} | [{LESSONS[each.stem]}]({each.name}) | {line['minutes']} | "
        assert row + (", ".join(map(str, before)) or "nothing") + " | " in prose(index)


def texts() -> Iterator[tuple[Path, str]]:
    """Every text of the course with the file that it stands in."""
    for each in sorted(COURSE.rglob("*.ipynb")):
        yield each, prose(read(each))
    for name in ("terms.md", "teaching.md"):
        yield COURSE / name, (COURSE / name).read_text(encoding="utf-8")


def test_the_article_s_questions_are_answered_where_the_teacher_is_told():
    text = (COURSE / "teaching.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\|.*\| \[\d+\]\((\S+)\) \| (`.*`) \|$", text, re.MULTILINE)
    assert len(rows) >= 16
    for name, cells in rows:
        there = {cell.id for cell in read(COURSE / name).cells}
        assert set(re.findall(r"`(\S+)`", cells)) <= there, name


def test_the_weeks_take_what_their_lessons_take():
    text = (COURSE / "teaching.md").read_text(encoding="utf-8")
    weeks = re.findall(r"^\| \d \| (.*?) \| (\d+) \|", text, re.MULTILINE)
    assert len(weeks) == 6
    for links, minutes in weeks:
        lessons = [look(COURSE / name) for name in re.findall(r"\((\S+)\)", links)]
        assert sum(lesson.minutes for lesson in lessons) == int(minutes)


def test_every_badge_names_the_same_owner_as_the_readme():
    owner = re.compile(r"mybinder\.org/v2/gh/([^/\s]+)/")
    named = {owner.search(read(each).cells[0].source)[1] for each in PATHS}
    readme = (COURSE.parent / "README.md").read_text(encoding="utf-8")
    assert named == set(owner.findall(readme))


def test_the_readme_has_a_line_and_a_picture_for_each_lesson():
    readme = (COURSE.parent / "README.md").read_text(encoding="utf-8")
    image, link = r'<img src="(\S+)" \S+ alt="[^"]{20,}">', r"\[(.+?)\]\(notebooks/(\S+)\)"
    rows = re.findall(rf"^\| (\d+) \| {image} \| {link}: \S.* \|$", readme, re.MULTILINE)
    assert [(title, file) for _, _, title, file in rows] == [
        (title, f"{name}.ipynb") for name, title in LESSONS.items()
    ]
    assert list(CELLS_WITH_PICTURES) == NAMES
    for _, picture, _, file in rows:
        assert (COURSE.parent / picture).exists(), "python -m tests.notebooks.pictures"
        assert Path(picture).stem == Path(file).stem


def test_links_lead_somewhere_and_pictures_have_words():
    for file, text in texts():
        for link in LINKS.finditer(text):
            target = link["target"].split("#")[0]
            assert link["text"].strip() or not link["image"], f"{file.name}: {link[0]}"
            if re.match(r"[a-z]+:", target) or not target:
                continue
            assert (file.parent / target).exists(), f"{file.name}: {link[0]}"
        for tag in re.findall(r"<img\b[^>]*>", text):
            assert re.search(r'\balt="[^"]+"', tag), f"{file.name}: {tag}"


def glossary() -> dict[str, int]:
    """Every term with the number of the lesson that defines it."""
    terms, lesson = {}, 0
    for line in (COURSE / "terms.md").read_text(encoding="utf-8").splitlines():
        if heading := re.match(r"## \[Lesson (\d+): (.+)\]\((\w+)\.ipynb\)$", line):
            lesson = int(heading[1])
            assert (heading[3], heading[2]) == (NAMES[lesson - 1], LESSONS[NAMES[lesson - 1]])
        elif term := re.match(r"- \*\*(.+?)\*\*: \S", line):
            assert term[1] not in terms, f"{term[1]} is defined twice"
            terms[term[1]] = lesson
    return terms


def words(text: str) -> str:
    """Prose without code, formulas, links and HTML, on one line."""
    for other in (r"```.*?```", r"`[^`]*`", r"\$\$.*?\$\$", r"\$[^$]*\$", r"<[^>]*>"):
        text = re.sub(other, " ", text, flags=re.DOTALL)
    return " ".join(LINKS.sub(" ", text).split())


def find(term: str, text: str) -> re.Match[str] | None:
    """A term as a word of its own, in the singular or the plural."""
    plural = rf"{re.escape(term)}(?:s|es)?"
    if term.endswith("y"):
        plural += f"|{re.escape(term[:-1])}ies"
    elif term.endswith("x"):
        plural += f"|{re.escape(term[:-1])}ces|{re.escape(term[:-2])}ices"
    return re.search(rf"(?<![\w-])(?:{plural})(?![\w-])", text, re.IGNORECASE)


def test_the_glossary_s_terms_stand_in_bold_where_they_are_defined():
    by_number = {number(each): words(prose(read(each))) for each in PATHS}
    for term, lesson in glossary().items():
        bold = " · ".join(re.findall(r"\*\*(.+?)\*\*", by_number[lesson]))
        assert find(term, bold), f"{term} is not bold in lesson {lesson}"


def test_terms_are_found_as_words():
    assert find("adjoint", "The adjoints add.")
    assert find("entry", "Two entries.")
    assert find("matrix", "Matrices.")
    assert not find("tape", "tapenb")
    assert words("a `tape` and $tape$, [tape](x.md)") == "a and ,"
