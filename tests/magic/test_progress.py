"""Long recordings: what is said, where they end, and that their numbers are right."""

import math

import pytest

from tapenb.autodiff.tape.operation import TapeError
from tapenb.magic import progress
from tapenb.magic.progress import Progress
from tapenb.recording import program

LOOP = "{}\nx = 0.5\ny = 1.1*x\nfor i in range({}):\n    y = np.sin(y)*x + x*x\n"


class Screen:
    """What was displayed, and what is there now."""

    def __init__(self):
        self.texts = []

    def __call__(self, text):
        self.texts.append(text)
        return self

    def update(self, data, *, raw):
        assert raw
        self.texts.append(data["text/plain"])


def test_a_quick_recording_says_nothing():
    screen, now = Screen(), iter(range(100))
    told = Progress(0.5, screen, clock=lambda: next(now) / 100)
    for entries in range(50):
        told(entries)
    told.end()
    assert screen.texts == []


def test_a_long_one_says_how_far_it_is_how_to_stop_it_and_takes_it_back():
    screen, seconds = Screen(), iter([0, *range(1, 9)])
    used = iter([100 << 20, *[(100 + 50 * i) << 20 for i in range(1, 9)]])
    told = Progress(
        0.5, screen, clock=lambda: next(seconds), free=lambda: 8 << 30, used=lambda: next(used)
    )
    for entries in range(1000, 9000, 1000):
        told(entries)
    assert len(screen.texts) == 4, screen.texts
    assert "recording for 5 s: 5,000 entries, 250 MB. Interrupt the kernel" in screen.texts[0]
    assert "--memory 90% raises that" in screen.texts[0]
    told.end()
    assert screen.texts[-1] == ""


def test_it_ends_before_memory_does_and_says_how_to_raise_the_limit():
    seconds, used = iter(range(100)), iter(range(0, 100 << 30, 1 << 30))
    told = Progress(
        0.5, Screen(), clock=lambda: next(seconds), free=lambda: 4 << 30, used=lambda: next(used)
    )
    told(10)
    told(20)
    with pytest.raises(TapeError, match=r"3.0 GB of the 4.0 GB .* 30 entries.*--memory 90%"):
        told(30)


def test_memory_is_known_here():
    assert progress.used_memory() > 1 << 20
    assert progress.free_memory() > 1 << 20


def test_a_cell_that_grows_too_large_ends_with_its_own_line(notebook, monkeypatch):
    monkeypatch.setattr(progress, "free_memory", lambda: 1)
    monkeypatch.setattr(progress, "_LOOKS", 0.0)
    sizes = iter(range(0, 1 << 40, 1 << 20))
    monkeypatch.setattr(progress, "used_memory", lambda: next(sizes))
    text = LOOP.format("%%tape", 1000).replace(
        "    y =", "    try: y = y + 0\n    except Exception: pass\n    y ="
    )
    result = notebook.attempt(text)
    assert isinstance(result.error_in_exec, TapeError)
    assert "--memory 90%" in str(result.error_in_exec)
    assert type(notebook.names["x"]) is float


@pytest.fixture
def _long(monkeypatch):
    monkeypatch.setattr(program, "_MOST_EXTENDED", 20)


@pytest.mark.usefixtures("_long")
def test_a_long_program_has_the_numbers_of_a_short_one(notebook):
    def numbers(x, h=1e-5):
        def f(x):
            y = 1.1 * x
            for _ in range(40):
                y = math.sin(y) * x + x * x
            return y

        return f(x), (f(x + h) - f(x - h)) / 2 / h, (f(x + h) - 2 * f(x) + f(x - h)) / h**2

    notebook.run(LOOP.format("%%tape -o t", 40))
    recorded = notebook.names["t"]
    for x in (0.5, 0.6, 0.45):
        recorded.panel.sliders["x"].value = x
        value, slope, bend = numbers(x)
        assert recorded.value == pytest.approx(value, rel=1e-12)
        assert recorded.gradient["x"] == pytest.approx(slope, rel=1e-8)
        assert recorded.hessian["x", "x"] == pytest.approx(bend, rel=1e-3)
        point = recorded(x=x + 0.01)
        assert point.gradient["x"] == pytest.approx(numbers(x + 0.01)[1], rel=1e-8)
        assert any("entries" in note for note in recorded.point.notes)
