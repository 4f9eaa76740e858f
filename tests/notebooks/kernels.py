"""One kernel for all exercises and solutions that a process checks.

They are small, and what a new kernel imports takes ten times as long as they do. In between it is
emptied of every name, so that a notebook finds nothing of another one. Lessons have their own.
"""

from nbval.kernel import RunningKernel
from nbval.plugin import IPyNbFile

SMALL = ("exercises", "solutions")
EMPTY = "import os\nos.chdir({!r})\nget_ipython().reset(new_session=False)"

_kept: RunningKernel | None = None
_setup, _teardown = IPyNbFile.setup, IPyNbFile.teardown


def share() -> None:
    """Let nbval use one kernel for small notebooks."""
    IPyNbFile.setup, IPyNbFile.teardown = setup, teardown


def setup(file: IPyNbFile) -> None:
    """Give a notebook its kernel."""
    global _kept
    if file.path.parent.name not in SMALL:
        _setup(file)
    elif _kept is None or not _kept.is_alive():
        _setup(file)
        _kept = file.kernel
    else:
        file.kernel = _kept
        file.setup_sanitize_files()
        empty(_kept, str(file.path.parent))


def empty(kernel: RunningKernel, directory: str) -> None:
    """Take all names out of a kernel, and let it work in a directory."""
    request = kernel.kc.execute(EMPTY.format(directory), silent=True, store_history=False)
    kernel.await_reply(request, timeout=60)
    kernel.await_idle(request, timeout=60)


def teardown(file: IPyNbFile) -> None:
    """End the kernel of a notebook, unless others follow in it."""
    if file.kernel is not _kept:
        _teardown(file)


def stop() -> None:
    """End the kernel that small notebooks shared."""
    global _kept
    kernel, _kept = _kept, None
    if kernel is not None and kernel.is_alive():
        end(kernel)


def end(kernel: RunningKernel) -> None:
    """Stop a kernel, and close what nbval leaves open."""
    sink = kernel.km._launch_args["stderr"]
    kernel.stop()
    sink.close()
