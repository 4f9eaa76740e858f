"""A real IPython shell whose cells are run as a notebook runs them."""

import atexit

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from ipywidgets import Widget
from traitlets.config import Config

SURVEY = """%%tape -o t
x = 2.0
y = 5.0
z = np.log(x) + x*y - np.sin(y)
"""
"""The example of the survey of Baydin et al."""


class Notebook:
    """A shell whose cells are run as a notebook runs them."""

    def __init__(self, shell):
        self.shell = shell
        self.names = shell.user_ns

    def run(self, text, cell_id=None):
        """Run a cell; what it printed and displayed is kept, its exception is raised."""
        self.last = self.attempt(text, cell_id)
        if self.last.error_in_exec is not None:
            raise self.last.error_in_exec
        if self.last.error_before_exec is not None:
            raise self.last.error_before_exec
        return self.last.result

    def attempt(self, text, cell_id=None):
        with capture_output() as self.captured:
            return self.shell.run_cell(text, store_history=True, cell_id=cell_id)

    @property
    def printed(self):
        return self.captured.stdout

    @property
    def displayed(self):
        return [output.data for output in self.captured.outputs]


def open_shell():
    """A shell that keeps no history."""
    InteractiveShell.clear_instance()
    return InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))


def close_shell(shell):
    """Leave nothing of a shell behind, not even what it would do when Python ends."""
    atexit.unregister(shell.atexit_operations)
    Widget.close_all()  # each panel holds the shell of its cell
    shell.user_ns.clear()
    InteractiveShell.clear_instance()


def open_notebook():
    """A fresh notebook with NumPy and ``%%tape``; whoever opens it closes it."""
    shell = open_shell()
    shell.colors = "nocolor"
    book = Notebook(shell)
    book.run("import numpy as np\n%load_ext tapenb")
    return book
