"""marimo: the panel is a widget there, and follows. It is in the extra `elsewhere`."""

import json
import subprocess
import sys

import pytest

PROGRAM = """
import json
import marimo

app = marimo.App()

@app.cell
def shown():
    import marimo as mo
    import numpy as np
    import tapenb as tn

    t = tn.explore(lambda x, y: np.log(x) + x * y - np.sin(y), x=2.0, y=5.0)
    view = mo.ui.anywidget(t.panel)
    view
    return t, view

if __name__ == "__main__":
    outputs, names = app.run()
    t = names["t"]
    print(json.dumps([outputs[-1].text, t.value, float(t(x=3.0).gradient["x"])]))
"""


def test_marimo_shows_the_panel_as_a_widget(tmp_path):
    pytest.importorskip("marimo", reason="marimo is in the extra `elsewhere`")
    app = tmp_path / "app.py"
    app.write_text(PROGRAM, encoding="utf-8")
    command = [sys.executable, str(app)]  # as a user runs an app
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    text, value, slope = json.loads(done.stdout.splitlines()[-1])
    assert "<marimo-anywidget" in text
    assert value == pytest.approx(11.652071455223084)  # ln 2 + 10 - sin 5
    assert slope == pytest.approx(1 / 3 + 5)
