"""A tape as a program: played again at new inputs, entry by entry or as one Python function."""
