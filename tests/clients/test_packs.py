"""Client packs: what they become on a post, and what is refused of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from kit.app.packs import workspace_packs
from kit.catalogue.clients import (
    filled,
    load_packs,
    missing_values,
    pack_rules,
    value_problems,
    with_clients,
)
from kit.catalogue.loading import shipped_catalogue
from kit.checking.judging import Context
from kit.checking.leftovers import leftover_details
from kit.desired.resolution import file_key, requests, resolve
from kit.desired.resolver import Resolver
from kit.desired.selection import baseline_of, selected_rules
from kit.errors import InvalidDocuments
from kit.i18n import language
from kit.loop.reading import wanted_reads
from kit.model.client import ClientChoice
from kit.model.device import Device, DeviceClass, PostRole
from kit.model.observation import Observed
from kit.model.platform import Platform
from kit.model.rule import Purpose
from kit.model.site import Site
from kit.model.verdict import ReasonCode, Verdict
from kit.reads.browser_policies import FIREFOX_FILE
from kit.resources.browser_policy import BrowserPolicy
from kit.resources.file import File
from kit.resources.web_service import WebService
from tests.cases import facts

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
URL = "https://tilleuls.dui.example.fr/connexion"
PACKS = workspace_packs(None)
NATIVE = {
    "package": "dui-client",
    "version": "4.2.1-1",
    "sha256": "0" * 64,
    "file": "dui-client_4.2.1-1_all.deb",
    "program": "/usr/bin/dui-client",
    "address": "https://dui.example.fr",
}


def device(role: PostRole | None = PostRole.OFFICE) -> Device:
    return Device(
        id="pc-1", device_class=DeviceClass.DESKTOP, platform=Platform.LINUX, post_role=role
    )


def site(*clients: ClientChoice) -> Site:
    return Site(id="s", name="Site", siret="26750045200011", clients=clients)


def web(**values: object) -> ClientChoice:
    return ClientChoice(pack="dui_web", values={"address": URL, **values})


def resolved(post: Device, *clients: ClientChoice, **known: object):
    here = site(*clients)
    catalogue = with_clients(shipped_catalogue(), {one.pack: PACKS[one.pack] for one in clients})
    baseline = baseline_of(catalogue, here)
    return resolve(catalogue, baseline, here, post, facts({**known}))


def policies(desired, browser: str = "chromium") -> dict[str, set[object]]:
    """Policy -> everything the client's rules and the others want of it."""
    found: dict[str, set[object]] = {}
    for one in desired.settings:
        if isinstance(one.setting, BrowserPolicy) and one.setting.browser == browser:
            value = one.setting.value
            items = value if isinstance(value, tuple) else (value,)
            found.setdefault(one.setting.policy, set()).update(items)
    return found


def test_the_packs_of_the_kit_are_one_of_each_kind():
    assert {pack.kind for pack in PACKS.values()} == {"web", "native"}
    for pack in PACKS.values():
        rules = pack_rules(pack, filled(pack, {}, samples=True))
        assert rules
        assert {rule.purpose for rule in rules} == {Purpose.CLIENT}
        assert {rule.theme for rule in rules} == {"clients"}


def test_the_client_of_a_site_is_part_of_the_desired_state():
    desired = resolved(device(), web())
    own = {one.rule.id for one in desired.settings if one.rule.id.startswith("client_")}
    parts = {"browsers", "policies", "reached", "shortcut"}
    assert own == {f"client_dui_web_{part}" for part in parts}
    assert all(one.enforced for one in desired.settings if one.rule.id in own)
    assert [one.setting.url for one in desired.settings if isinstance(one.setting, WebService)] == [
        URL
    ]
    wanted = policies(desired)
    assert "https://tilleuls.dui.example.fr" in wanted["allowed_addresses"]
    assert wanted["local_network"] == {"https://tilleuls.dui.example.fr"}
    assert wanted["blocked_addresses"] == set()
    assert not [one for one in desired.undecided if one.rule.id in own]


def test_browsers_the_pack_brings_are_set_in_the_same_run():
    """No browser yet: the baseline's policies of the ones to come are wanted all the same."""
    without = resolved(device())
    assert policies(without) == {}
    desired = resolved(device(), web())
    rules = {one.rule.id for one in desired.settings}
    assert {"chromium_safe_browsing", "firefox_forms_not_remembered"} <= rules


def test_a_kiosk_shows_the_client_and_nothing_else():
    desired = resolved(device(PostRole.KIOSK), web())
    for browser in ("chromium", "firefox"):
        wanted = policies(desired, browser)
        assert wanted["blocked_addresses"] == {"*"}
        assert wanted["home_page"] == {URL}
    shortcuts = [one for one in desired.settings if one.rule.id == "client_dui_web_shortcut"]
    files = {one.setting.path: one.setting for one in shortcuts if isinstance(one.setting, File)}
    start = files["/etc/xdg/autostart/esms-kit-dui-web.desktop"]
    assert f"Exec=/usr/bin/chromium --kiosk --no-first-run {URL}\n" in start.content
    # A post that is a kiosk no longer opens it no longer by itself.
    office = resolved(device(), web())
    gone = [one.setting for one in office.settings
            if isinstance(one.setting, File) and one.setting.path == start.path]  # fmt: skip
    assert [one.state for one in gone] == ["absent"]


