from . import samples  # noqa: F401  before its chapters, which need it
