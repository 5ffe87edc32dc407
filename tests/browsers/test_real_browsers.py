"""The files the kit writes, as a real Chromium and a real Firefox ESR take them.

Each browser runs once, headless, in namespaces of its own: its policy files stand where they stand
on a post, and nothing of this machine is touched. The pages come from a server on the loopback.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kit.app.packs import workspace_packs
from kit.catalogue.clients import pack_rules
from kit.catalogue.templates import build
from kit.model.client import Kiosk, WebClient
from kit.model.device import PostRole
from kit.model.platform import Platform
from kit.model.setting import Setting
from kit.model.target import Target
from kit.resources.browser_definitions import definitions
from kit.resources.browser_policy import BrowserPolicy
from tests.cases import facts
from tests.tls_server import Authority

PROGRAMS = {"chromium": "chromium", "firefox": "firefox-esr"}
missing = [one for one in (*PROGRAMS.values(), "unshare", "ip") if shutil.which(one) is None]
pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="namespaces of mounts and networks need root"),
    pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}"),
]

FILES = {
    "chromium": "/etc/chromium/policies/managed/esms-kit.json",
    "firefox": "/etc/firefox/policies/policies.json",
}
# Forbids the very way these tests drive a browser.
UNDRIVABLE = "developer_tools"
# Still hold; chrome://policy says that they will not for ever.
GOING = {"AutofillAddressEnabled", "AutofillCreditCardEnabled"}
ALLOWED = {
    "https://dui.test/login": "page /login",
    "https://dui.test/elsewhere": "page /elsewhere",
    "https://a.wide.test/": "page /",
    "https://port.test:8443/": "page /",
    "https://path.test/ok/yes": "page /ok/yes",
}
BLOCKED = (
    "https://other.test/",
    "https://sub.dui.test/",
    "https://path.test/",
    "http://other.test/",
    "file:///etc/hostname",
)


def settings_of(browser: str, authority: Authority) -> list[Setting]:
    """A kiosk of the web pack, and every policy there is."""
    client = WebClient(
        address="https://dui.test/login",
        allowed=("https://*.wide.test", "https://port.test:8443", "https://path.test/ok"),
        authorities=(authority.text,),
        browsers=("chromium", "firefox"),
        local_network=True,
        popups=True,
        label="DUI",
        kiosk=Kiosk(post_roles=(PostRole.KIOSK,)),
    )
    rules = pack_rules(workspace_packs(None)["dui_web"], client, PostRole.KIOSK)
    found = [build(data, {}) for rule in rules for data in rule.platforms[Platform.LINUX].settings]
    for name, definition in definitions().items():
        if browser in definition.browsers() and definition.kind != "authorities":
            value: Any = next(iter(definition.choices), "https://dui.test/login")
            data = {"type": "browser_policy", "browser": browser, "policy": name}
            found.append(build({**data, "value": [value] if definition.is_list() else value}, {}))
    return [one for one in found if getattr(one, "policy", "") != UNDRIVABLE]


def rendered(settings: list[Setting]) -> dict[str, str]:
    targets: dict[str, tuple[Target, list[Setting]]] = {}
    for one in settings:
        if one.type in {"browser_policy", "file"}:
            for target in one.targets(facts()):
                targets.setdefault(target.key, (target, []))[1].append(one)
    artefacts = [type(held[0]).render(target, held) for target, held in targets.values()]
    return {one.path: one.content for one in artefacts if one.state == "present"}  # type: ignore[union-attr]


@pytest.fixture(scope="module", params=sorted(PROGRAMS))
def seen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    browser, folder = request.param, tmp_path_factory.mktemp(request.param)
    authority = Authority(folder)
    hosts = ["dui.test", "other.test", "sub.dui.test", "a.wide.test", "port.test", "path.test"]
    settings = settings_of(browser, authority)
    order = {
        "browser": browser,
        "certificate": str(authority.issue(*hosts)),
        "files": rendered(settings),
        "hosts": hosts,
        "visit": [*ALLOWED, *BLOCKED],
    }
    (folder / "order.json").write_text(json.dumps(order))
    before = state()
    done = subprocess.run(
        ["unshare", "--mount", "--net", "--propagation", "private", sys.executable, "-m",
         "tests.browsers.inside", str(folder / "order.json")],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False, timeout=180,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert state() == before
    return browser, json.loads(done.stdout), json.loads(order["files"][FILES[browser]]), settings


def state() -> list[tuple[str, int]]:
    """The policy files of this very machine."""
    places = ("/etc/chromium", "/etc/firefox", "/usr/local/share", "/usr/share/firefox-esr")
    found = [path for place in places for path in Path(place).rglob("*")]
    return sorted((str(path), path.lstat().st_mtime_ns) for path in found)


def without_end(found: Any) -> Any:
    """Firefox writes an origin with a slash behind it."""
    if isinstance(found, dict):
        return {name: without_end(one) for name, one in found.items()}
    if isinstance(found, list):
        return [one.removesuffix("/") if isinstance(one, str) else one for one in found]
    return found


def test_the_browser_takes_every_policy_as_it_was_written(seen):
    browser, shown, document, settings = seen
    if browser == "firefox":
        assert shown["status"] == 1  # active; 2 is failed
        assert without_end(shown["policies"]) == document["policies"]
        return
    told = {name: row[1] for name, row in shown["policies"].items()}
    assert told == {name: "Deprecated" if name in GOING else "OK" for name in document}
    for name, (text, _said) in shown["policies"].items():
        wanted = document[name]
        if isinstance(wanted, str):
            assert text == wanted
        elif len(text) < 250:  # what is longer is shown cut
            assert json.loads(text) == wanted, name
    own = [one for one in settings if isinstance(one, BrowserPolicy) and one.browser == browser]
    policies = {one.policy for one in own}
    assert policies == {
        name for name, one in definitions().items() if "chromium" in one.browsers()
    } - {UNDRIVABLE}


def test_allowed_addresses_open_and_nothing_else(seen):
    browser, shown, _document, _settings = seen
    refusal = {"chromium": "ERR_BLOCKED_BY_ADMINISTRATOR", "firefox": "blockedByPolicy"}[browser]
    for address, title in ALLOWED.items():
        assert shown["shown"][address] == title
    for address in BLOCKED:
        assert refusal in shown["shown"][address], (address, shown["shown"][address])
