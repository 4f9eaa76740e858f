"""The public face by other eyes: its types by pyright, its docstrings by numpydoc.

`python -m tests.public_face` (the extra `checks`) prints what of `tapenb.__all__`, of
`tapenb.course.__all__`, and of all that their signatures lead to, has no known type (pyright's
`--verifytypes`, a minute), and what numpydoc's validator says of their docstrings. `--docstrings`
and `--types` ask one of them.
"""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import tapenb
import tapenb.course

ROOT = Path(__file__).parents[1]
UNASKED = {
    "ES01": "an extended summary stands where it says something",
    "SA01": "what else to look at is said in the text",
}
"""Of numpydoc's checks those that are not asked for, and why; of methods `EX01`, too: their class
has the example."""
# Methods of public classes that are for who records, not for users.
FOR_RECORDING = {"follow", "reads", "set_value"}


def homes() -> dict[str, Any]:
    """Map the place at which each public object is written to the object."""
    public = [getattr(tapenb, name) for name in tapenb.__all__]
    public += [getattr(tapenb.course, name) for name in tapenb.course.__all__]
    public.append(tapenb.load_ipython_extension)
    return {
        f"{value.__module__}.{value.__qualname__}": value
        for value in public
        if hasattr(value, "__qualname__")
    }


# -- types -----------------------------------------------------------------------------------------


def asked_of_pyright() -> list[dict[str, Any]]:
    """Return what pyright says of each symbol of this tree."""
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--outputjson"]
    answer = subprocess.run(
        [*command, "--ignoreexternal", "--verifytypes", "tapenb"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    return json.loads(answer.stdout)["typeCompleteness"]["symbols"]


def untyped(symbols: Iterable[dict[str, Any]], public: Iterable[str]) -> Iterator[str]:
    """Yield what pyright does not know of the public names, and why; it follows what they name."""
    known = {symbol["name"]: symbol for symbol in symbols}
    for home in public:
        if home not in known:
            yield f"{home}: pyright has not seen it"
        for name, symbol in known.items():
            ours = name == home or name.startswith(f"{home}.")
            if ours and (symbol["isTypeAmbiguous"] or not symbol["isTypeKnown"]):
                said = [" ".join(each["message"].split()) for each in symbol["diagnostics"]]
                yield f"{name}: {'; '.join(said) or 'by what it holds'}"


# -- docstrings ------------------------------------------------------------------------------------


def methods(home: str, value: Any) -> Iterator[str]:
    """Yield where the methods are written that users of a class see."""
    if not inspect.isclass(value):
        return
    # A class may say what of it is for users.
    named = value.__dir__(value.__new__(value)) if "__dir__" in vars(value) else dir(value)
    shown = set(named) - FOR_RECORDING
    if dataclasses.is_dataclass(value):
        shown -= {field.name for field in dataclasses.fields(value)}
    for name in sorted(shown):
        if not name.startswith("_") and inspect.isfunction(getattr(value, name, None)):
            yield f"{home}.{name}"


def faults(name: str, *, is_method: bool = False) -> list[str]:
    """Return what numpydoc's validator says of a docstring."""
    from numpydoc.validate import validate

    return [
        f"{name}: {code} {said}"
        for code, said in validate(name)["errors"]
        if code not in UNASKED and not (is_method and code == "EX01")
    ]


def undocumented(public: dict[str, Any]) -> Iterator[str]:
    """Yield what numpydoc's validator says of the public objects and their methods."""
    for home, value in public.items():
        yield from faults(home)
        for method in methods(home, value):
            yield from faults(method, is_method=True)


def main() -> int:
    """Print what they say, and how many were asked about."""
    parser = argparse.ArgumentParser(prog="python -m tests.public_face", description=__doc__)
    parser.add_argument("--docstrings", action="store_true", help="of numpydoc alone")
    parser.add_argument("--types", action="store_true", help="of pyright alone")
    options = parser.parse_args()
    public = homes()
    both = options.docstrings == options.types
    found = []
    if both or options.docstrings:
        said = list(undocumented(public))
        count = len(public) + sum(1 for home, value in public.items() for _ in methods(home, value))
        print(*said, f"numpydoc: {count} docstrings, {len(said)} faults", sep="\n")
        found += said
    if both or options.types:
        symbols = asked_of_pyright()
        said = list(untyped(symbols, public))
        print(*said, f"pyright: {len(public)} public names, {len(said)} not known", sep="\n")
        found += said
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
