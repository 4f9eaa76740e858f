"""Measure what the course needs of a machine's memory: `python -m tests.notebooks.memory`.

A user on Binder has about 450 MB for JupyterLab's server and one kernel. Both peaks are those that
Linux counts, `VmHWM`; the kernel's is read by a last cell of each lesson.
"""

import argparse
import os
import re
import tempfile
import urllib.request
from pathlib import Path

import nbformat

from tests.browser.jupyter import serve

from .execute import COURSE, execute

STATUS = "print(open('/proc/self/status').read())"


def peak(status: str) -> int:
    """Return the largest resident size in the text of a process's status, in MB."""
    return round(int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024)


def of_server() -> int:
    """Return what a server takes that has given the page of JupyterLab."""
    with (
        tempfile.TemporaryDirectory() as directory,
        serve(Path(directory), "lab", "false", "JupyterLab Light") as server,
    ):
        urllib.request.urlopen(server.url + "/lab").read()
        (child,) = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        return peak(Path(f"/proc/{child}/status").read_text())


def of_kernel(path: Path) -> int:
    """Return what the kernel takes in which a lesson ran from top to bottom."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(STATUS))
    execute(notebook, path.parent)
    return peak(notebook.cells[-1].outputs[0].text)


def main() -> None:
    """Print the server's peak, and that of a kernel for each notebook."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, default=sorted(COURSE.glob("*.ipynb")))
    files = parser.parse_args().files
    server = of_server()
    print(f"{server:4d} MB  JupyterLab's server")
    kernels = {path.stem: of_kernel(path) for path in files}
    for name, size in kernels.items():
        print(f"{size:4d} MB  kernel of {name}")
    print(f"{server + max(kernels.values()):4d} MB  together, at most")


if __name__ == "__main__":
    main()
