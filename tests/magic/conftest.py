"""A notebook, fresh for every test."""

import numpy as np
import pytest

from .notebook import close_shell, open_notebook


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    book = open_notebook()
    with np.printoptions():  # which %precision sets
        yield book
    close_shell(book.shell)
