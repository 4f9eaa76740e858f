"""Pythons, and the oldest and newest of what pyproject.toml admits: `python -m tests.matrix`.

For each Python that it finds (`--pythons` names others) it makes a fresh environment of the oldest
versions and one of the newest, and one of ipykernel 6; installs what a user installs and what the
tests need; tries it; and prints a table. Tried are the engine's examples, cells in a shell, a
lesson in a kernel, and a panel in JupyterLab, in some minutes; `--more` adds tests of the engine,
of views and of the panel. What is named by `--only` alone is run, `--keep` names a folder for the
environments.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
SMOKE = (
    "tests/autodiff/test_survey.py",
    "tests/autodiff/tracing/test_traced.py",
    "tests/magic/test_tape.py::test_the_survey_cell",
    "tests/magic/test_tape.py::test_nested_magics_and_shell_commands",
    "tests/magic/test_tape.py::test_an_interrupt_leaves_nothing_half_open",
    "tests/magic/test_run_again.py::test_a_moved_slider_takes_another_branch",
    "tests/magic/test_run_again.py::test_running_again_starts_from_the_state_before",
    "notebooks/04_tape.ipynb",
    "tests/browser/test_panel.py::test_numbers_follow_the_sliders",
)
MORE = (
    "tests/autodiff/test_article.py",
    "tests/autodiff/faces/test_functional.py",
    "tests/autodiff/faces/test_refusals.py",
    "tests/views/test_graph.py",
    "tests/magic/test_tape.py",
    "tests/magic/test_inputs_and_options.py",
    "tests/magic/test_run_again.py",
    "tests/magic/test_its_numbers.py",
    "tests/panel/test_panel.py",
)
TOOLS = ("hypothesis", "mpmath", "nbclient", "nbconvert", "nbformat", "nbval", "packaging")
TOOLS += ("playwright", "pytest", "pytest-playwright", "pytest-xdist", "pyyaml")
SHOWN = ("numpy", "scipy", "ipython", "ipykernel", "ipywidgets", "anywidget", "jupyterlab")
FIRST_WHEELS = {("numpy", "3.13"): "2.1", ("numpy", "3.14"): "2.3.2"}
"""Where a Python is younger than the oldest version that pyproject.toml admits."""
KINDS = {"oldest": (), "newest": (), "ipykernel 6": ("ipykernel<7",)}


def requirements() -> list[str]:
    """Return what the extra `course` needs, with all that it takes in."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    groups = [
        project["dependencies"],
        *(project["optional-dependencies"][extra] for extra in ("live", "course")),
    ]
    return [each for group in groups for each in group if not each.startswith("tapenb[")]


def oldest(requirement: str, python: str = "") -> str:
    """Return the same, at the first release that it admits: ``numpy>=2`` is ``numpy==2.0.*``."""
    wanted = Requirement(requirement)
    (version,) = (each.version for each in wanted.specifier if each.operator == ">=")
    parts = FIRST_WHEELS.get((wanted.name, python), version).split(".")
    extras = f"[{','.join(sorted(wanted.extras))}]" if wanted.extras else ""
    marker = f"; {wanted.marker}" if wanted.marker else ""
    first = ".".join([*parts, "0"][: max(2, len(parts))])
    return f"{wanted.name}{extras}=={first}.*{marker}"


def run(command: list[str], log: Path, **environment: str) -> tuple[bool, str]:
    """Run a command into a log; whether it succeeded, and the last line that it wrote."""
    with log.open("a", encoding="utf-8") as file:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    lines = log.read_text(encoding="utf-8").strip().splitlines()
    return done.returncode == 0, lines[-1] if lines else ""


def tried(
    python: str, version: str, kind: str, folder: Path, selection: Sequence[str]
) -> Iterator[str]:
    """Yield the cells of a row: what was installed, and what the tests said."""
    environment, log = folder / f"{Path(python).name}-{kind}", folder / f"{kind}.log"
    own = str(environment / "bin" / "python")
    subprocess.run([python, "-m", "venv", "--clear", str(environment)], check=True)
    of = version.rpartition(".")[0]
    wanted = [oldest(each, of) if kind == "oldest" else each for each in requirements()]
    pip = [own, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    pip += ["--only-binary", ":all:"]
    installed, said = run([*pip, *wanted, *KINDS[kind], *TOOLS], log)
    told = subprocess.run([own, "-m", "pip", "list"], capture_output=True, text=True).stdout
    versions = dict(line.lower().split()[:2] for line in told.splitlines()[2:])
    yield from (versions.get(name, "") for name in SHOWN)
    if not installed:
        yield f"not installed: {said}"
        return
    kernel = [own, "-m", "ipykernel", "install", "--prefix", str(environment)]
    run(kernel, log)
    began = time.monotonic()
    tests = [own, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", *selection]
    path = os.pathsep.join([str(environment / "bin"), os.environ["PATH"]])
    _, said = run(tests, log, PATH=path, PYTHONPATH=str(ROOT))
    print(f"{python} {kind}: {said} ({time.monotonic() - began:.0f} s)", file=sys.stderr)
    yield re.sub(r" in [\d.]+s.*", "", said.strip("= "))


def found(names: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the versions and paths of the Pythons that are there."""
    for name in names:
        path = shutil.which(name) or shutil.which(f"python{name}")
        if path is not None:
            told = subprocess.run([path, "-V"], capture_output=True, text=True).stdout
            if told:  # of a launcher that has no such Python, nothing
                yield told.split()[1], path
                continue
        print(f"No Python {name} is found; its path can be given.", file=sys.stderr)


def main() -> int:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(prog="python -m tests.matrix", description=__doc__)
    parser.add_argument("--pythons", nargs="*", default=PYTHONS, help="versions or paths")
    parser.add_argument("--only", nargs="*", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--keep", type=Path, help="a folder for environments and logs")
    parser.add_argument("--more", action="store_true", help="the engine's own tests, too")
    options = parser.parse_args()
    selection = SMOKE + MORE if options.more else SMOKE
    print(f"| Python | versions | {' | '.join(SHOWN)} | tests |\n|{'---|' * (len(SHOWN) + 3)}")
    rows = failed = 0
    for version, python in found(options.pythons):
        for kind in options.only:
            with tempfile.TemporaryDirectory() as scratch:
                folder = (options.keep or Path(scratch)) / version
                folder.mkdir(parents=True, exist_ok=True)
                cells = list(tried(python, version, kind, folder, selection))
            print(f"| {version} | {kind} | {' | '.join(cells)} |", flush=True)
            rows += 1
            failed += not re.fullmatch(r"\d+ passed(, \d+ (skipped|warnings?))*", cells[-1])
    return int(bool(failed) or not rows)


if __name__ == "__main__":
    sys.exit(main())
