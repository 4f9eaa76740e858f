"""A real JupyterLab or Notebook 7 server, and what a user does in its pages."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
from playwright.sync_api import Page

from tests import PATIENCE

# The application of each front end, with the traits that configure it.
APPLICATIONS = {"lab": ("jupyterlab", "LabApp"), "notebook": ("notebook", "JupyterNotebookApp")}

# A server ends with the process that started it, however that one ended: its input closes.
ATTENDED = """
import os, runpy, signal, sys, threading
def attend():
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=attend, daemon=True).start()
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""

# The indicator in the toolbar says "idle" before there is a kernel: ask the session itself.
READY = """() => {
  const w = window.jupyterapp?.shell.currentWidget, k = w?.sessionContext?.session?.kernel;
  return !!k && k.connectionStatus === 'connected' && k.status === 'idle'
      && w.content?.model?.cells?.length === w.content?.widgets?.length
}"""

EXECUTE = """([command, given, limit]) => Promise.race([
  window.jupyterapp.commands.execute(command, given).then(done => done === true),
  new Promise((_, no) => setTimeout(() => no(new Error(command + ' timed out')), limit))
])"""

CLOSE = """() => {
  for (const widget of [...window.jupyterapp.shell.widgets('main')]) widget.dispose();
}"""

WRITE = """([index, source]) => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  notebook.widgets[index].model.sharedModel.setSource(source);
  notebook.activeCellIndex = index;
}"""


@dataclass(frozen=True)
class Server:
    """A running Jupyter server."""

    app: str
    url: str
    directory: Path

    def address(self, name: str) -> str:
        """Return the page on which the notebook `name` is open."""
        return self.url + (f"/lab/tree/{name}?reset" if self.app == "lab" else f"/notebooks/{name}")

    def write(self, name: str, *cells: str) -> None:
        """Write a notebook of code cells."""
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source) for source in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"}},
        )
        nbformat.write(notebook, self.directory / name)

    def stop_kernels(self) -> None:
        """End every session, so that no kernel outlives its test."""
        for session in self._ask("GET", "/api/sessions"):
            self._ask("DELETE", f"/api/sessions/{session['id']}")

    def is_up(self) -> bool:
        """Return whether the server answers."""
        try:
            self._ask("GET", "/api/status")
        except (urllib.error.URLError, ConnectionError):
            return False
        return True

    def _ask(self, method: str, path: str) -> list | dict | None:
        request = urllib.request.Request(self.url + path, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            body = answer.read()
        return json.loads(body) if body else None


@contextmanager
def serve(
    directory: Path,
    app: str,
    subshells: str = "perCommTarget",
    theme: str = "JupyterLab Light",
    policy: str | None = None,
) -> Iterator[Server]:
    """Run a server on `directory` that neither reads nor writes anything of the user's.

    A policy is the Content-Security-Policy of its pages.
    """
    module, _ = APPLICATIONS[app]
    notebooks, settings = directory / "notebooks", directory / "settings"
    notebooks.mkdir()
    settings.mkdir()
    extension = "@jupyterlab/apputils-extension"
    overrides = {
        f"{extension}:notification": {
            "fetchNews": "false",
            "checkForUpdates": False,
            "doNotDisturbMode": True,
        },
        f"{extension}:themes": {"theme": theme},
        f"{extension}:kernels-settings": {"commsOverSubshells": subshells},
    }
    (settings / "overrides.json").write_text(json.dumps(overrides))
    own = (
        "JUPYTER_CONFIG_DIR",
        "JUPYTER_DATA_DIR",
        "JUPYTER_RUNTIME_DIR",
        "JUPYTERLAB_SETTINGS_DIR",
        "JUPYTERLAB_WORKSPACES_DIR",
        "IPYTHONDIR",
    )
    port = free_port()
    command = [
        *(sys.executable, "-c", ATTENDED, module, "--allow-root", "--no-browser"),
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        "--IdentityProvider.token=",
        "--ServerApp.password=",
        f"--ServerApp.root_dir={notebooks}",
        "--ServerApp.terminals_enabled=False",
        "--ServerApp.disable_check_xsrf=True",  # sessions are ended from outside a page
        *(f"--{traits}.app_settings_dir={settings}" for _, traits in APPLICATIONS.values()),
        *(f"--{traits}.expose_app_in_browser=True" for _, traits in APPLICATIONS.values()),
        "--LabApp.news_url=None",
    ]
    if policy is not None:
        headers = {"headers": {"Content-Security-Policy": policy}}
        command.append(f"--ServerApp.tornado_settings={headers}")
    with (directory / "log").open("w") as log:
        process = subprocess.Popen(
            command,
            env=os.environ | {name: str(directory / name.lower()) for name in own},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = Server(app, f"http://127.0.0.1:{port}", notebooks)
    try:
        deadline = time.monotonic() + PATIENCE
        while not server.is_up():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("No server:\n" + (directory / "log").read_text())
            time.sleep(0.1)
        yield server
    finally:
        process.stdin.close()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def open_notebook(page: Page, server: Server, name: str) -> None:
    """Open a notebook: in a page that JupyterLab is loaded in as its users do, without a load."""
    if server.app == "lab" and page.url.startswith(server.url):
        execute(page, "docmanager:open", path=name)
    else:
        page.goto(server.address(name))


def close_notebooks(page: Page) -> None:
    """Close what is open, without saving it."""
    page.evaluate(CLOSE)


def execute(page: Page, command: str, **arguments: str) -> bool:
    """Run a command of the front end; return what it does: False when a cell raised."""
    return page.evaluate(EXECUTE, [command, arguments, 1000 * PATIENCE])


def run_cell(page: Page, index: int, source: str) -> bool:
    """Write `source` in a cell and run it."""
    page.evaluate(WRITE, [index, source])
    return execute(page, "notebook:run-cell")


def start_cell(page: Page, index: int, source: str) -> None:
    """Write `source` in a cell, start it, and return when the kernel is busy."""
    page.evaluate(WRITE, [index, source])
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-cell') }")
    page.wait_for_function(f"() => !({READY})()")


@contextmanager
def busy(page: Page, index: int, directory: Path) -> Iterator[None]:
    """Keep the kernel of a notebook in a directory busy with a cell until the block ends."""
    end = directory / "end"
    end.unlink(missing_ok=True)
    start_cell(
        page, index, "import os, time\nwhile not os.path.exists('end'):\n    time.sleep(0.01)"
    )
    try:
        yield
    finally:
        end.touch()


def set_subshells(page: Page, subshells: str) -> None:
    """Say where a kernel hears the moves, as the page does when the user's setting changes."""
    kernels = "window.jupyterapp.serviceManager.kernels"
    page.evaluate(f"where => {{ {kernels}.commsOverSubshells = where; }}", subshells)


def wait_until_idle(page: Page) -> None:
    """Wait until the kernel has nothing left to do."""
    page.wait_for_function(READY)


def cells(page: Page) -> list[str]:
    """Return the sources of the cells as the page has them."""
    return page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.widgets"
        ".map(w => w.model.sharedModel.getSource())"
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
