"""A panel weighs what its command says it may."""

from .sizes import sizes


def test_panels_are_small():
    assert not [(name, size) for name, size, most in sizes() if size > most]
