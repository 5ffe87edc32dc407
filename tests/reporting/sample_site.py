"""The made-up site behind the tests of reports: its rules, devices, choices and waivers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from kit.model.catalogue import Catalogue, StandingRule
from kit.model.device import Device, DeviceClass, DeviceState, PostRole
from kit.model.framework import Answer, Control, Framework
from kit.model.hardware import HardwareProfile, Match, SupportDate, SupportEnd
from kit.model.meta import Fix, MetaOverride
from kit.model.platform import Platform
from kit.model.rule import Baseline, Parameter, PlatformRule, Rule, Severity, Texts, TierUse
from kit.model.run import Authentication, Capacity, Run
from kit.model.run import Operator as RunBy
from kit.model.site import DisabledRule, LegalEntity, Site
from kit.model.tier import Tier
from kit.model.waiver import Waiver
from tests.reporting.sample_equipment import PURCHASED, slot_of

TAKEN = datetime(2026, 11, 21, 8, 42, tzinfo=UTC)
DIGEST = "5b1f" * 16

# class, platform, post role, model; the situation says what the run met.
DEVICES: tuple[tuple[str, str, str, str | None, str], ...] = (
    ("til-pc-01", "desktop", "linux", "shared_care_post", "good"),
    ("til-pc-02", "desktop", "linux", "shared_care_post", "good"),
    ("til-pc-03", "desktop", "linux", "shared_care_post", "drifted"),
    ("til-pc-04", "desktop", "linux", "office", "not_reached"),
    ("til-pc-05", "desktop", "linux", "office", "key_changed"),
    ("til-pc-06", "desktop", "linux", "personal_post", "never_seen"),
    ("til-pc-07", "desktop", "linux", "office", "sudo_refused"),
    ("til-pc-08", "desktop", "linux", "kiosk", "managed"),
    ("til-pc-09", "desktop", "linux", "shared_care_post", "good"),
    ("til-nb-01", "laptop", "linux", "personal_post", "fresh"),
    ("til-nb-02", "laptop", "linux", "personal_post", "half_read"),
    ("til-nb-03", "laptop", "linux", "personal_post", "removed"),
    ("til-tc-01", "thin_client", "linux", "kiosk", "old"),
    ("til-srv-01", "server", "linux", "server", "drifted"),
    ("til-tab-01", "tablet", "android", "shared_care_post", "not_covered"),
    ("til-tab-02", "tablet", "android", "shared_care_post", "not_covered"),
    ("til-ipad-01", "tablet", "ipados", "office", "not_covered"),
    ("til-sw-01", "switch", "network", None, "not_covered"),
    ("til-ap-01", "access_point", "network", None, "not_covered"),
    ("til-lec-01", "reader", "none", None, "not_covered"),
)

_MODELS = {
    "desktop": ("Lenovo", "ThinkCentre M70q Gen 3"),
    "laptop": ("Dell", "Latitude 5440"),
    "thin_client": ("Dell", "Wyse 5070"),
    "server": ("Dell", "PowerEdge T150"),
    "tablet": ("Samsung", "Galaxy Tab Active5"),
    "switch": ("Aruba", "6100 24G PoE"),
    "access_point": ("Ubiquiti", "U6 Pro"),
    "reader": ("Identiv", "SCR3310"),
}


@cache
def table() -> list[dict[str, Any]]:
    text = Path(__file__).with_name("sample_rules.yaml").read_text(encoding="utf-8")
    return list(yaml.safe_load(text))


@cache
def catalogue() -> Catalogue:
    rules = {
        row["id"]: Rule(
            id=row["id"],
            title=row["title"],
            why=row["why"],
            remedy=row.get("remedy"),
            severity=Severity(row["severity"]),
            tier=Tier(row.get("tier", "core")),
            theme=row["theme"],
            platforms={
                Platform.LINUX: PlatformRule(
                    settings=({"type": "sample"},),
                    meta=MetaOverride(fix=Fix(row["fix"]) if "fix" in row else None),
                )
            },
        )
        for row in table()
    }
    standing = StandingRule(
        id="device_covered",
        title={
            "fr": "Équipement d’une classe lue par cette version",
            "en": "Equipment of a class this version can read",
        },
        why={
            "fr": "Un équipement que personne ne lit n’est ni sûr ni dangereux : il est inconnu.",
            "en": "Equipment nobody reads is neither safe nor unsafe: it is unknown.",
        },
        severity=Severity.MEDIUM,
    )
    lock_delay = Parameter(
        id="idle_session_seconds",
        title={"fr": "Délai de fermeture d’une session inactive", "en": "Idle session delay"},
        kind="integer", minimum=60, maximum=900, default=300,
    )  # fmt: skip
    return Catalogue(
        rules, {standing.id: standing}, {lock_delay.id: lock_delay}, {"esms": baseline()}, DIGEST,
        frameworks={"sample_guide": framework()},
    )  # fmt: skip


@cache
def framework() -> Framework:
    """One control of every kind of answer."""

    def control(number: str, title: str, **answer: Any) -> Control:
        return Control(id=number, title={"fr": title, "en": title}, default=Answer(**answer))

    read_out: Texts = {"fr": "Lu avec le prestataire", "en": "Read with the contractor"}
    return Framework(
        id="sample_guide",
        title={"fr": "Guide d’exemple en 5 mesures", "en": "Sample guide in 5 measures"},
        publisher="ANSSI",
        version="1.0",
        date="2026-01",
        source={"fr": "Guide inventé pour les essais.", "en": "A guide made up for tests."},
        read=True,
        platforms=(Platform.LINUX, Platform.NETWORK),
        controls=(
            control("M1", "Administration", rules=("ssh_root_login_disabled",)),
            control("M2", "Journaux", rules=("kernel_log_restricted",), planned=True),
            control("M3", "Prestataires", manual=read_out),
            control("M4", "Postes nomades", planned=True),
            Control(
                id="M5",
                title={"fr": "Horloge", "en": "Clock"},
                platforms={Platform.LINUX: Answer(rules=("network_redirects_refused",))},
            ),
        ),
    )


@cache
def baseline() -> Baseline:
    return Baseline(
        id="esms",
        version="2026.11",
        title={
            "fr": "Référentiel esms-kit pour les postes d’ESMS",
            "en": "esms-kit baseline for ESMS equipment",
        },
        tiers={
            Tier.CORE: TierUse(check=True, enforce=True),
            Tier.RECOMMENDED: TierUse(check=True, enforce=False),
            Tier.OPTIONAL: TierUse(check=False, enforce=False),
        },
    )


def site(**changes: Any) -> Site:
    values: dict[str, Any] = {
        "id": "les-tilleuls",
        "name": "EHPAD Les Tilleuls",
        "code": "til",
        "test": True,
        "finess_et": "0B0168811",
        "finess_ej": "0B0168803",
        "category": "500",
        "region": "bretagne",
        "operator": "Association des Tilleuls",
        "legal_entity": LegalEntity(id="tilleuls", name="Association des Tilleuls"),
        "parameters": {"idle_session_seconds": 600},
        "disabled_rules": (
            DisabledRule(rule="login_banner_shown", reason="Demande du conseil de la vie sociale"),
        ),
        "origins": {"parameters.idle_session_seconds": "legal_entity tilleuls"},
    }
    return Site(**{**values, **changes})


def run() -> Run:
    return Run(
        id="20261121T084000Z-4f2a9c",
        site="les-tilleuls",
        kind="check",
        started_at=TAKEN - timedelta(minutes=2),
        ended_at=TAKEN + timedelta(minutes=3),
        tool_version="0.1.0",
        baseline="esms",
        baseline_version="2026.11",
        catalogue_digest=DIGEST,
        operator=RunBy(
            account="technicien", controller="poste-regional-03",
            capacity=Capacity.REGIONAL_TECHNICIAN, authentication=Authentication.SSH_KEY,
        ),
        exit_code=4,
    )  # fmt: skip


def devices() -> tuple[Device, ...]:
    made = []
    for number, (name, device_class, platform, role, situation) in enumerate(DEVICES):
        made.append(
            Device(
                id=name,
                asset_id=f"TIL-{number + 1:04}",
                device_class=DeviceClass(device_class),
                platform=Platform(platform),
                hardware_profile=f"{device_class}/sample",
                post_role=PostRole(role) if role else None,
                os="debian12" if platform == "linux" else None,
                serial=f"PF3K{number:04}" if device_class != "reader" else None,
                zone="soins" if role == "shared_care_post" else "administration",
                attached_to="til-pc-01" if device_class == "reader" else None,
                managed_by="Éditeur du DUI" if situation == "managed" else None,
                purchased_on=PURCHASED.get(name, date(2024, 3, 1)),
                delivery=slot_of(name, device_class),
                state=_STATES.get(situation, DeviceState.ADOPTED),
            )
        )
    return tuple(made)


_STATES = {"removed": DeviceState.REMOVED, "never_seen": DeviceState.RECEIVED}


def profiles() -> dict[str, HardwareProfile]:
    return {
        f"{kind}/sample": HardwareProfile(
            id=f"{kind}/sample",
            device_class=DeviceClass(kind),
            platforms=(Platform.NONE if kind == "reader" else Platform.LINUX,),
            maker=maker,
            model=model,
            match=Match(names=(model,), examples=(f"{maker} {model}",)),
            support=(
                (
                    SupportDate(
                        ends=SupportEnd.SECURITY_UPDATES, until=date(2027, 1, 31), verified=False
                    ),
                )
                if kind == "thin_client"
                else ()
            ),
            verified=False,
        )
        for kind, (maker, model) in _MODELS.items()
    }


def waivers() -> tuple[Waiver, ...]:
    return (
        Waiver(
            id="DER-2026-02",
            rule="firmware_password_set",
            reason="Le mot de passe sera posé lors du passage annuel du technicien.",
            compensating="Unités centrales sous clé.",
            risk="Démarrage sur clé USB par un visiteur.",
            approver="Direction de l’établissement",
            start=date(2026, 9, 1),
            end=date(2026, 12, 31),
        ),
        Waiver(
            id="DER-2026-01",
            rule="ssh_idle_session_closed",
            reason="Attente du nouvel outil de prise en main à distance.",
            approver="Responsable informatique",
            start=date(2026, 1, 1),
            end=date(2026, 6, 30),
        ),
        Waiver(
            id="DER-2026-03",
            rule="telnet_server_absent",
            devices=("til-pc-01",),
            reason="Ancien automate de distribution.",
            approver="Direction de l’établissement",
            start=date(2026, 10, 1),
            end=date(2027, 9, 30),
        ),
    )
