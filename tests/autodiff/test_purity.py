"""What an import brings in."""

import json
import subprocess
import sys

import pytest

LIST = "import json, sys; print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"


def modules_after(statement):
    """The top-level modules that a fresh interpreter has after a statement."""
    command = [sys.executable, "-c", f"{statement}; {LIST}"]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    return set(json.loads(result.stdout))


def is_standard(name):
    """Whether a module is Python's own, or a finder that an editable installation put there."""
    return name in sys.stdlib_module_names or name.startswith(
        ("_", "sitecustomize", "usercustomize")
    )


EVERYTHING = "import tapenb; [getattr(tapenb, name) for name in tapenb.__all__]"


@pytest.mark.parametrize("statement", ["import tapenb", EVERYTHING, "import tapenb.autodiff"])
def test_nothing_of_jupyter_is_imported(statement):
    names = modules_after(statement)
    assert "tapenb" in names
    foreign = {"IPython", "ipywidgets", "anywidget", "traitlets", "graphviz", "wasmtime"}
    assert not names & foreign


def test_importing_tapenb_imports_not_even_numpy():
    assert "numpy" not in modules_after("import tapenb")


@pytest.mark.parametrize("statement", ["import tapenb.autodiff", EVERYTHING])
def test_the_engine_imports_numpy_and_the_standard_library_only(statement):
    before = modules_after("pass")
    new = {name for name in modules_after(statement) - before if not is_standard(name)}
    assert new == {"tapenb", "numpy"}


def test_taking_a_derivative_imports_nothing_else():
    statement = (
        "import numpy as np, tapenb as tn; tn.hessian(lambda x: np.sum(x**3))(np.ones(2)); "
        "tape = tn.record(lambda x: np.log(x), 1.0); [entry.source for entry in tape]"
    )
    before = modules_after("pass")
    new = {name for name in modules_after(statement) - before if not is_standard(name)}
    assert new == {"tapenb", "numpy"}


def test_the_engine_knows_no_other_room():
    # `explore` is the panel's, and imports it when it is called.
    code = (
        "import tapenb, sys; "
        "[getattr(tapenb, name) for name in tapenb.__all__ if name != 'explore']; "
        "print([name for name in sys.modules if name.startswith('tapenb.') "
        "and not name.startswith(('tapenb.autodiff', 'tapenb.lowering', 'tapenb.engines'))])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert result.stdout == "[]\n"
