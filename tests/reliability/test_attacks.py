"""Every attack in its short form: nothing is lost."""

import pytest

from tests.reliability.attacks import Attacker, attacks

SEED = 0
# A tenth of it is enough where others work, too: only what hangs comes to its end.
SECONDS = 400


@pytest.fixture(scope="module")
def attacker():
    with Attacker(SEED, SECONDS, short=True) as attacker:
        yield attacker


@pytest.mark.parametrize("name", attacks())
def test_nothing_is_lost(name, attacker):
    tried, lost = attacker.run(name)
    assert not lost
    assert tried >= attacks()[name].SHORT // 2
