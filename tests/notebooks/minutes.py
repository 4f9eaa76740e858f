"""How long a lesson takes, by a stated rule: `python -m tests.notebooks.minutes`.

Nobody's reading was timed. The rule counts what there is to do, at the pace of somebody who learns
it for the first time; `--write` puts the result, rounded to five minutes, into the lessons and the
index. A test holds that they agree.
"""

import argparse
import re
from dataclasses import dataclass
from pathlib import Path

import nbformat

from .execute import COURSE
from .exercises import EXERCISES

SECONDS = {
    "words": 0.6,  # 100 a minute: half the pace of a novel
    "formulas in a line": 3,
    "formulas of their own": 30,
    "lines of code": 5,
    "lines printed": 2,
    "figures": 45,
    "panels": 120,  # its sliders are moved, and what the text says is looked at
    "sweeps played": 300,
    "predictions": 120,
}
FIVE = 300
PER_EXERCISE = 300


@dataclass(frozen=True)
class Lesson:
    """What there is to do in a lesson."""

    counts: dict[str, int]
    exercises: int

    @property
    def minutes(self) -> int:
        """By the rule, rounded to five."""
        return 5 * round(sum(SECONDS[what] * n for what, n in self.counts.items()) / FIVE)

    @property
    def minutes_of_exercises(self) -> int:
        """By the rule."""
        return self.exercises * PER_EXERCISE // 60


def look(path: Path) -> Lesson:
    """Count what there is to do in a lesson, as it is stored."""
    cells = nbformat.read(path, as_version=4).cells
    prose = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    own = r"\$\$.*?\$\$"
    text = re.sub(own, " ", prose, flags=re.DOTALL)
    code = [cell for cell in cells if cell.cell_type == "code"]
    outputs = [output for cell in code for output in cell.outputs]
    plays = sum(cell.source.startswith("%%tape --play") for cell in code)
    exercises = nbformat.read(EXERCISES / path.name, as_version=4).cells
    counts = {
        "words": len(re.sub(r"\$[^$]*\$", " ", text).split()),
        "formulas in a line": len(re.findall(r"\$[^$]+\$", text)),
        "formulas of their own": len(re.findall(own, prose, re.DOTALL)),
        "lines of code": sum(bool(row.strip()) for c in code for row in c.source.splitlines()),
        "lines printed": sum(len(each.get("text", "").splitlines()) for each in outputs),
        "figures": sum("image/png" in each.get("data", {}) for each in outputs),
        "panels": sum(cell.source.startswith("%%tape") for cell in code) - plays,
        "sweeps played": plays,
        "predictions": 1,
    }
    headings = "\n".join(cell.source for cell in exercises if cell.cell_type == "markdown")
    return Lesson(counts, len(re.findall(r"^## \d", headings, re.MULTILINE)))


def main() -> None:
    """Print the table, and write the minutes if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    paths = sorted(COURSE.glob("[0-9]*_*.ipynb"))[1:]
    lessons = {path: look(path) for path in paths}
    for path, lesson in lessons.items():
        told = ", ".join(f"{n} {what}" for what, n in lesson.counts.items())
        print(
            f"{path.stem}: {lesson.minutes} min ({told}); exercises {lesson.minutes_of_exercises}"
        )
    hours = sum(lesson.minutes for lesson in lessons.values()) / 60
    with_exercises = hours + sum(each.minutes_of_exercises for each in lessons.values()) / 60
    print(f"{hours:.1f} hours, with the exercises {with_exercises:.1f}")
    if write:
        _write(lessons)


def _write(lessons: dict[Path, Lesson]) -> None:
    index = COURSE / "00_index.ipynb"
    text = index.read_text(encoding="utf-8")
    for path, lesson in lessons.items():
        own = path.read_text(encoding="utf-8")
        own = re.sub(r"\*About \d+ minutes\.", f"*About {lesson.minutes} minutes.", own, count=1)
        path.write_text(own, encoding="utf-8")
        row = rf"(\({re.escape(path.name)}\) \| )\d+( \|)"
        text = re.sub(row, rf"\g<1>{lesson.minutes}\2", text)
    index.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
