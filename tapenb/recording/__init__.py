"""The contents of a cell's panel: its sliders, and every number at one point."""
