"""Absent from all processes that tests start: the root's conftest puts this folder on their path.

jsonschema, which every server and every process of pytest imports, would compile the grammars of
international addresses at once; that takes two seconds each time, and no test has such an address.
"""

raise ModuleNotFoundError(__doc__, name=__name__)
