"""A plan as instructions on single numbers, which a page can play without NumPy.

Every value becomes an array of numbers, each of which stands in a register. Functions that only
move elements are NumPy's own, called on those arrays; sums and products are NumPy's own on numbers
whose ``+`` and ``*`` append instructions; ufuncs have a table; a rule that is an expression is
recorded and lowered in turn. What has no form here is refused: the kernel answers.

    registers   the instructions, shared where they are the same
    number      what stands in NumPy's arrays while a plan is lowered
    forms       the registry of forms: by an operation's name, how it is lowered
    elementwise, moving, summing, ordering, matrices   the forms
    lowering    a plan step by step; guards
    compact     the compact tape: numbered, stripped of what nobody reads, as JSON
    player      the instructions played by NumPy, at many points at once
    scalar_tape the instructions as a tape of single numbers, for the compiler
"""
