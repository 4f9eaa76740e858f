"""What a panel shows of a cell: its sliders, and every number at one point."""
