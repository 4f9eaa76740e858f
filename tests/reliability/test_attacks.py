"""Every attack in its short form: nothing is lost."""

import pytest

from tests.reliability.attacks import attacks, run

SEED = 0
# A tenth of it is enough where others work, too: only what hangs comes to its end.
SECONDS = 400


@pytest.mark.parametrize("name", [name for name, each in attacks().items() if each.SHORT])
def test_nothing_is_lost(name):
    tried, lost = run(name, SEED, SECONDS, short=True)
    assert not lost
    assert tried >= attacks()[name].SHORT // 2
