"""The Binder environment, without Docker: repo2docker renders the steps that it would run."""

import os
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from repo2docker.app import Repo2Docker
from repo2docker.buildpacks import PythonBuildPack


@pytest.fixture
def pins(root: Path) -> dict[str, Requirement]:
    lines = (root / "binder" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(pin.name): pin for pin in pins}


@pytest.fixture
def pack(root: Path, monkeypatch: pytest.MonkeyPatch) -> PythonBuildPack:
    monkeypatch.chdir(root)
    pack = PythonBuildPack(base_image=Repo2Docker().base_image)
    pack.platform = "linux/amd64"
    assert pack.detect()
    return pack


def requirements(root: Path, extra: str | None) -> list[Requirement]:
    """Return what `pip install tapenb[extra]` asks for, with the extras it names in turn."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = project["optional-dependencies"][extra] if extra else project["dependencies"]
    found = []
    for requirement in map(Requirement, lines):
        if requirement.name == "tapenb":
            for inner in requirement.extras:
                found += requirements(root, inner)
        else:
            found.append(requirement)
    return found


def test_the_steps_in_their_order(pack: PythonBuildPack):
    dockerfile = pack.render({"NB_UID": "1000", "NB_USER": "jovyan"})
    steps = [
        "binder/requirements.txt",
        'pip install --no-cache-dir -r "binder/requirements.txt"',
        "./binder/postBuild",
    ]
    places = [dockerfile.index(step) for step in steps]
    assert places == sorted(places)


def test_the_python_is_the_oldest_supported(root: Path, pack: PythonBuildPack):
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == f">={pack.python_version}"


def test_everything_of_the_course_is_pinned_within_its_range(
    root: Path, pins: dict[str, Requirement]
):
    backend = tomllib.loads((root / "pyproject.toml").read_text())["build-system"]["requires"]
    needed = [*requirements(root, None), *requirements(root, "course"), *map(Requirement, backend)]
    for requirement in needed:
        (pin,) = pins[canonicalize_name(requirement.name)].specifier
        assert pin.operator == "=="
        assert requirement.specifier.contains(pin.version), requirement
    assert len(pins) == len({requirement.name for requirement in needed})


def test_requirements_are_names_and_versions_only(root: Path):
    # A path (`-e .`) would run before the files are there; an index belongs to nobody else.
    for line in (root / "binder" / "requirements.txt").read_text().splitlines():
        assert re.fullmatch(r"#.*|[a-z0-9-]+==[0-9.]+", line)


def test_post_build_stops_at_the_first_error(root: Path):
    script = root / "binder" / "postBuild"
    assert os.access(script, os.X_OK)
    lines = script.read_text(encoding="utf-8").splitlines()
    assert "set -euo pipefail" in lines
    assert "pip install --no-deps --no-build-isolation ." in lines
