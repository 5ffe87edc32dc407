"""What browsers do with policy files; run in namespaces of its own, where it is the machine.

``python -m tests.browsers.inside ORDER``: a JSON file with ``files`` (path -> text laid over /etc
and elsewhere), ``hosts`` (names of this machine), ``certificate`` (of the server), ``browser``,
``visit`` (addresses). Answers on standard output with what the browser shows.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.tls_server import https

PORTS = (443, 8443)
SECONDS = 20


def lay(order: dict[str, Any], folder: Path) -> None:
    """The files of the order over copies of their first folders, bound in their place."""
    run = subprocess.run
    run(["ip", "link", "set", "lo", "up"], check=True)
    tops = {Path(path).parts[1] for path in order["files"]} | {"etc"}
    for top in tops - {"usr"}:
        run(["cp", "-a", f"/{top}", str(folder / top)], check=True)
        run(["mount", "--bind", str(folder / top), f"/{top}"], check=True)
    local = Path("/usr/local/share")
    run(["mount", "-t", "tmpfs", "tmpfs", str(local)], check=True)
    for path, text in order["files"].items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text)
    # What stands beside the program, which Firefox reads only where the machine has no file.
    beside = Path("/usr/share/firefox-esr/distribution")
    run(["mount", "-t", "tmpfs", "tmpfs", str(beside)], check=True)
    (beside / "policies.json").write_text('{"policies": {"NoDefaultBookmarks": true}}')
    names = " ".join(order["hosts"])
    Path("/etc/hosts").write_text(f"127.0.0.1 localhost {names}\n")


class Marionette:
    """Firefox's own protocol: numbered JSON messages, each with its length in front."""

    def __init__(self, port: int) -> None:
        end = time.monotonic() + SECONDS
        while True:
            try:
                self._socket = socket.create_connection(("127.0.0.1", port), 2)
                break
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)
        self._socket.settimeout(SECONDS)
        self._buffer = b""
        self._number = 0
        self._receive()

    def _receive(self) -> Any:
        while b":" not in self._buffer:
            self._more()
        size, _colon, self._buffer = self._buffer.partition(b":")
        while len(self._buffer) < int(size):
            self._more()
        data, self._buffer = self._buffer[: int(size)], self._buffer[int(size) :]
        return json.loads(data)

    def _more(self) -> None:
        data = self._socket.recv(65536)
        if not data:
            raise EOFError
        self._buffer += data

    def do(self, command: str, **parameters: Any) -> Any:
        """The value of a command, or ``{"error": ...}``."""
        self._number += 1
        data = json.dumps([0, self._number, command, parameters]).encode()
        self._socket.sendall(b"%d:%s" % (len(data), data))
        _kind, _number, error, result = self._receive()
        if error is not None:
            return {"error": error["message"]}
        return result.get("value") if isinstance(result, dict) and "value" in result else result


@contextmanager
def firefox(folder: Path) -> Iterator[Marionette]:
    """A Firefox that listens."""
    profile = folder / "profile"
    profile.mkdir()
    words = ["firefox-esr", "--headless", "--marionette", "--remote-allow-system-access"]
    process = subprocess.Popen(
        [*words, "--no-remote", "--profile", str(profile)],
        env={**os.environ, "HOME": str(folder), "MOZ_DISABLE_CONTENT_SANDBOX": "1"},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        found = Marionette(2828)
        found.do("WebDriver:NewSession", capabilities={})
        yield found
    finally:
        process.terminate()
        process.wait(20)


def ask_firefox(order: dict[str, Any], folder: Path) -> dict[str, Any]:
    with firefox(folder) as browser:
        browser.do("Marionette:SetContext", value="chrome")
        script = "return [Services.policies.status, Services.policies.getActivePolicies()]"
        status, policies = browser.do("WebDriver:ExecuteScript", script=script, args=[])
        browser.do("Marionette:SetContext", value="content")
        shown = {}
        for address in order["visit"]:
            said = browser.do("WebDriver:Navigate", url=address)
            title = browser.do("WebDriver:GetTitle")
            shown[address] = said["error"] if isinstance(said, dict) and said else title
    return {"status": status, "policies": policies, "shown": shown}


# The tables of chrome://policy stand in shadow roots, a row a policy.
READ = """() => {
    const found = {};
    const walk = (root) => {
        for (const row of root.querySelectorAll('policy-row')) {
            const inside = row.shadowRoot;
            const text = (name) => inside.querySelector(name)?.textContent.trim() ?? '';
            found[text('.name')] = [text('.policy .value'), text('.messages')];
        }
        for (const one of root.querySelectorAll('*')) if (one.shadowRoot) walk(one.shadowRoot);
    };
    walk(document);
    return found;
}"""


def ask_chromium(order: dict[str, Any], folder: Path) -> dict[str, Any]:
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(folder / "profile"), executable_path="/usr/bin/chromium", args=["--no-sandbox"],
            timeout=SECONDS * 1000,
        )  # fmt: skip
        shown = {}
        for address in order["visit"]:
            page = context.new_page()
            try:
                page.goto(address, timeout=SECONDS * 1000)
                shown[address] = page.title()
            except Error as error:
                shown[address] = error.message.splitlines()[0]
            page.close()
        page = context.new_page()
        page.goto("chrome://policy", timeout=SECONDS * 1000)
        page.wait_for_timeout(500)
        rows = page.evaluate(READ)
        policies = {name: row for name, row in rows.items() if row[1] != "Not set."}
        context.close()
    return {"policies": policies, "shown": shown}


def main() -> None:
    order = json.loads(Path(sys.argv[1]).read_text())
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/tmp")))
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(folder)], check=True)
        lay(order, folder)
        for port in PORTS:
            stack.enter_context(https(Path(order["certificate"]), port))
        ask = ask_firefox if order["browser"] == "firefox" else ask_chromium
        json.dump(ask(order, folder), sys.stdout)
        sys.stdout.flush()
        os.chdir("/")
        # The namespace ends with this process, and what is mounted in it.
        os._exit(0)


if __name__ == "__main__":
    main()
