"""One notebook for all programs, emptied after each."""

import pytest

from ..magic.notebook import close_shell, open_notebook


@pytest.fixture(scope="module")
def shared_notebook(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        book = open_notebook()
        book.shell.InteractiveTB.set_mode("Minimal")  # nobody looks at the colours of what refuses
        yield book
        close_shell(book.shell)


@pytest.fixture
def notebook(shared_notebook):
    before = dict(shared_notebook.names)
    yield shared_notebook
    shared_notebook.names.clear()
    shared_notebook.names.update(before)
