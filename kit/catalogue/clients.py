"""Client packs: loading them, and the rules they become. Pure but for reading files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import Field, JsonValue, TypeAdapter, ValidationError

from kit.catalogue.templates import build, fill, parameter_names
from kit.catalogue.validation import sample_values, value_problem
from kit.documents_io.validation import problems_of, validate
from kit.documents_io.yaml import Document, Path_, read_yaml
from kit.errors import InvalidDocuments, Problem
from kit.i18n import _
from kit.model.catalogue import Catalogue
from kit.model.client import ClientPack, ClientPart, NativeClient, WebClient
from kit.model.device import PostRole
from kit.model.meta import MetaOverride
from kit.model.platform import Platform
from kit.model.record import Record
from kit.model.rule import PlatformRule, Purpose, Rule, Severity, Texts
from kit.model.tier import Tier
from kit.model.web_address import parse_address
from kit.resources.browser_definitions import definitions
from kit.resources.certificates import authority_file, authority_text

SHIPPED: Final = Path(__file__).parent.parent / "baseline"
THEME: Final = "clients"
PACKAGES: Final = {"chromium": "chromium", "firefox": "firefox-esr"}
"""Browser -> its package in Debian."""

_SHORTCUTS: Final = "/usr/local/share/applications"
_AUTOSTART: Final = "/etc/xdg/autostart"
_PROGRAMS: Final = {"chromium": "/usr/bin/chromium", "firefox": "/usr/bin/firefox-esr"}
# What a post that shows the client and nothing else is given besides.
_KIOSK_WORDS: Final = {
    "chromium": {"developer_tools": "off", "private_mode": "off", "cleared_at_end": "everything"},
    "firefox": {
        "developer_tools": "off",
        "private_mode": "off",
        "cleared_at_end": "everything",
        "settings_page": "blocked",
    },
}

Data = dict[str, JsonValue]


class _PackFile(Record):
    schema_: int = Field(alias="schema", ge=1, le=1)
    clients: tuple[ClientPack, ...] = Field(min_length=1)


class _PartFile(Record):
    schema_: int = Field(alias="schema", ge=1, le=1)
    parts: tuple[ClientPart, ...]


@cache
def _parts() -> Mapping[str, ClientPart]:
    path = SHIPPED / "client_parts.yaml"
    return {one.id: one for one in validate(_PartFile, read_yaml(path, path.name)).parts}


def load_packs(folders: Sequence[Path], base: Path) -> dict[str, ClientPack]:
    """The packs of all files of these folders, by id; a folder that is not there has none.

    Paths are shown relative to ``base`` where they lie below it. Raises ``InvalidDocuments`` with
    every problem of every file.
    """
    found: dict[str, ClientPack] = {}
    places: dict[str, str] = {}
    problems: list[Problem] = []
    for path in (one for folder in folders for one in sorted(folder.glob("*.yaml"))):
        shown = str(path.relative_to(base)) if path.is_relative_to(base) else str(path)
        try:
            document = read_yaml(path, shown)
            packs = validate(_PackFile, document).clients
        except InvalidDocuments as error:
            problems.extend(error.problems)
            continue
        for index, pack in enumerate(packs):
            where: Path_ = ("clients", index)
            place = document.position((*where, "id"))
            if pack.id in found:
                message = _("“{id}” is already used at {place}.")
                said = message.format(id=pack.id, place=places[pack.id])
                problems.append(Problem(place, said, _("Give it another id.")))
                continue
            found[pack.id], places[pack.id] = pack, str(place)
            problems.extend(_pack_problems(pack, document, where))
    if problems:
        raise InvalidDocuments(
            _("Client packs have mistakes."), problems, remedy=_("Correct these files.")
        )
    return found


def with_clients(catalogue: Catalogue, packs: Mapping[str, ClientPack]) -> Catalogue:
    """The catalogue with these packs and their rules; its digest tells of them."""
    if not packs:
        return catalogue
    rules = {
        rule.id: rule
        for pack in packs.values()
        for rule in pack_rules(pack, filled(pack, {}, samples=True))
    }
    told = [packs[name].model_dump_json() for name in sorted(packs)]
    digest = hashlib.sha256("\n".join([catalogue.digest, *told]).encode()).hexdigest()
    return replace(
        catalogue,
        rules={**catalogue.rules, **rules},
        clients=dict(packs),
        chosen_rules=catalogue.chosen_rules | frozenset(rules),
        digest=digest,
    )


def _parameter_problems(pack: ClientPack, document: Document, where: Path_) -> Iterator[Problem]:
    """What is wrong with the values a pack lets sites choose."""
    for index, one in enumerate(pack.parameters):
        at: Path_ = (*where, "parameters", index)
        if one.kind != "integer" and not (one.pattern or one.choices):
            message = _("{name}: a text without pattern or choices takes anything.")
            yield Problem(document.position(at), message.format(name=one.id))
        if one.default is None and one.example is None:
            message = _("the parameter “{name}” has neither default nor example.")
            yield Problem(document.position(at), message.format(name=one.id))
        for key in ("default", "example"):
            value = getattr(one, key)
            plain = list(value) if isinstance(value, tuple) else value
            wrong = value_problem(one, plain) if value is not None else ""
            if wrong:
                yield Problem(document.position((*at, key)), f"{key}: {wrong}")


def _pack_problems(pack: ClientPack, document: Document, where: Path_) -> Iterator[Problem]:
    """What is wrong with one pack beyond the shape of its record."""
    yield from _parameter_problems(pack, document, where)
    named = {one.id: one for one in pack.parameters}
    unknown = sorted(set(parameter_names(_template(pack))) - set(named))
    unused = sorted(set(named) - set(parameter_names(_template(pack))))
    for name in unknown:
        message = _("the parameter “{name}” is unknown.")
        yield Problem(document.position((*where, pack.kind)), message.format(name=name))
    for name in unused:
        message = _("the parameter “{name}” is used nowhere in the pack.")
        yield Problem(document.position((*where, "parameters")), message.format(name=name))
    samples = sample_values(named)
    if unknown or set(named) - set(samples):
        return
    try:
        client = _client(pack, samples)
    except ValidationError as error:
        yield from problems_of(error, document, (*where, pack.kind))
        return
    yield from _policy_problems(client, document, where)
    for data in _every_setting(pack, client):
        try:
            build(data, {})
        except ValidationError as error:
            said = "; ".join(sorted({one["msg"] for one in error.errors(include_url=False)}))
            yield Problem(document.position((*where, pack.kind)), said)


def _policy_problems(
    client: WebClient | NativeClient, document: Document, where: Path_
) -> Iterator[Problem]:
    """A policy is left out of a browser that has none such, but not out of all."""
    if isinstance(client, NativeClient):
        return
    for name in sorted(client.policies):
        if not any(_has(browser, name) for browser in client.browsers):
            message = _("no browser of the pack has the policy “{name}”.")
            yield Problem(document.position((*where, "web", "policies")), message.format(name=name))


def _template(pack: ClientPack) -> Data:
    return pack.web or pack.native or {}


def _client(pack: ClientPack, values: Mapping[str, JsonValue]) -> WebClient | NativeClient:
    """The pack filled in; raises ``ValidationError``."""
    record = WebClient if pack.web is not None else NativeClient
    text = json.dumps(fill(_template(pack), values))
    adapter: TypeAdapter[Any] = TypeAdapter(record)
    filled: WebClient | NativeClient = adapter.validate_json(text, strict=True)
    return filled


def pack_values(pack: ClientPack, given: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The values a site gives, over the defaults of the pack."""
    defaults = {one.id: one.default for one in pack.parameters if one.default is not None}
    return {k: list(v) if isinstance(v, tuple) else v for k, v in {**defaults, **given}.items()}


