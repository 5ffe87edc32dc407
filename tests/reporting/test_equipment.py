"""The equipment and the deliveries in a report: unknown is not fit, unseen is not compliant."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from html import unescape
from typing import Any

import pytest

from kit.i18n import LANGUAGES
from kit.model.device import DeviceClass, DeviceState
from kit.model.facts import Fact, Facts
from kit.model.finding import Finding
from kit.model.observation import Observed
from kit.model.tier import Tier
from kit.model.verdict import Verdict
from kit.reporting import html
from kit.reporting import json as json_format
from kit.reporting.building import build
from kit.reporting.data import ReportData
from kit.reporting.deliveries import DeliverySheet
from kit.reporting.equipment import EquipmentSheet
from kit.sites.equipment import Criterion, EquipmentAction, Fitness
from kit.sites.reconciliation import Deviation
from tests.reporting import sample
from tests.reporting.sample_equipment import deliveries
from tests.reporting.sample_site import devices

F, U, N = Fitness.FIT, Fitness.UNFIT, Fitness.UNKNOWN


def report(**changes: Any) -> ReportData:
    return build(sample.checked(**changes), sample.AT)


def equipment(data: ReportData) -> EquipmentSheet:
    assert data.equipment is not None
    return data.equipment


def delivery(data: ReportData, name: str) -> DeliverySheet:
    assert data.deliveries is not None
    return next(one for one in data.deliveries if one.id == name)


def said(data: ReportData, lang: str = "en") -> str:
    """The words of the page's two sections, blanks folded."""
    page = html.render(data, lang)["report.html"].decode()  # type: ignore[arg-type]
    part = page[page.index('<section class="page" id="equipment"') : page.index('id="devices"')]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", part)).split())


def section(data: ReportData, name: str) -> str:
    page = html.render(data, "en")["report.html"].decode()
    start = page.index(f'id="{name}"')
    return page[start : page.index("</section>", start)]


def test_every_device_there_is_judged_and_counted_once() -> None:
    sheet = equipment(report())
    there = [one.id for one in devices() if one.state is not DeviceState.REMOVED]
    assert [one.id for one in sheet.devices] == sorted(there)
    assert sum(sheet.counts.values()) == len(there)
    assert sum(share or 0 for share in sheet.shares.values()) == pytest.approx(1)
    for criterion in sheet.criteria:
        judged = [
            one.fitness
            for device in sheet.devices
            for one in device.judgements
            if one.criterion is criterion.criterion
        ]
        assert criterion.counts == {one: judged.count(one) for one in Fitness}


def test_a_post_nobody_read_is_not_fit() -> None:
    sheet = equipment(report(facts={}))
    posts = [one for one in sheet.devices if len(one.judgements) > 2]
    assert len(posts) == 13
    assert {one.fitness for one in posts} == {N, U}
    assert {one.id for one in posts if one.fitness is U} == {"til-tc-01"}  # by its age alone
    assert {
        one.fitness
        for device in posts
        for one in device.judgements
        if one.criterion in {Criterion.TPM, Criterion.MEMORY, Criterion.STORAGE}
    } == {N}


@pytest.mark.parametrize("fact", [Fact.TPM, Fact.SECURE_BOOT, Fact.MEMORY_MIB, Fact.STORAGE_GIB])
def test_one_fact_less_is_one_fit_device_less(fact: Fact) -> None:
    whole = sample.facts()
    kept = {key: one for key, one in whole["til-pc-01"].values.items() if key is not fact}
    sheet = equipment(report(facts={**whole, "til-pc-01": Facts(kept)}))
    device = next(one for one in sheet.devices if one.id == "til-pc-01")
    assert device.fitness is N
    assert sheet.counts[F] == equipment(report()).counts[F] - 1


def test_what_to_replace_and_why() -> None:
    data = report()
    assert equipment(data).to_replace == ("til-tc-01",)
    text = said(data)
    for why in (
        "8.5 years old, 7 at most for this kind of equipment",
        "Security updates of Debian 11 ended on 31 August 2026",
        "No TPM, 2.0 needed",
        "Secure Boot: not supported",
        "14 GiB of storage, 64 GB needed",
        "3.7 GiB of memory, 8 GB needed",
        "Secure Boot: off",
    ):
        assert why in text
    assert "Devices: 19; below what their use needs: 4, to be replaced: 1" in text
    assert "unfit: 4 of 19 devices" in text
    assert "not known: 6 of 19 devices" in text