def test_allow_lists_are_the_union_of_pack_and_site():
    choice = ClientChoice(
        pack="dui_web", values={"address": URL}, allow=("https://*.visio.example.fr",)
    )
    desired = resolved(device(PostRole.KIOSK), choice)
    slot = "browser_policy:chromium/allowed_addresses"
    shown = desired.goal[slot]["browser_policies"]["chromium URLAllowlist"].value
    assert set(shown) == {
        "https://.auth.esw.esante.gouv.fr",
        "https://.tilleuls.dui.example.fr",
        "https://.wallet.esw.esante.gouv.fr",
        "https://.wps-psc.dmp.monespacesante.fr",
        "https://visio.example.fr",
    }


def test_who_gets_it():
    office = ClientChoice(pack="dui_web", values={"address": URL}, post_roles=(PostRole.OFFICE,))
    catalogue = with_clients(shipped_catalogue(), {"dui_web": PACKS["dui_web"]})

    def rules(post: Device, choice: ClientChoice) -> set[str]:
        here = site(choice)
        found = selected_rules(catalogue, baseline_of(catalogue, here), here, post)
        return {one.rule.id for one in found if one.rule.purpose is Purpose.CLIENT}

    assert rules(device(PostRole.OFFICE), office)
    assert not rules(device(PostRole.KIOSK), office)
    assert rules(device(PostRole.KIOSK), web())
    assert not rules(device(PostRole.SERVER), web())
    server = device(None).model_copy(update={"device_class": DeviceClass.SERVER})
    assert not rules(server, web())


def test_a_value_nobody_gave_is_not_checked_and_asks_nothing_of_the_post():
    choice = ClientChoice(pack="dui_web")
    desired = resolved(device(), choice)
    mine = [one for one in desired.undecided if one.rule.id.startswith("client_")]
    assert {one.verdict for one in mine} == {Verdict.NOT_CHECKED}
    assert {one.reason.code for one in mine} == {ReasonCode.SITE_VALUE_MISSING}
    assert {one.reason.subject for one in mine} == {"clients.dui_web.address"}
    here = site(choice)
    catalogue = with_clients(shipped_catalogue(), {"dui_web": PACKS["dui_web"]})
    asked = requests(catalogue, baseline_of(catalogue, here), here, device())
    assert "web_reach" not in {read.id for read in asked}
    # Nor are browsers counted as there.
    assert policies(desired) == {}


@pytest.mark.parametrize(
    "value",
    [
        "http://dui.example.fr",
        "https://dui.example.fr/$(reboot)",
        "https://dui.example.fr/ --no-sandbox",
        "https://dui.example.fr/a?b=c",
        "https://user:secret@dui.example.fr",
        "https://dui.example.fr\nExec=/bin/sh",
        "javascript:alert(1)",
        "https://DUI.example.fr",
        "https://dui.example.fr/%27",
        ["https://dui.example.fr"],
        7,
    ],
)
def test_hostile_values_are_refused(value: object):
    assert list(value_problems(PACKS["dui_web"], {"address": value}))


def test_values_that_only_the_pack_as_a_whole_refuses():
    assert not list(value_problems(PACKS["dui_web"], {"address": "https://dui..example.fr"}))
    with pytest.raises(ValidationError):
        filled(PACKS["dui_web"], {"address": "https://dui..example.fr"})


def test_values_of_the_native_pack_are_typed():
    pack = PACKS["dui_native"]
    assert missing_values(pack, NATIVE) == ()
    assert not list(value_problems(pack, NATIVE))
    (installed, _reached) = pack_rules(pack, filled(pack, NATIVE))
    (pinned,) = installed.platforms[Platform.LINUX].settings
    assert pinned["launch"] == ["/usr/bin/dui-client", "--version"]
    for name, value in {
        "package": "dui client",
        "version": "1; reboot",
        "sha256": "abc",
        "file": "../../etc/passwd.deb",
        "program": "sh -c reboot",
        "unknown": "x",
    }.items():
        assert list(value_problems(pack, {**NATIVE, name: value})), name


def test_the_digest_of_the_catalogue_tells_of_the_packs():
    whole = shipped_catalogue()
    chosen = with_clients(whole, {"dui_web": PACKS["dui_web"]})
    assert with_clients(whole, {}) is whole
    assert chosen.digest != whole.digest
    assert chosen.texts("client_dui_web_policies").title["fr"].startswith("DUI en ligne")


