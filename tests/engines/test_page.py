"""The examples of `docs/engines.md`, section by section, where the packages are."""

import doctest
import importlib.util
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "engines.md"
HEADINGS = re.compile(r"^## (.*)$", re.MULTILINE)
_, *PARTS = HEADINGS.split(PAGE.read_text(encoding="utf-8"))
SECTIONS = dict(zip(PARTS[::2], PARTS[1::2], strict=True))
NEEDED = {
    "Dask": ["dask", "distributed"],
    "JAX": ["jax"],
    "JAX and PyTorch call ours": ["jax", "torch", "scipy"],
    "Processes: pools and joblib": ["joblib"],
    "SciPy": ["scipy"],
}
BEFORE = {"Dask": ["Processes: pools and joblib"], "JAX and PyTorch call ours": ["JAX"]}
"""Sections that go on with what others have defined."""


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", SECTIONS)
def test_examples_are_true(name, monkeypatch):
    missing = [each for each in NEEDED.get(name, ()) if importlib.util.find_spec(each) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} is in the extra `engines`, not in `test`")
    monkeypatch.setitem(__import__("sys").modules, "__main__", type(pytest)("__main__"))
    first = SECTIONS["Many points"] if name != "Many points" else ""
    text = "\n".join([first, *map(SECTIONS.get, BEFORE.get(name, ())), SECTIONS[name]])
    flags = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL | doctest.NORMALIZE_WHITESPACE
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=flags)
    runner.run(doctest.DocTestParser().get_doctest(text, {}, name, str(PAGE), 0), out=said.append)
    if "jax" in NEEDED.get(name, ()):
        import jax

        jax.config.update("jax_enable_x64", False)
    assert not said, "".join(said)


def test_the_page_has_a_row_for_each_way_out():
    table = PAGE.read_text(encoding="utf-8").split("\n## ")[0]
    for name in "t.many vmap function save load export to_jax as_jax as_torch".split():
        assert f"{name}(" in table or f"{name}`" in table