def test_actions_beside_replacing() -> None:
    actions = {one.id: one.action for one in equipment(report()).devices}
    assert actions["til-pc-01"] is EquipmentAction.KEEP
    assert actions["til-nb-01"] is EquipmentAction.EXTEND
    assert actions["til-srv-01"] is EquipmentAction.CONFIGURE
    assert actions["til-nb-02"] is EquipmentAction.LOOK


def test_floors_stand_by_use() -> None:
    roles = {one.post_role: one for one in equipment(report()).roles}
    server, kiosk = roles[sample_role("server")], roles[sample_role("kiosk")]
    assert (server.memory, server.storage, server.devices) == (16, 256, 1)
    assert (kiosk.memory, kiosk.storage, kiosk.devices) == (4, 64, 2)
    assert kiosk.counts == {F: 0, U: 1, N: 1}
    # A post without a use is judged, and therefore counted, as an office post.
    plain = [one.model_copy(update={"post_role": None}) for one in devices()]
    (only,) = equipment(report(devices=plain)).roles
    assert (only.post_role.value, only.devices) == ("office", 13)


def sample_role(name: str) -> Any:
    return next(one.post_role for one in devices() if one.post_role == name)


def test_one_in_many_is_not_zero_per_cent() -> None:
    one = next(device for device in devices() if device.id == "til-sw-01")
    many = [one.model_copy(update={"id": f"sw-{rank:03}"}) for rank in range(300)]
    old = one.model_copy(update={"id": "sw-old", "purchased_on": date(2001, 1, 1)})
    data = report(devices=[*many, old], findings={}, snapshots={}, plans={})
    assert "unfit: 1 of 301 devices < 1%" in said(data)
    assert equipment(data).shares[U] == pytest.approx(1 / 301)


def test_a_site_without_devices_has_no_share() -> None:
    data = report(devices=[], findings={}, snapshots={}, plans={}, facts={}, deliveries=())
    assert set(equipment(data).shares.values()) == {None}
    text = said(data)
    assert "The site has no device in its inventory." in text
    assert "No delivery was taken in." in text
    assert "%" not in text


def test_the_day_is_the_one_of_the_site() -> None:
    """A system supported until 31 August is out of support when it is 1 September there."""
    late = datetime(2026, 8, 31, 23, 30, tzinfo=UTC)  # half past one in Paris
    sheet = equipment(build(sample.checked(), late))
    assert sheet.at == date(2026, 9, 1)
    old = next(one for one in sheet.devices if one.id == "til-tc-01")
    system = next(one for one in old.judgements if one.criterion is Criterion.OS_SUPPORT)
    assert (system.fitness, system.until) == (U, date(2026, 8, 31))


def test_a_complete_delivery() -> None:
    one = delivery(report(), "bl-2024-031")
    assert (one.order_known, one.complete, one.differences) == (True, True, ())
    desktops = one.lines[0]
    # Nine came; one was never put in service; of those read, three hold everything asked of them.
    assert (desktops.ordered, desktops.received, desktops.adopted) == (9, 9, 8)
    assert desktops.compliant == 3


def test_every_kind_of_difference_is_told() -> None:
    data = report()
    one = delivery(data, "bl-2024-057")
    assert (one.order_known, one.complete) == (True, False)
    assert {(found.kind, found.model, found.count) for found in one.differences} == {
        (Deviation.WRONG_MODEL, "Samsung Galaxy Tab A9+", 1),
        (Deviation.SWAPPED, "Ubiquiti U6 Lite", 1),
        (Deviation.SURPLUS, "Identiv SCR3310", 1),
        (Deviation.MISSING, "Aruba 6100 24G PoE", 1),
    }
    text = said(data)
    for sentence in (
        "1 × Samsung Galaxy Tab A9+ in place of Samsung Galaxy Tab Active5: not the ordered model",
        "1 × Ubiquiti U6 Lite in place of Ubiquiti U6 Pro: quantities swapped",
        "1 × Identiv SCR3310: received, not ordered",
        "1 × Aruba 6100 24G PoE: ordered, not received",
    ):
        assert sentence in text


def test_an_unknown_order_is_neither_complete_nor_zero() -> None:
    data = report()
    one = delivery(data, "bl-2025-004")
    assert (one.order_known, one.complete) == (False, False)
    assert [line.ordered for line in one.lines] == [None]
    shown = section(data, "deliveries")
    after = shown[shown.index("BL-2025-004") :]
    assert "order not known" in after
    assert re.search(r'data-l="Ordered">–<', after)


def changed(verdict: Verdict, tier: Tier, *, enforced: bool) -> dict[str, tuple[Finding, ...]]:
    """The sample with one finding of a compliant device replaced."""
    found = dict(sample.findings())
    first, *others = found["til-pc-01"]
    update = {"verdict": verdict, "tier": tier, "enforced": enforced}
    found["til-pc-01"] = (first.model_copy(update=update), *others)
    return found


