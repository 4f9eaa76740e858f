"""A connection of Jupyter Server's to a page that sends every message at once.

Jupyter Server leaves Nagle's algorithm on: it holds a short message back until the page has
acknowledged the one before, which a system may put off for 40 ms. The kernel's "busy" goes ahead
of what a widget sends, so that is what waits.
"""

from __future__ import annotations

from typing import Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

__all__ = ["Undelayed"]


class Undelayed(ZMQChannelsWebsocketConnection):
    """For ``--ServerApp.kernel_websocket_connection_class``."""

    def connect(self) -> Any:
        """Connect to the kernel, with the page's socket set to send at once."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()
