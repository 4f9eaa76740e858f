"""The tests."""

#: How long anything may take on the slowest machine, in seconds: every wait of a test is this one.
PATIENCE = 240.0
