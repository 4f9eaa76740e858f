"""The scripts and style sheets of pages, bundled by esbuild from `tapenb/panel/browser`.

`python -m tests.bundle` writes them to `tapenb/panel/bundle`, of which an installed package has no
more; `--check` makes them anew and says what differs. It needs Node, and the registry of npm unless
`ESBUILD` names the program.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tapenb.panel.browser import sources

BUNDLE = sources.FOLDER.parent / "bundle"
VERSION = "0.28.2"
# What every browser has that knows the panel's own style, color-mix.
TARGET = "--target=chrome111,firefox113,safari16.4"


def esbuild() -> list[str] | None:
    """Return the command that bundles, if there is one."""
    if "ESBUILD" in os.environ:
        return [os.environ["ESBUILD"]]
    npx = shutil.which("npx")
    if npx is None:
        return None
    command = [npx, "--yes", f"esbuild@{VERSION}"]
    with suppress(subprocess.SubprocessError):
        subprocess.run([*command, "--version"], capture_output=True, check=True, timeout=60)
        return command
    return None


def bundled(command: list[str]) -> Iterator[tuple[str, str]]:
    """Yield each file of the bundle with its text."""
    with tempfile.TemporaryDirectory() as scratch:

        def made(folder: str, texts: dict[str, str], entry: str, *options: str) -> str:
            place = Path(scratch) / folder
            place.mkdir(exist_ok=True)
            for name, text in texts.items():
                (place / name).write_text(text, encoding="utf-8")
            options = ("--bundle", "--minify", "--charset=utf8", TARGET, *options)
            answer = subprocess.run(
                [*command, entry, *options],
                cwd=place,
                capture_output=True,
                check=True,
                encoding="utf-8",
            )
            return answer.stdout.removesuffix("\n")

        def script(name: str, texts: dict[str, str]) -> tuple[str, str]:
            options = ("--format=iife", f"--global-name={name}")
            return f"{name}.js", made(name, texts, f"{name}.js", *options)

        yield script("core", sources.core())
        yield "kernel.js", made("kernel", sources.head("kernel"), "kernel.js", "--format=esm")
        yield script("page", sources.head("page"))
        yield from (script(piece, sources.modules()) for piece in sources.PIECES)
        of_page = sources.sheets(kernel=False)
        texts = {"page.css": of_page, "kernel.css": sources.sheets().removeprefix(of_page)}
        yield from ((name, made("style", texts, name)) for name in texts)
    of = {"sources": sources.digest(), "by": f"esbuild {VERSION}"}
    of["pieces"] = {piece: sources.names(piece) for piece in sources.PIECES}
    yield "bundle.json", json.dumps(of, indent=1) + "\n"


def main() -> int:
    """Bundle, or compare."""
    parser = argparse.ArgumentParser(prog="python -m tests.bundle", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with what is there")
    options = parser.parse_args()
    command = esbuild()
    if command is None:
        print(f"esbuild {VERSION} cannot be had here: this needs Node and npm's registry.")
        return int(not options.check)
    made = dict(bundled(command))
    differing = [path.name for path in BUNDLE.glob("*") if path.name not in made]
    for name in () if options.check else differing:
        (BUNDLE / name).unlink()
    for name, text in made.items():
        path = BUNDLE / name
        known = path.read_text(encoding="utf-8") if path.exists() else ""
        print(f"{len(text.encode()):7,}  {name}{'' if text == known else '  another than was'}")
        if text != known:
            differing.append(name)
            if not options.check:
                BUNDLE.mkdir(exist_ok=True)
                path.write_text(text, encoding="utf-8")
    return int(options.check and bool(differing))


if __name__ == "__main__":
    sys.exit(main())
