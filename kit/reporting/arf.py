"""ARF 1.1: devices as assets, the baseline as the request, one XCCDF test result per device."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from kit.i18n import Language
from kit.reporting import xml
from kit.reporting.data import DeviceSheet, ReportData
from kit.reporting.streams import encoded, in_language
from kit.reporting.xccdf import NAMESPACE, benchmark, device_results
from kit.reporting.xccdf_declared import declared_result, establishment

_ROOT: Final = {
    "xmlns:arf": "http://scap.nist.gov/schema/asset-reporting-format/1.1",
    "xmlns:core": "http://scap.nist.gov/schema/reporting-core/1.1",
    "xmlns:ai": "http://scap.nist.gov/schema/asset-identification/1.1",
}
_WORDS: Final = "http://scap.nist.gov/specifications/arf/vocabulary/relationships/1.0#"
_REQUEST: Final = "request"


def chunks(data: ReportData, lang: Language) -> Mapping[str, Iterator[bytes]]:
    """``report-arf.xml``: every device is an asset, those with results have a report."""
    return {"report-arf.xml": encoded(in_language(lang, _document(data)))}


def _document(data: ReportData) -> Iterator[str]:
    reported = [
        one
        for one in data.devices
        if one.missing_rules or one.standing.value != "removed" or sum(one.result.counts.values())
    ]
    yield xml.DECLARATION + xml.start("arf:asset-report-collection", _ROOT) + "\n"
    declared = declared_result(data, {"xmlns": NAMESPACE})
    yield from _relations(reported if data.rules else [], declared=bool(declared), data=data)
    yield xml.start("arf:report-requests")
    yield xml.start("arf:report-request", {"id": _REQUEST}) + "<arf:content>"
    yield from benchmark(data)
    yield "</arf:content></arf:report-request></arf:report-requests>\n"
    if data.devices or declared:
        yield "<arf:assets>\n"
        yield from (_asset(device) for device in data.devices)
        if declared:
            yield _establishment(data)
        yield "</arf:assets>\n"
    yield "<arf:reports>\n"
    reports = 0
    for device, result in device_results(data, {"xmlns": NAMESPACE}):
        content = xml.element("arf:content", result)
        yield xml.element("arf:report", content, {"id": f"report-{device.id}"}) + "\n"
        reports += 1
    if declared:
        content = xml.element("arf:content", declared)
        yield xml.element("arf:report", content, {"id": f"report-{establishment(data)}"}) + "\n"
        reports += 1
    if not reports:  # ARF knows no collection without a report
        nothing = xml.element("nothing", "", {"xmlns": "urn:esms-kit:arf:1"})
        yield xml.element("arf:report", xml.element("arf:content", nothing), {"id": "report"})
    yield "</arf:reports></arf:asset-report-collection>\n"


def _relations(reported: list[DeviceSheet], *, declared: bool, data: ReportData) -> Iterator[str]:
    """Each report is about its asset and answers the request."""
    names = [one.id for one in reported] + [establishment(data)] * declared
    if not names:
        return
    yield xml.start("core:relationships", {"xmlns:vocabulary": _WORDS}) + "\n"
    for name in names:
        for kind, target in (("isAbout", f"asset-{name}"), ("createdFor", _REQUEST)):
            attributes = {"type": f"vocabulary:{kind}", "subject": f"report-{name}"}
            yield xml.element("core:relationship", xml.element("core:ref", target), attributes)
    yield "\n</core:relationships>\n"


def _establishment(data: ReportData) -> str:
    """The establishment, which what is declared is about."""
    told = {"resource": "urn:esms-kit:site", "id": data.site.id}
    asset = xml.element("ai:organization", xml.element("ai:synthetic-id", "", told))
    return xml.element("arf:asset", asset, {"id": f"asset-{establishment(data)}"}) + "\n"


def _asset(device: DeviceSheet) -> str:
    told = {"resource": "urn:esms-kit:device", "id": device.id}
    inside = [
        xml.element("ai:synthetic-id", "", told),
        *(
            [xml.element("ai:synthetic-id", "", {"resource": "urn:esms-kit:asset",
                                                 "id": device.asset_id})]
            if device.asset_id
            else []
        ),
        xml.element("ai:hostname", xml.text(device.id)),
    ]  # fmt: skip
    asset = xml.element("ai:computing-device", inside)
    return xml.element("arf:asset", asset, {"id": f"asset-{device.id}"}) + "\n"
