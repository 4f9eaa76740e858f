"""No server outlives the run that started it."""

import subprocess
import sys
import time

from tests.browser import jupyter

RUN = """
import pathlib, sys, time
from tests.browser import jupyter
with jupyter.serve(pathlib.Path(sys.argv[1]), "lab", "perCommTarget", "JupyterLab Light") as server:
    print(server.url, flush=True)
    time.sleep(100_000)
"""


def test_a_server_ends_with_a_run_that_was_killed(tmp_path):
    run = subprocess.Popen(
        [sys.executable, "-c", RUN, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    with run:
        server = jupyter.Server("lab", run.stdout.readline().strip(), tmp_path)
        assert server.is_up()
        run.kill()
    deadline = time.monotonic() + jupyter.PATIENCE
    while server.is_up():
        assert time.monotonic() < deadline
        time.sleep(0.1)
