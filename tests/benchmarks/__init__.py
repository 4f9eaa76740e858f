"""How fast tapenb is, beside hand-written code and other libraries: `python -m tests.benchmarks`.

Every figure is a ratio of medians measured side by side in one run, and every result is checked
against the hand-written one first. `README.md` here has the method and one run.
"""
