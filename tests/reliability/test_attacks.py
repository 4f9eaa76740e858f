"""Every attack in its short form: nothing is lost."""

import pytest

from tests.reliability.attacks import attacks

SEED = 0


# Programs that leave their files and sockets open are among what is tried.
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", attacks())
def test_nothing_is_lost(name):
    attack = attacks()[name]
    tried, lost = attack.attack(attack.SHORT, SEED)
    assert tried >= attack.SHORT // 2
    assert not lost
