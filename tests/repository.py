"""Where the repository lives: said once, in the address of pyproject.toml, and written elsewhere.

`python -m tests.repository OWNER/NAME` writes it: `[project.urls]`, the badges of Binder in the
README and the lessons, the citation, and the recipe. Without a name it looks whether all of them
say the same, and fails where they do not. Until it is named all say `<owner>/tapenb`, and
pyproject.toml has no addresses: `<` is none in an address.
"""

import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
UNNAMED = "<owner>/tapenb"
NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_BADGE = re.compile(r"(?<=mybinder\.org/v2/gh/)[^/\s]+/[^/\s]+(?=/HEAD)")
_ADDRESS = re.compile(r"(?<=https://github\.com/)[\w.-]+/[\w.-]+?(?=[/\"\s])")


def badged(root: Path = ROOT) -> list[Path]:
    """Return the files that may have a badge of Binder's."""
    return [root / "README.md", *sorted((root / "notebooks").glob("*.ipynb"))]


def named(root: Path = ROOT) -> dict[str, set[str]]:
    """Map each file that names the repository to the names that it says."""
    found = {}
    for path in badged(root):
        found[path.relative_to(root).as_posix()] = {*_BADGE.findall(_text(path))}
    addresses = re.search(r"^\[project\.urls\]\n(?:.+\n)+", _text(root / "pyproject.toml"), re.M)
    told = _ADDRESS.findall(addresses[0]) if addresses else [UNNAMED]
    found["pyproject.toml"] = {*told}
    for page, field in (("CITATION.cff", "repository-code"), ("conda/recipe.yaml", "repository")):
        line = re.search(rf"^ *{field}: .*\n", _text(root / page), re.M)
        found[page] = {*(_ADDRESS.findall(line[0]) if line else [UNNAMED])}
    return {page: names for page, names in found.items() if names}


def name_it(name: str, root: Path = ROOT) -> None:
    """Write the name of the repository wherever it is said."""
    address = f"https://github.com/{name}"
    for path in badged(root):
        path.write_text(_BADGE.sub(name, _text(path)), encoding="utf-8")
    urls = (
        "[project.urls]\n"
        f'Repository = "{address}"\n'
        f'Issues = "{address}/issues"\n'
        f'Changelog = "{address}/blob/main/CHANGELOG.md"\n'
    )
    _put(root / "pyproject.toml", r"\[project\.urls\]\n(?:.+\n)+", urls, "[tool.hatch.version]")
    _put(root / "CITATION.cff", r"repository-code: .*\n", f'repository-code: "{address}"\n')
    recipe = f'  repository: "{address}"\n'
    _put(root / "conda" / "recipe.yaml", r"  repository: .*\n", recipe, "  license: MIT")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _put(path: Path, old: str, new: str, before: str | None = None) -> None:
    """Write lines in the place of such lines, else before a line, else at the end."""
    text = _text(path)
    rest, count = re.subn(f"^{old}", new.replace("\\", r"\\"), text, count=1, flags=re.M)
    if not count and before is None:
        rest = text + new
    elif not count:
        space = "\n" if before.startswith("[") else ""
        rest = text.replace(f"\n{before}", f"\n{new}{space}{before}", 1)
    path.write_text(rest, encoding="utf-8")


def main() -> int:
    """Name the repository, or look at what is said of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.repository", description=__doc__)
    parser.add_argument("name", nargs="?", help="OWNER/NAME on GitHub")
    name = parser.parse_args().name
    if name is not None:
        if not NAME.fullmatch(name):
            parser.error(f"{name!r} is not OWNER/NAME")
        name_it(name)
    said = named()
    names = set().union(*said.values())
    if len(names) > 1:
        for page, each in said.items():
            print(f"{page}: {', '.join(sorted(each))}")
        return 1
    print(f"{len(said)} files say {names.pop()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
