"""One name of the repository, in all the files that say it."""

import shutil
import tomllib
from pathlib import Path

import pytest
import yaml

from . import repository


def test_all_that_name_the_repository_say_the_same(root: Path):
    said = repository.named(root)
    assert len(set().union(*said.values())) == 1, said
    lessons = {path.name for path in (root / "notebooks").glob("[01]*.ipynb")} - {"00_index.ipynb"}
    assert {f"notebooks/{each}" for each in lessons} < said.keys()
    assert "README.md" in said


@pytest.fixture
def copied(root: Path, tmp_path: Path) -> Path:
    others = [root / "pyproject.toml", root / "CITATION.cff", root / "conda" / "recipe.yaml"]
    for path in [*repository.badged(root), *others]:
        (tmp_path / path.relative_to(root)).parent.mkdir(exist_ok=True)
        shutil.copy(path, tmp_path / path.relative_to(root))
    return tmp_path


@pytest.mark.parametrize("before", [None, "someone/else"])
def test_one_command_names_it_everywhere(root: Path, copied: Path, before: str | None):
    if before is not None:
        repository.name_it(before, copied)
    repository.name_it("owner-1/tape.nb", copied)
    said = repository.named(copied)
    assert said.keys() == repository.named(root).keys()
    assert {*map(frozenset, said.values())} == {frozenset({"owner-1/tape.nb"})}
    address = "https://github.com/owner-1/tape.nb"
    urls = tomllib.loads((copied / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]
    assert urls["Repository"] == address
    for page, where in (
        ("CITATION.cff", ["repository-code"]),
        (
            "conda/recipe.yaml",
            ["about", "repository"],
        ),
    ):
        told = yaml.safe_load((copied / page).read_text(encoding="utf-8"))
        for key in where:
            told = told[key]
        assert told == address
    for path in repository.badged(copied):
        assert "<owner>" not in path.read_text(encoding="utf-8")


def test_what_is_half_done_is_seen(copied: Path):
    repository.name_it("one/tapenb", copied)
    lesson = copied / "notebooks" / "07_reverse.ipynb"
    text = lesson.read_text(encoding="utf-8").replace("gh/one/", "gh/someone/")
    lesson.write_text(text, encoding="utf-8")
    assert repository.named(copied)["notebooks/07_reverse.ipynb"] == {"someone/tapenb"}