def missing_values(pack: ClientPack, given: Mapping[str, JsonValue]) -> tuple[str, ...]:
    """The parameters nobody has given a value to."""
    return tuple(sorted({one.id for one in pack.parameters} - set(pack_values(pack, given))))


def value_problems(pack: ClientPack, given: Mapping[str, JsonValue]) -> Iterator[str]:
    """What is wrong with the values a site gives (translated)."""
    named = {one.id: one for one in pack.parameters}
    for name, value in sorted(given.items()):
        if name not in named:
            yield _("the pack has no parameter “{name}”.").format(name=name)
            continue
        wrong = value_problem(named[name], value)
        if wrong:
            yield f"{name}: {wrong}"


def filled(
    pack: ClientPack, given: Mapping[str, JsonValue], *, samples: bool = False
) -> WebClient | NativeClient:
    """The pack with a site's values; with ``samples``, examples where it has given none.

    Raises ``ValidationError`` for values no client can have, ``KeyError`` for missing ones.
    """
    values = pack_values(pack, given)
    if samples:
        values = {**sample_values({one.id: one for one in pack.parameters}), **values}
    return _client(pack, values)


def pack_rules(
    pack: ClientPack,
    client: WebClient | NativeClient,
    post_role: PostRole | None = None,
    allow: Sequence[str] = (),
) -> tuple[Rule, ...]:
    """The rules of a filled-in pack on a post, sorted by id. ``allow``: addresses of the site."""
    if isinstance(client, NativeClient):
        return tuple(_native_rules(pack, client))
    return tuple(sorted(_web_rules(pack, client, post_role, allow), key=lambda one: one.id))


def _every_setting(pack: ClientPack, client: WebClient | NativeClient) -> Iterator[Data]:
    for role in (None, *PostRole):
        for rule in pack_rules(pack, client, role):
            for block in rule.platforms.values():
                yield from block.settings


