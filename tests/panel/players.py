"""The page's player of compact tapes, in node and in Chromium."""

import json
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
BROWSER = HERE.parents[1] / "tapenb" / "panel" / "browser"
NODE = shutil.which("node")


class NodePlayer:
    """A process of node that answers one message after another."""

    def __init__(self, script="play.mjs"):
        command = [NODE, str(HERE / script)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)

    def ask(self, message):
        """The answer to a message, with not-a-numbers and infinities as such."""
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self):
        """End the process."""
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


class ChromiumPlayer:
    """A page of Chromium that has loaded the player's modules."""

    def __init__(self, page):
        self._page = page
        page.route("http://player.test/**", self._serve)
        page.goto("http://player.test/")
        page.evaluate("async () => { globalThis.player = await import('/play.mjs'); }")

    def _serve(self, route):
        name = route.request.url.rpartition("/")[2]
        if not name:
            route.fulfill(content_type="text/html", body="<!doctype html><title>Player</title>")
            return
        path = HERE / name if name == "play.mjs" else BROWSER / name
        text = path.read_text().replace("../../tapenb/panel/browser/", "./")
        if name == "play.mjs":  # the loop over lines is node's
            text = "\n".join(line for line in text.splitlines() if "node:readline" not in line)
            text = text.partition("for await")[0]
        route.fulfill(content_type="text/javascript", body=text)

    def ask(self, message):
        """The answer to a message."""
        told = "(message) => JSON.stringify(player.answer(message), player.asJson)"
        return json.loads(self._page.evaluate(told, message))


def numbers(nested):
    """All numbers of an answer, in order."""
    if isinstance(nested, dict):
        nested = list(nested.values())
    if isinstance(nested, list):
        return [number for part in nested for number in numbers(part)]
    return [float(nested)]
