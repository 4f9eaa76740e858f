"""Which move of a slider counts: the newest, in whatever order and how often they arrive."""

import asyncio
import threading
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tapenb.panel.moves import Merging, Positions

LABELS, VIEWS = ["x", "y"], ["a", "b", "c"]


@st.composite
def conversations(draw: st.DrawFn) -> tuple[list[Any], list[Any]]:
    """Messages as views send them that hear the kernel now and then, and the order they arrive in.

    Some never arrive, some twice.
    """
    moves = st.tuples(st.sampled_from(VIEWS), st.sampled_from(LABELS), st.booleans())
    heard: dict[str, dict[str, int]] = {view: {} for view in VIEWS}
    own: dict[str, dict[str, tuple[int, float]]] = {view: {} for view in VIEWS}
    sent = []
    for number, (view, label, hears) in enumerate(draw(st.lists(moves, min_size=1, max_size=20))):
        if hears:
            for _, other in sent:
                for key, (counter, _value) in other.items():
                    heard[view][key] = max(heard[view].get(key, 0), counter)
        mine = own[view].get(label, (0, 0.0))[0]
        counter = 1 + max(heard[view].get(label, 0), mine)
        own[view][label] = counter, float(number)
        heard[view][label] = counter
        sent.append((view, dict(own[view])))
    arrivals = draw(st.lists(st.sampled_from(sent), min_size=1, max_size=40))
    return sent, arrivals


@given(conversations())
def test_the_newest_move_that_arrived_wins(conversation):
    _, arrivals = conversation
    positions = Positions({})
    for view, moves in arrivals:
        before = positions.newest
        changed = positions.take(view, moves)
        assert changed == (positions.newest != before)
        assert all(positions.newest[label] >= move for label, move in before.items())
    for label in LABELS:
        every = [
            ((moves[label][0], view), moves[label][1]) for view, moves in arrivals if label in moves
        ]
        if every:
            newest, value = max(every)
            assert (positions.newest[label], positions.values[label]) == (newest, value)
        else:
            assert label not in positions.values


@given(conversations())
def test_kernels_that_hear_the_same_messages_agree(conversation):
    """In another order, and each of them twice."""
    _, arrivals = conversation
    one, other = Positions({}), Positions({})
    for view, moves in arrivals:
        one.take(view, moves)
    for view, moves in [*reversed(arrivals), *arrivals]:
        other.take(view, moves)
    assert one.latest == other.latest


@given(conversations())
def test_a_view_whose_last_message_arrives_has_lost_nothing(conversation):
    """It carries all that the view has moved, so it makes up for those before it."""
    sent, arrivals = conversation
    every, last = Positions({}), Positions({})
    for view, moves in [*arrivals, *sent]:
        every.take(view, moves)
    for view, moves in dict(sent).items():
        last.take(view, moves)
    assert every.latest == last.latest


def test_a_program_s_move_is_newer_than_all_that_are_known():
    positions = Positions({"x": 1.0})
    positions.take("k", {"x": (7, 2.0)})
    positions.move("x", 3.0)
    assert positions.latest == ({"x": (8, "")}, {"x": 3.0})
    assert not positions.take("k", {"x": (7, 2.0)})


def test_messages_of_one_loop_are_worked_on_together():
    seen: list[int] = []
    noted = 0
    merging = Merging(lambda: seen.append(noted))

    async def flood() -> None:
        nonlocal noted
        for _ in range(1000):
            noted += 1
            merging.ask()
        while seen[-1] != noted:
            await asyncio.sleep(0.001)

    asyncio.run(flood())
    # The first at once, and the newest when nothing more waits.
    assert seen == [1, 1000]


def test_without_a_loop_each_message_is_worked_on_at_once():
    seen: list[str] = []
    merging = Merging(lambda: seen.append(threading.current_thread().name))
    for _ in range(3):
        merging.ask()
    assert len(seen) == 3
