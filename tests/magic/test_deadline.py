"""A cell that runs again ends in time, whatever it does, and the panel says so."""

import signal
import subprocess
import sys
import threading
from importlib import import_module

import pytest

from tapenb.magic import running
from tapenb.recording import deadline
from tapenb.recording.deadline import within
from tests import PATIENCE

ENDLESS = {
    "a loop": "while True: pass",
    "a loop of NumPy": "while True: y = np.sin(x)",
    "sleeping": "import time; time.sleep(1e6)",
    "waiting": "import threading; threading.Event().wait()",
    "a queue": "import queue; queue.Queue().get()",
    "swallowing errors": "while True:\n        try: 1/0\n        except Exception: pass",
    "swallowing all": (
        "while True:\n        try: y = np.sin(1.0)\n        except BaseException: pass"
    ),
    "trying again": (
        "while True:\n        try:\n            while True: pass\n"
        "        except BaseException: pass"
    ),
    "at last": "while True:\n        try: pass\n        finally: y = 1",
}


@pytest.mark.parametrize("name", ENDLESS)
def test_a_cell_that_does_not_end_is_stopped_and_the_panel_says_so(notebook, monkeypatch, name):
    monkeypatch.setattr(running, "SECONDS", 0.3)
    notebook.run(f"%%tape x -o t\nx = 2.0\nif x > 3:\n    {ENDLESS[name]}\nz = x*x")
    panel = notebook.names["t"].panel
    panel.sliders["x"].value = 3.5
    assert "was stopped" in panel.state["error"]
    assert panel.state["stale"]
    assert notebook.names["x"] == 2.0
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert not [each for each in threading.enumerate() if each.name == "tapenb-deadline"]
    panel.sliders["x"].value = 2.5
    assert (panel.state["error"], panel.state["stale"]) == ("", False)


def test_an_interrupt_is_no_deadline():
    with pytest.raises(KeyboardInterrupt):
        within(100.0, lambda: signal.raise_signal(signal.SIGINT))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_on_another_thread():
    said = []

    def work():
        while True:
            try:
                while True:
                    pass
            except Exception:
                pass

    def run():
        try:
            within(0.2, work)
        except TimeoutError as error:
            said.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert said == ["the cell ran for more than 0.2 s at this point and was stopped"]


def test_what_comes_late_ends_nobody_else(monkeypatch):
    """An exception may wait until the watcher is waited for, and another one behind it."""
    join, said = threading.Thread.join, []

    def late(thread, *args):
        join(thread, *args)
        if thread.name == "tapenb-deadline":
            raise deadline._TooLong

    def run():
        try:
            within(0.05, lambda: [None for _ in iter(int, 1)])
        except BaseException as error:
            said.append(type(error))

    monkeypatch.setattr(threading.Thread, "join", late)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert said == [TimeoutError]


@pytest.mark.parametrize("on_a_thread", [False, True])
def test_a_library_is_imported_to_its_end(monkeypatch, tmp_path, on_a_thread):
    library = tmp_path / "site-packages" / "late_library"
    library.mkdir(parents=True)
    (library / "__init__.py").write_text("import time\nfor _ in range(6): time.sleep(0.05)")
    monkeypatch.syspath_prepend(library.parent)

    def work():
        import_module("late_library")
        while True:
            pass

    def run():
        with pytest.raises(TimeoutError):
            within(0.1, work)

    if on_a_thread:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    else:
        run()
    assert sys.modules.pop("late_library", None) is not None


def test_what_ends_in_time_gives_its_value():
    assert within(100.0, lambda: 3) == 3


PROFILED = """
import cProfile, threading
from tapenb.recording.deadline import within

def late():
    try:
        within(0.05, lambda: [None for _ in iter(int, 1)])
    except TimeoutError:
        pass

for work in (lambda: within(60.0, int), late):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    cProfile.runctx("int()", {}, {})
"""


def test_a_profiler_runs_after_a_deadline_on_another_thread():
    """Python 3.11 never came to an end there, once an exception was called off."""
    command = [sys.executable, "-c", PROFILED]
    subprocess.run(command, timeout=PATIENCE, check=True, capture_output=True)
