"""What the tests of twins have: a user's modules, and a look at what is left behind."""

import sys

import pytest

from tapenb.autodiff.tape.tape import CURRENT

from .users_code import HELPERS, OWN, check_put_back, load


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    load("helpers_of_tests", folder, HELPERS)
    yield load("own_of_tests", folder, OWN)
    for name in ("own_of_tests", "helpers_of_tests"):
        del sys.modules[name]


@pytest.fixture(autouse=True)
def everything_is_put_back(request):
    yield
    check_put_back(vars(request.module), sys.modules.get("own_of_tests"))
    assert CURRENT.get() is None
