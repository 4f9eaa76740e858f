"""What is published: an sdist and a wheel, built reproducibly and looked at by others.

`python -m tests.packaging` builds an sdist of this tree, from it both again in two unlike
surroundings, and compares; prints digests and sizes, of which the wheel's has a limit; and asks
`twine`, `check-wheel-contents` and `validate-pyproject` (the extra `checks`). `--to dist` keeps
what was built, `--quick` asks nobody else, `--tag v0.1.0` insists on that version.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
GOAL = 500_000  # bytes of a wheel
# What a wheel may have until then: it fails above. Five parts of six are Python as it is written,
# of which code alone, without a docstring, would be 470 kB.
LIMIT = 820_000
# Of the second build: another folder, clock, order of sets, and rights of new files.
UNLIKE = {"PYTHONHASHSEED": "7", "TZ": "Pacific/Auckland", "LC_ALL": "C"}


def epoch() -> dict[str, str]:
    """Return the time that files are said to have: the environment's, else the last commit's."""
    if "SOURCE_DATE_EPOCH" in os.environ or not (ROOT / ".git").exists():
        return {}
    log = ["git", "log", "-1", "--format=%ct"]
    told = subprocess.run(log, cwd=ROOT, check=True, capture_output=True, text=True)
    return {"SOURCE_DATE_EPOCH": told.stdout.strip()}


def unpacked(sdist: Path, folder: Path, *, mask: int) -> Path:
    """Unpack an sdist below `folder`, as somebody with this umask would, today."""
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    for path in folder.rglob("*"):
        path.chmod(path.stat().st_mode & ~mask)
        os.utime(path)
    (tree,) = folder.iterdir()
    (tree / "PKG-INFO").unlink()  # which no checkout has
    return tree


def built(tree: Path, to: Path, *targets: str, environment: dict[str, str]) -> list[Path]:
    """Build a tree's distributions by its own backend: the sdist first."""
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(to)]
    command += [part for target in targets for part in ("-t", target)]
    subprocess.run(
        command, cwd=tree, env={**os.environ, **environment}, check=True, capture_output=True
    )
    return sorted(to.iterdir(), key=lambda path: path.suffix)


def digests(paths: list[Path]) -> dict[str, str]:
    """Map the name of each file to the SHA-256 of its bytes."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def rooms(wheel: Path) -> Iterator[tuple[str, int, int]]:
    """Yield each room of a wheel, with its bytes packed and unpacked, largest first."""
    packed: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            folders = entry.filename.split("/")[:-1]
            room = "/".join(folders[1:3]) or folders[0]
            packed[room] += entry.compress_size
            whole[room] += entry.file_size
        packed["(the archive's own tables)"] = wheel.stat().st_size - packed.total()
    return ((room, size, whole[room]) for room, size in packed.most_common())


def differing(scratch: Path, tree: Path = ROOT) -> tuple[list[Path], list[str]]:
    """Build a tree's sdist, from it both in unlike surroundings: the files, and what differs."""
    time = epoch()
    (sdist,) = built(tree, scratch / "0", "sdist", environment=time)
    both = ("sdist", "wheel")
    one = unpacked(sdist, scratch / "here", mask=0o022)
    first = built(one, scratch / "1", *both, environment=time)
    two = unpacked(sdist, scratch / "somewhere" / "else", mask=0o077)
    second = built(two, scratch / "2", *both, environment=time | UNLIKE)
    expected = digests(first)
    others = [digests([sdist]), digests(second)]
    return first, sorted({name for each in others for name in each if each[name] != expected[name]})


def _ask(*command: str) -> int:
    if shutil.which(command[0], path=str(Path(sys.executable).parent)) is None:
        print(f"{command[0]}: absent; pip install -e '.[checks]'")
        return 1
    print(f"{command[0]}:", flush=True)
    return subprocess.run([str(Path(sys.executable).parent / command[0]), *command[1:]]).returncode


def main() -> int:
    """Build, compare, measure, ask."""
    parser = argparse.ArgumentParser(prog="python -m tests.packaging", description=__doc__)
    parser.add_argument("--to", type=Path, help="a folder that keeps what was built")
    parser.add_argument("--quick", action="store_true", help="ask no other tool")
    parser.add_argument("--tag", help="the tag that must be this version's")
    options = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        files, unlike = differing(Path(scratch))
        sdist, wheel = files
        for name, digest in digests(files).items():
            same = "not the same again" if name in unlike else "the same again"
            size = (wheel.parent / name).stat().st_size
            print(f"{digest}  {name}  {size:,} bytes, {same}")
        for room, packed, whole in rooms(wheel):
            print(f"{packed:9,} of {whole:9,}  {room}")
        size = wheel.stat().st_size
        print(f"wheel: {size:,} bytes; the goal is {GOAL:,}, the limit {LIMIT:,}")
        failed += len(unlike) + (size > LIMIT)
        version = wheel.name.split("-")[1]
        if options.tag and options.tag != f"v{version}":
            print(f"The tag {options.tag} is not v{version}, the version in tapenb/__init__.py.")
            failed += 1
        headings = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").split("\n## ")
        if options.tag and headings[1].startswith(f"{version}, unreleased"):
            print(f"CHANGELOG.md says that {version} is unreleased: write its day there.")
            failed += 1
        if not options.quick:
            failed += _ask("twine", "check", "--strict", str(sdist), str(wheel))
            failed += _ask("check-wheel-contents", str(wheel))
            failed += _ask("validate-pyproject", str(ROOT / "pyproject.toml"))
        if options.to:
            options.to.mkdir(parents=True, exist_ok=True)
            for path in files:
                shutil.copy(path, options.to)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
