"""Threads, tasks and futures that record at once, and the first uses of fresh processes."""

from __future__ import annotations

from tests.reliability.again import try_again

TITLE = "threads, tasks, futures and generators that record at once, in fresh processes, too"
TESTS = [
    "tests/autodiff/test_threads.py::test_threads_record_apart",
    "tests/autodiff/test_threads.py::test_a_thread_does_not_record_on_the_tape_of_another",
    "tests/autodiff/test_threads.py::test_threads_in_the_context_of_a_recording_add_to_its_tape",
    "tests/autodiff/test_threads.py::test_tasks_record_apart",
    "tests/autodiff/test_threads.py::test_tasks_of_one_recording_share_its_tape",
    "tests/autodiff/test_threads.py::test_a_failing_task_leaves_the_others_alone",
    "tests/autodiff/test_threads.py::test_generators_may_leave_their_blocks_in_any_order",
    "tests/autodiff/test_threads.py::test_many_shapes_at_once",
    "tests/autodiff/test_threads.py::test_the_engine_may_be_used_first_from_several_threads_at_once",
]
COUNT, SHORT = 20 * len(TESTS), 0  # they are tests of their folder


def attack(count: int, seed: int) -> tuple[int, list[str]]:
    """Try each so many times, with nothing left of one in the next."""
    del seed
    return try_again(TESTS, count // len(TESTS))