def _rule(pack: ClientPack, part: str, settings: Sequence[Data], *requires: str) -> Rule:
    words = _parts()[part]

    def said(texts: Texts) -> Texts:
        return {lang: text.replace("{client}", pack.title[lang]) for lang, text in texts.items()}

    block = PlatformRule(settings=tuple(settings), meta=MetaOverride(requires=requires))
    return Rule(
        id=f"client_{pack.id}_{part}",
        title=said(words.title),
        why=said(words.why),
        remedy=said(words.remedy) if words.remedy is not None else None,
        severity=Severity(words.severity),
        tier=Tier.CORE,
        purpose=Purpose.CLIENT,
        theme=THEME,
        platforms={Platform.LINUX: block},
    )


def _present(*names: str) -> list[Data]:
    return [{"type": "package", "name": name, "state": "present"} for name in sorted(names)]


def _native_rules(pack: ClientPack, client: NativeClient) -> Iterator[Rule]:
    pinned: Data = {
        "type": "pinned_package",
        "name": client.name,
        "version": client.version,
        "sha256": client.sha256,
        "file": client.file,
        "launch": list(client.launch),
    }
    yield _rule(pack, "installed", [pinned])
    if client.address is not None:
        service: Data = {"type": "web_service", "url": client.address}
        yield _rule(pack, "reached", [*_present("ca-certificates", "openssl"), service])


def _web_rules(
    pack: ClientPack, client: WebClient, post_role: PostRole | None, allow: Sequence[str]
) -> Iterator[Rule]:
    kiosk = client.kiosk is not None and post_role in client.kiosk.post_roles
    yield _rule(pack, "browsers", _present(*(PACKAGES[one] for one in client.browsers)))
    certificates: list[Data] = [
        {
            "type": "file",
            "path": authority_file(one),
            "content": authority_text(one),
            "comment": "none",
        }
        for one in client.authorities
    ]
    policies = [
        data for browser in client.browsers for data in _policies(client, browser, kiosk, allow)
    ]
    yield _rule(pack, "policies", [*certificates, *policies])
    yield _rule(pack, "shortcut", _shortcuts(pack, client, kiosk=kiosk))
    service: Data = {"type": "web_service", "url": client.address}
    if client.authorities:
        service["authority"] = client.authorities[0]
    yield _rule(pack, "reached", [*_present("ca-certificates", "openssl"), service])


def _policies(client: WebClient, browser: str, kiosk: bool, allow: Sequence[str]) -> Iterator[Data]:
    def policy(name: str, value: JsonValue) -> Data:
        return {"type": "browser_policy", "browser": browser, "policy": name, "value": value}

    address = parse_address(client.address)
    own = f"https://{address.authority()}"
    origins: list[JsonValue] = [*sorted({own, *client.allowed, *allow})]
    words = {**client.policies, **(_KIOSK_WORDS[browser] if kiosk else {})}
    yield policy("allowed_addresses", origins)
    if client.authorities:
        yield policy("authorities", [*sorted(client.authorities)])
    if client.local_network:
        yield policy("local_network", [own])
    if client.popups:
        yield policy("popups_allowed", [own])
    # A post that is a kiosk no longer must not stay shut: none is asked for, not just not told.
    yield policy("blocked_addresses", ["*"] if kiosk else [])
    if kiosk:
        yield policy("home_page", client.address)
    for name, word in sorted(words.items()):
        if _has(browser, name):
            yield policy(name, word)


def _has(browser: str, policy: str) -> bool:
    """Whether a browser has a policy; a policy nobody knows is told by whoever builds it."""
    definition = definitions().get(policy)
    return definition is None or browser in definition.browsers()


def _shortcuts(pack: ClientPack, client: WebClient, *, kiosk: bool) -> list[Data]:
    """A shortcut for everybody; on a kiosk one that opens at log-in, elsewhere none such."""
    name = f"esms-kit-{pack.id.replace('_', '-')}.desktop"
    browser = client.kiosk.browser if kiosk and client.kiosk is not None else client.browsers[0]
    menu = f"{_SHORTCUTS}/{name}"
    start = f"{_AUTOSTART}/{name}"
    text = _desktop_entry(client, browser, kiosk=False)
    found: list[Data] = [{"type": "file", "path": menu, "content": text, "comment": "#"}]
    if kiosk:
        opened = _desktop_entry(client, browser, kiosk=True)
        return [*found, {"type": "file", "path": start, "content": opened, "comment": "#"}]
    return [*found, {"type": "file", "path": start, "state": "absent"}]


def _desktop_entry(client: WebClient, browser: str, *, kiosk: bool) -> str:
    """No sign of an address or a label means anything in an Exec line; see their patterns."""
    options = {
        ("chromium", False): f"--app={client.address}",
        ("chromium", True): f"--kiosk --no-first-run {client.address}",
        ("firefox", False): f"--new-window {client.address}",
        ("firefox", True): f"--kiosk {client.address}",
    }
    lines = [
        "[Desktop Entry]",
        "Type=Application",
        "Version=1.0",
        f"Name={client.label}",
        f"Exec={_PROGRAMS[browser]} {options[browser, kiosk]}",
        f"Icon={'chromium' if browser == 'chromium' else 'firefox-esr'}",
        "Categories=Office;MedicalSoftware;",
        "Terminal=false",
    ]
    return "\n".join([*lines, ""])
