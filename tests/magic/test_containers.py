"""What a cell can have put traced values into is looked through whole, and numbers cost nothing."""

from tapenb.autodiff.reach import places, walk
from tapenb.magic.containers import containers


def test_the_last_of_very_many_lists_is_found():
    many = [[] for _ in range(200_100)]
    assert sum(1 for _ in containers([many])) == len(many) + 1


def test_plain_numbers_are_not_gone_through():
    met = []

    def enter(value):
        met.append(value)
        return places(value)

    numbers = {key: float(key) for key in range(1000)}
    assert len(list(walk([numbers, list(numbers.values())], enter))) == len(met) == 2
