"""``tn.load``: what a saved tape or function was."""

from __future__ import annotations

from os import PathLike

from .checked import check
from .exported import StoredFunction
from .stored import read
from .tapes import StoredTape

_KINDS = {"tape": StoredTape, "function": StoredFunction}


def load(path: str | PathLike[str]) -> StoredTape | StoredFunction:
    """Read a saved program: of a tape with its derivatives, or of a function.

    Nothing in the file is code: it holds numbers, names and instructions of a fixed table.

    Parameters
    ----------
    path : path-like
        A file that `save` wrote.

    Returns
    -------
    StoredTape or StoredFunction
        Of ``tape.save(path)``: ``.value``, ``.gradient``, ``.hessian``, the same at other inputs
        by ``.at(x=3.0)``, at many points by ``.many(x=xs)``. Of ``tn.export(f, …).save(path)``: a
        function like `f`, and ``.many``.

    Raises
    ------
    OSError
        Where it cannot be read.
    ValueError
        Where it is something else, of another version of the format, damaged, or has an operation
        that this tapenb does not know.

    Examples
    --------
    >>> import pathlib
    >>> import tempfile
    >>> import tapenb as tn
    >>> path = pathlib.Path(tempfile.mkdtemp(), "cube.json")
    >>> tn.record(lambda x: x**3, 2.0).save(path)
    >>> cube = tn.load(path)
    >>> float(cube.value), float(cube.at(x=3.0).gradient["x"])
    (8.0, 27.0)
    """
    data = read(path)
    if type(data.get("of")) is not str or data["of"] not in _KINDS:
        raise ValueError(f"{path} is no saved tape: tape.save(path) makes one")
    try:
        check(data)
        program = _KINDS[data["of"]](data)
        program.try_out()
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    except Exception as error:
        # Whatever else fails to make a program of it, or to play it.
        raise ValueError(f"{path}: the file is damaged: {error!r}") from None
    return program
