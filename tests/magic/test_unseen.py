"""A cell that runs again unseen, in a real kernel: only what others print and display arrives."""

from queue import Empty

from jupyter_client.manager import start_new_kernel

SETUP = """
import threading, time
import numpy as np
from IPython.display import clear_output, display
%load_ext tapenb
"""

CELL = """
%%tape -o t
x = 3.0
if x > 5:
    print("unseen print")
    display("unseen display")
    clear_output()
    threading.inside.set()
    time.sleep(0.5)
z = x*x
"""

MOVE = """
import sys
threading.inside = threading.Event()
publisher, stream = get_ipython().display_pub, sys.stdout
def others():
    threading.inside.wait()
    threading.same = get_ipython().display_pub is publisher
    get_ipython().display_pub.set_parent(get_ipython().get_parent())
    for number in range(50):
        print("print", number)
        display(f"display {number}")
thread = threading.Thread(target=others)
thread.start()
t(x=6.0)
thread.join()
assert threading.same and get_ipython().display_pub is publisher and sys.stdout is stream
print("end", t(x=6.0).value)
"""

REFUSED = """%%tape
x = 2.0
y = float(x)**2
z = x
w = y + z
"""


def test_a_refusal_points_at_its_line_though_the_cell_ran_on():
    manager, client = start_new_kernel(startup_timeout=240)
    try:
        client.execute_interactive("get_ipython().colors = 'nocolor'" + SETUP, timeout=240)
        reply = client.execute_interactive(REFUSED, output_hook=lambda message: None, timeout=240)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    shown = "\n".join(reply["content"]["traceback"])
    assert "----> 3 y = float(x)**2" in shown
    assert "TapeError: line 3, `float(x)`" in shown


def test_what_other_threads_print_and_display_meanwhile_arrives():
    manager, client = start_new_kernel(startup_timeout=240)
    try:
        for code in (SETUP, CELL):
            assert client.execute_interactive(code, timeout=240)["content"]["status"] == "ok"
        texts = []

        def hear(message: dict) -> None:
            content = message["content"]
            if message["msg_type"] == "stream":
                texts.append(content["text"])
            elif message["msg_type"] == "display_data":
                texts.append(content["data"]["text/plain"] + "\n")
            elif message["msg_type"] == "clear_output":
                texts.append("unseen clearing")
            elif message["msg_type"] == "error":
                texts.append("\n".join(content["traceback"]))

        reply = client.execute_interactive(MOVE, output_hook=hear, timeout=240)
        said = "".join(texts)
        assert reply["content"]["status"] == "ok", said
        while "display 49" not in said:
            hear(client.get_iopub_msg(timeout=240))
            said = "".join(texts)
    except Empty:
        raise AssertionError(said) from None
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    for number in range(50):
        assert f"print {number}\n" in said
        assert f"'display {number}'" in said
    assert "unseen" not in said
    assert "end 36.0" in said