BROKEN = """\
schema: 1
clients:
  - id: dui_broken
    title: {fr: "Un client", en: "A client"}
    about: {fr: "Un client", en: "A client"}
    parameters:
      - {id: address, title: {fr: "Adresse", en: "Address"}, kind: text, example: "https://a.fr"}
      - {id: unused, title: {fr: "Rien", en: "Nothing"}, kind: integer, minimum: 0, default: 1}
    web:
      address: {parameter: adress}
      browsers: [chromium]
      label: Client
  - id: dui_policy
    title: {fr: "Un client", en: "A client"}
    about: {fr: "Un client", en: "A client"}
    web:
      address: https://a.example.fr
      browsers: [chromium, edge]
      label: Client
      policies: {no_such: "off"}
  - id: dui_shell
    title: {fr: "Un client", en: "A client"}
    about: {fr: "Un client", en: "A client"}
    native: {name: dui, version: "1", sha256: "00", file: dui.deb, launch: ["dui; reboot"]}
  - id: dui_word
    title: {fr: "Un client", en: "A client"}
    about: {fr: "Un client", en: "A client"}
    web:
      address: https://a.example.fr
      browsers: [firefox]
      label: Client
      policies: {password_manager: maybe}
  - id: dui_both
    title: {fr: "Un client", en: "A client"}
    about: {fr: "Un client", en: "A client"}
    declarations: {editor: {value: X, by: Y, on: 2026-02-01, until: 2026-01-01}}
    web: {}
    native: {}
"""


def test_lint_tells_every_mistake_with_its_place(tmp_path: Path):
    folder = tmp_path / "clients"
    folder.mkdir()
    (folder / "a.yaml").write_text(BROKEN)
    with language("en"), pytest.raises(InvalidDocuments) as caught:
        load_packs((folder,), tmp_path)
    # What the shape of a file refuses comes first, all at once.
    said = [str(one) for one in caught.value.problems]
    assert {line.split(": ")[0].split(":")[0] for line in said} == {"clients/a.yaml"}
    assert any("the declaration ends before it begins" in line for line in said), said
    head, _both, _rest = BROKEN.partition("  - id: dui_both")
    (folder / "a.yaml").write_text(head)
    (folder / "b.yaml").write_text(
        head.replace("dui_", "other_").replace("- id: other_word", "- id: dui_word")
    )
    with language("en"), pytest.raises(InvalidDocuments) as caught:
        load_packs((folder,), tmp_path)
    said = [str(one) for one in caught.value.problems]
    for place, words in {
        "clients/a.yaml:7:": "takes anything",
        "clients/a.yaml:10:": "the parameter “adress” is unknown",
        "clients/a.yaml:18:": "browsers.1",
        "clients/a.yaml:24:": "sha256",
        "clients/a.yaml:29:": "the value must be off",
        "clients/b.yaml:25:": "“dui_word” is already used at clients/a.yaml:25",
    }.items():
        assert any(line.startswith(place) and words in line for line in said), (place, said)
    assert any("is used nowhere" in line for line in said)
    assert any("launch" in line for line in said)


def test_what_a_former_pack_left_in_a_browser_is_found():
    """Every place and item of the kit's file that nobody asks for any more."""
    former = resolved(device(PostRole.KIOSK), web())
    now = resolved(device(PostRole.OFFICE), chromium=True)
    files = {
        target.id: type(one.setting)
        .render(target, [held.setting for held in former.settings if target in held.targets])
        .content
        for one in former.settings
        if isinstance(one.setting, BrowserPolicy)
        for target in one.targets
    }
    chromium, firefox = "/etc/chromium/policies/managed/esms-kit.json", FIREFOX_FILE
    shown = {file_key(path): Observed(files[path]) for path in (chromium, firefox)}
    told = {one.key: one.observed for one in leftover_details(now, shown, {})}
    assert set(told) == {file_key(chromium), file_key(firefox)}
    assert {"URLBlocklist", "HomepageLocation"} <= set(told[file_key(chromium)].split(", "))
    assert "SafeBrowsingProtectionLevel" not in told[file_key(chromium)]
    # What is not ours is not what we left.
    foreign = Observed('{"policies": {"DisableTelemetry": true}}')
    assert not list(leftover_details(now, {file_key(firefox): foreign}, {}))
    assert not list(leftover_details(former, shown, {}))


def test_posts_and_servers_of_one_role_share_nothing():
    """What is remembered of one kind of device is not given to another: servers get no client."""
    here = site(web())
    catalogue = with_clients(shipped_catalogue(), {"dui_web": PACKS["dui_web"]})
    context = Context(catalogue, baseline_of(catalogue, here), here, (), AT)
    post = device(None)
    server = post.model_copy(update={"id": "srv-1", "device_class": DeviceClass.SERVER})
    for devices in ((post, server), (server, post)):
        asked = {
            one.id: {read.id for read in reads} for one, reads in wanted_reads(context, devices)
        }
        assert "web_reach" in asked[post.id]
        assert "web_reach" not in asked[server.id]
        resolver = Resolver(catalogue, context.baseline, here)
        found = {one.id: resolver.resolve(one, facts()) for one in devices}
        purposes = {
            name: {held.rule.purpose for held in desired.settings}
            for name, desired in found.items()
        }
        assert Purpose.CLIENT in purposes[post.id]
        assert Purpose.CLIENT not in purposes[server.id]
