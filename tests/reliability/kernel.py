"""A real kernel, and messages to it as a front end sends them."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jupyter_client.manager import KernelManager

from tests import PATIENCE

_MOMENT = 0.02


class Kernel:
    """A client of a running kernel that keeps what every comm has sent.

    Attributes
    ----------
    states : dict of str to dict
        By comm, what its model holds.
    outputs : list of dict
        Contents of the messages of the last cell that was run.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self.states: dict[str, dict[str, Any]] = {}
        self.outputs: list[dict[str, Any]] = []
        self.messages = 0

    def run(self, code: str) -> dict[str, Any]:
        """Run a cell to its end, and give the reply."""
        self.outputs = []
        return self.wait(self.ask(code))

    def ask(self, code: str, subshell: str | None = None) -> str:
        """Ask for a cell to be run, and go on."""
        return self._send("execute_request", {"code": code}, subshell)

    def subshell(self) -> str:
        """Open another shell of the kernel, which hears while the main one runs a cell."""
        return self._control("create_subshell_request")["subshell_id"]

    def end(self, subshell: str) -> None:
        """End one, as a page does when the last of its widgets is closed."""
        self._control("delete_subshell_request", subshell_id=subshell)

    def _control(self, kind: str, **content: str) -> dict[str, Any]:
        self._client.control_channel.send(self._client.session.msg(kind, content))
        return self._client.get_control_msg(timeout=PATIENCE)["content"]

    def _send(self, kind: str, content: dict[str, Any], subshell: str | None) -> str:
        message = self._client.session.msg(kind, content)
        if subshell is not None:
            message["header"]["subshell_id"] = subshell
        self._client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def move(self, comm: str, position: dict[str, Any], subshell: str | None = None) -> None:
        """Send where sliders are, as a browser does."""
        data = {"method": "update", "state": {"position": position}, "buffer_paths": []}
        self._send("comm_msg", {"comm_id": comm, "data": data}, subshell)
        self._read()

    def wait(self, request: str) -> dict[str, Any]:
        """Wait for the reply to a request and for the kernel to be idle after it."""
        reply, idle = None, False
        until = time.monotonic() + PATIENCE
        while reply is None:
            idle |= self._read(request)
            assert time.monotonic() < until, "no reply"
            try:
                found = self._client.get_shell_msg(timeout=_MOMENT)
            except queue.Empty:
                continue
            if found["parent_header"].get("msg_id") == request:
                reply = found
        while not idle:
            idle = self._take(self._client.get_iopub_msg(timeout=PATIENCE), request)
        return reply["content"]

    def _read(self, request: str = "") -> bool:
        """Read what has come, since what nobody reads is dropped; whether it ends a request."""
        idle = False
        while True:
            try:
                idle |= self._take(self._client.get_iopub_msg(timeout=0), request)
            except queue.Empty:
                return idle

    def panel(self) -> str:
        """The comm of the newest panel."""
        return [comm for comm, state in self.states.items() if "rows" in state.get("state", {})][-1]

    def settle(self, comm: str, **positions: float) -> dict[str, Any]:
        """Wait until a panel shows the numbers of these positions; give its whole state."""
        until = time.monotonic() + PATIENCE
        while (
            self.states[comm]["state"]["positions"] != positions
            or self.states[comm]["state"]["stale"]
        ):
            self._take(self._client.get_iopub_msg(timeout=max(until - time.monotonic(), 0)), "")
        return self.states[comm]["state"]

    def drain(self) -> None:
        """Read what else has come."""
        while True:
            try:
                self._take(self._client.get_iopub_msg(timeout=0.2), "")
            except queue.Empty:
                return

    def _take(self, message: dict[str, Any], request: str) -> bool:
        """Keep what a message says; whether it ends a request."""
        self.messages += 1
        kind, content = message["header"]["msg_type"], message["content"]
        if kind in ("comm_open", "comm_msg"):
            data = content["data"]
            self.states.setdefault(content["comm_id"], {}).update(data.get("state", {}))
        elif kind == "comm_close":
            self.states.pop(content["comm_id"], None)
        elif kind not in ("status", "execute_input"):
            self.outputs.append({"kind": kind, **content})
        idle = kind == "status" and content["execution_state"] == "idle"
        return idle and message["parent_header"].get("msg_id") == request


@contextmanager
def running() -> Iterator[Kernel]:
    """Start a kernel with ``%%tape``, and end it."""
    manager = KernelManager()
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=PATIENCE)
        kernel = Kernel(client)
        assert kernel.run("import numpy as np\n%load_ext tapenb")["status"] == "ok"
        yield kernel
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
