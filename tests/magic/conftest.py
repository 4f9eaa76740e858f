"""A notebook, fresh for every test."""

import pytest
from IPython.core.interactiveshell import InteractiveShell

from .notebook import open_notebook


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    book = open_notebook()
    yield book
    book.shell.reset()
    InteractiveShell.clear_instance()
