"""The kernel that exercises share keeps nothing of the one before."""

from pathlib import Path

from nbval.kernel import CURRENT_ENV_KERNEL_NAME, RunningKernel

from .kernels import empty, end


def printed(kernel: RunningKernel, source: str) -> str:
    """What a cell prints, or the name of its error."""
    request, texts = kernel.execute_cell_input(source), []
    while True:
        message = kernel.get_message("iopub", timeout=60)
        content = message["content"]
        if message["parent_header"].get("msg_id") != request:
            continue
        if content.get("execution_state") == "idle":
            return "".join(texts)
        texts.append(content.get("text", content.get("ename", "")))


def test_a_notebook_finds_no_name_of_another(tmp_path: Path):
    here = tmp_path / "here"
    here.mkdir()
    kernel = RunningKernel(CURRENT_ENV_KERNEL_NAME, cwd=str(tmp_path))
    try:
        where = "import os; print(os.getcwd())"
        assert printed(kernel, f"secret = 3\n{where}") == f"{tmp_path}\n"
        empty(kernel, str(here))
        assert printed(kernel, "secret") == "NameError"
        assert printed(kernel, "os") == "NameError"
        assert printed(kernel, where) == f"{here}\n"
    finally:
        end(kernel)