@pytest.mark.parametrize(
    ("verdict", "tier", "enforced", "compliant"),
    [
        (Verdict.PASS, Tier.CORE, True, 3),
        (Verdict.NOT_APPLICABLE, Tier.CORE, True, 3),
        (Verdict.NOT_CHECKED, Tier.CORE, True, 2),
        (Verdict.ERROR, Tier.CORE, True, 2),
        (Verdict.FAIL, Tier.CORE, True, 2),
        (Verdict.FAIL, Tier.RECOMMENDED, True, 2),
        (Verdict.FAIL, Tier.RECOMMENDED, False, 3),  # asked for by nobody
        (Verdict.FAIL, Tier.CORE, False, 2),  # not the device that was announced
    ],
)
def test_compliant_is_what_was_seen_to_hold(
    verdict: Verdict, tier: Tier, enforced: bool, compliant: int
) -> None:
    data = report(findings=changed(verdict, tier, enforced=enforced))
    assert delivery(data, "bl-2024-031").lines[0].compliant == compliant


def test_a_waiver_makes_nothing_compliant() -> None:
    found = dict(sample.findings())
    first, *others = found["til-pc-01"]
    waived = first.model_copy(update={"verdict": Verdict.FAIL, "waiver": "DER-2026-02"})
    found["til-pc-01"] = (waived, *others)
    assert delivery(report(findings=found), "bl-2024-031").lines[0].compliant == 2


def test_a_rule_without_result_makes_a_device_not_compliant() -> None:
    found = dict(sample.findings())
    found["til-pc-01"] = found["til-pc-01"][1:]
    assert delivery(report(findings=found), "bl-2024-031").lines[0].compliant == 2


def test_a_partial_check_does_not_tell_how_many_are_compliant() -> None:
    data = report(selection=("--limit til-pc-01",))
    assert {line.compliant for one in data.deliveries or () for line in one.lines} == {None}
    assert re.search(r'data-l="Compliant">–<', section(data, "deliveries"))


def test_a_removed_device_is_not_in_service() -> None:
    gone = [
        one.model_copy(update={"state": DeviceState.REMOVED}) if one.id == "til-pc-01" else one
        for one in devices()
    ]
    line = delivery(report(devices=gone), "bl-2024-031").lines[0]
    assert (line.received, line.adopted, line.compliant) == (9, 7, 2)


def test_older_reports_still_read_and_show() -> None:
    """Reports made before these parts existed say nothing of them."""
    plain = report().model_dump(mode="json", by_alias=True, exclude={"equipment", "deliveries"})
    old = ReportData.model_validate_json(json.dumps(plain))
    assert (old.equipment, old.deliveries) == (None, None)
    page = html.render(old, "en")["report.html"].decode()
    assert 'id="equipment"' not in page
    assert 'href="#deliveries"' not in page
    again = json_format.render(old, "en")["report.json"]
    assert ReportData.model_validate_json(again) == old


def test_the_order_of_the_input_does_not_show() -> None:
    checked = sample.checked()
    turned = replace(
        checked, devices=checked.devices[::-1], deliveries=tuple(checked.deliveries)[::-1]
    )
    assert build(turned, sample.AT) == build(checked, sample.AT)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_words_of_devices_and_papers_stay_words(lang: str) -> None:
    words = "</td><script>alert(1)</script>\u202e{{ 7*7 }}"
    facts = sample.facts()
    facts["til-pc-01"] = Facts(
        {
            **facts["til-pc-01"].values,
            Fact.OS: Observed(words * 100),
            Fact.TPM: Observed(words),
            Fact.SECURE_BOOT: Observed(words),
        }
    )
    papers = [
        one.model_copy(
            update={
                "lines": tuple(line.model_copy(update={"designation": words}) for line in one.lines)
            }
        )
        for one in deliveries()
    ]
    page = html.render(report(facts=facts, deliveries=papers), lang)["report.html"].decode()  # type: ignore[arg-type]
    assert page.count("<script>") == 1
    assert "alert(1)" in page
    assert "\u202e" not in page
    assert "7*7" in page


def test_every_class_of_equipment_can_be_shown() -> None:
    first = devices()[0]
    several = [
        first.model_copy(update={"id": f"x-{rank}", "device_class": kind})
        for rank, kind in enumerate(DeviceClass)
    ]
    data = report(devices=several, findings={}, snapshots={}, plans={}, facts={}, deliveries=())
    assert len(re.findall(r"x-\d+", said(data))) >= len(several)
