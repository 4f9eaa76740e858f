"""Memory lent to code that no tape can follow: what C code asks of an array.

An array that holds nothing traced goes to it as the ndarray that it is, wherever Python lets it.
Its memory is exposed from then on, so that a later write of something traced, which would be lost
there, raises.
"""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import numpy as np

from ..tape.provenance import calls, here
from .apply import refuse
from .questions import Questions, leave
from .structures import takes_traced


class Lends(Questions):
    """Answers of an array that hand out its memory."""

    __slots__ = ()

    def _expose(self, frame: FrameType) -> None:
        """Note that code which the tape cannot follow has got the memory, and may write to it."""
        if self._tape is not None and self._tape.open:
            self._own().expose(here(frame))

    def view(self, *args: Any, **kwargs: Any) -> Any:
        """The same memory under another name; while it holds something traced, of its dtype."""
        if not (args or kwargs) or (args == (self.dtype,) and not kwargs):
            return self[...]
        if self._is_active():
            refuse("x.view() as another dtype or type is", sys._getframe(1))
        self._expose(sys._getframe(1))
        return self._value.view(*args, **kwargs)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if takes_traced(sys._getframe(1)):
            return self
        result = super().__array__(dtype, copy)
        if np.may_share_memory(result, self._value):
            self._expose(sys._getframe(1))
        return result

    @property
    def __array_interface__(self) -> dict[str, Any]:
        frame = sys._getframe(1)
        # NumPy itself, which may want a copy only, is better answered by `__array__`.
        if self._is_active() or calls(frame.f_code, frame.f_lasti):
            raise AttributeError("__array_interface__")
        self._expose(frame)
        return self._value.__array_interface__

    def __dlpack__(self, **kwargs: Any) -> Any:
        leave(self, np.asarray, "x.__dlpack__()", sys._getframe(1))
        self._expose(sys._getframe(1))
        return self._value.__dlpack__(**kwargs)

    def __dlpack_device__(self) -> tuple[Any, int]:
        return self._value.__dlpack_device__()

    def __bytes__(self) -> bytes:
        return leave(self, np.asarray, "bytes(x)", sys._getframe(1)).tobytes()

    def __buffer__(self, flags: int) -> memoryview:
        # Asked for from Python 3.12 on. NumPy drops this error, and asks for `__array__`.
        if self._is_active():
            raise BufferError(f"a {type(self).__name__} has no buffer while it is recorded")
        if self._tape is not None and self._tape.open:
            self._own().lend(here(sys._getframe(1)))
        return memoryview(self._value)

    def __release_buffer__(self, buffer: memoryview) -> None:
        if self._memory is not None:
            self._memory.take_back()
