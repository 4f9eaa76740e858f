"""The public face: what other tools say of its docstrings and types is heard."""

import pytest

import tapenb
from tests import public_face


def test_docstrings_are_what_numpydoc_asks_for():
    pytest.importorskip("numpydoc", reason="numpydoc is in the extra `checks`")
    assert not list(public_face.undocumented(public_face.homes()))


def test_methods_for_users_are_asked_about():
    asked = {
        name.rpartition(".")[2]
        for home, value in public_face.homes().items()
        for name in public_face.methods(home, value)
    }
    assert {"gradient", "watch", "assign", "ancestors", "stop_recording"} <= asked
    assert not {"follow", "put", "append", "adopt"} & asked


def test_what_has_no_known_type_is_named():
    home = "tapenb.autodiff.faces.functional.grad"
    assert home in public_face.homes()
    symbol = {"name": home, "isTypeKnown": True, "isTypeAmbiguous": False, "diagnostics": []}
    assert not list(public_face.untyped([symbol], [home]))
    (said,) = public_face.untyped([], [home])
    assert said == f"{home}: pyright has not seen it"
    attribute = {**symbol, "name": f"{home}.result", "isTypeAmbiguous": True}
    (said,) = public_face.untyped([symbol, attribute], [home])
    assert said == f"{home}.result: by what it holds"


def test_every_public_name_is_typed_lazily_and_documented():
    assert set(tapenb.__all__) <= set(dir(tapenb))
    assert all(getattr(tapenb, name).__doc__ for name in tapenb.__all__)
