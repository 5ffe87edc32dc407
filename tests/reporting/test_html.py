"""The HTML report: data never becomes markup, nothing comes from outside, every verdict shows."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from collections import Counter
from functools import partial
from html.parser import HTMLParser

import pytest

from kit.checking.reasons import verdict_label
from kit.errors import UsageError
from kit.i18n import LANGUAGES, language
from kit.model.artefact import SysctlArtefact
from kit.model.declaration import JudgedDeclaration
from kit.model.finding import FindingDetail
from kit.model.rule import Parameter
from kit.model.run import Operator
from kit.model.site import DisabledRule, LegalEntity
from kit.model.verdict import Verdict
from kit.reporting import html
from kit.reporting.building import Checked, build
from kit.reporting.data import ReportData, Standing
from kit.reporting.formats import FORMATS, render_all, renderer
from tests.reporting import sample

PAYLOADS = (
    "<script>alert(1)</script>",
    "</style><script src=//evil.example/x.js></script>",
    '" onmouseover="alert(1)" x="',
    "' onfocus='alert(1)' autofocus='",
    "javascript:alert(1)",
    "</title></head><body onload=alert(1)>",
    "{{ 7*7 }}{% raw %}",
    "<!-- --><![CDATA[ ]]>",
    "=HYPERLINK(\"http://evil.example\")",
    "&lt;img src=x onerror=alert(1)&gt;",
    "\\22 } body { display: none } /*",
)  # fmt: skip
# Only where text comes from a device or a transport: names in site files cannot hold these.
DEVICE_PAYLOADS = (
    "\x1b[31mred\x1b[0m\x07",
    "nul\0inside",
    "right\u202eto\u2066left\u200b",
    "line\r\nbreak\u2028and\u2029",
    "z" + "\u0301" * 50,
    "y" * 100_000,
)


class Structure(HTMLParser):
    """Tags with their attributes, and the text, of a page."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: Counter[tuple[str, tuple[str, ...]]] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # Whether a cell is wide depends on the length of its text: `class` does not count.
        self.tags[tag, tuple(sorted(name for name, _value in attrs if name != "class"))] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in {"meta", "link", "br", "input", "rect", "circle"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))

    def inside(self, tag: str) -> str:
        return "".join(text for where, text in self.texts if where == tag)

    def said(self) -> str:
        return " ".join(text for where, text in self.texts if where not in {"style", "script"})


def page(data: ReportData, lang: str = "en") -> Structure:
    assert lang in LANGUAGES
    return Structure(html.render(data, lang)["report.html"])  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def report() -> ReportData:
    return build(sample.checked(), sample.AT)


def _detail(one: FindingDetail, words: str) -> FindingDetail:
    return one.model_copy(
        update={
            "setting": words, "read": words, "key": words, "expected": words, "observed": words,
            "operator": words, "quantifier": words,
            "reasons": tuple(
                r.model_copy(update={"detail": f"denied: {words}"}) for r in one.reasons
            ),
        }
    )  # fmt: skip


def _declared(one: JudgedDeclaration, words: str) -> JudgedDeclaration:
    """What somebody declared, in these words wherever a file lets them write."""
    said = one.said
    if said is None:
        return one
    spoken = dict.fromkeys(("statement", "reference", "by", "function"), words)
    reasons = tuple(r.model_copy(update={"detail": words}) for r in one.finding.reasons)
    return one.model_copy(
        update={
            "said": said.model_copy(update=spoken),
            "finding": one.finding.model_copy(update={"reasons": reasons}),
        }
    )


def spoken(words: str, *, name: str) -> Checked:
    """The sample with ``words`` wherever a device may speak, and ``name`` where a file may."""
    findings = {
        device: tuple(
            one.model_copy(
                update={
                    "reasons": tuple(
                        r.model_copy(update={"subject": words, "detail": f"denied: {words}"})
                        for r in one.reasons
                    ),
                    "details": tuple(_detail(detail, words) for detail in one.details),
                    "waiver": name if one.waiver else None,
                }
            )
            for one in found
        )
        for device, found in sample.findings().items()
    }
    texts = {"fr": name, "en": name}
    rules = {
        rule: one.model_copy(update={"title": texts, "why": texts, "remedy": texts})
        for rule, one in sample.catalogue().rules.items()
    }
    known: Parameter = sample.catalogue().parameters["idle_session_seconds"]
    catalogue = sample.catalogue()
    return sample.checked(
        findings=findings,
        snapshots={
            device: one.model_copy(update={"detail": words})
            for device, one in sample.snapshots().items()
        },
        catalogue=type(catalogue)(
            rules,
            catalogue.standing,
            {known.id: known.model_copy(update={"title": texts})},
            catalogue.baselines,
            catalogue.digest,
        ),
        baseline=sample.baseline().model_copy(update={"title": texts}),
        run=sample.run().model_copy(update={"operator": Operator(account=words, controller=words)}),
        declared=tuple(map(partial(_declared, words=words[:600]), sample.checked().declared or ())),
        waivers=tuple(
            one.model_copy(
                update={
                    **dict.fromkeys(("reason", "compensating", "risk"), words[:600]),
                    "approver": words[:120],
                }
            )
            for one in sample.waivers()
        ),
        devices=[
            one.model_copy(update={"owner": name, "managed_by": one.managed_by and name})
            for one in sample.devices()
        ],
        site=sample.site(
            name=name[:120].strip(),
            operator=name[:120].strip(),
            legal_entity=LegalEntity(id="entity", name=name[:120].strip()),
            parameters={"idle_session_seconds": words},
            disabled_rules=(
                DisabledRule(rule="login_banner_shown", reason=name[:120].strip() or "x"),
            ),
            origins={"parameters.idle_session_seconds": words},
        ),
    )


def hostile() -> Checked:
    return spoken("".join((*PAYLOADS, *DEVICE_PAYLOADS[:-1])), name=PAYLOADS[0])


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("words", [*PAYLOADS, *DEVICE_PAYLOADS])
def test_what_is_said_never_becomes_markup(words: str, lang: str) -> None:
    name = words if words in PAYLOADS else "name"
    tame = page(build(spoken("word", name="name"), sample.AT), lang)
    wild = page(build(spoken(words, name=name), sample.AT), lang)
    assert wild.tags == tame.tags
    assert wild.inside("script") == tame.inside("script")
    targets = {value for _tag, attribute, value in wild.attributes if attribute == "href"}
    assert targets == {value for _tag, attribute, value in tame.attributes if attribute == "href"}


def test_what_is_said_is_shown_and_cannot_act() -> None:
    text = html.render(build(hostile(), sample.AT), "en")["report.html"].decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "⟨U+001B⟩[31mred" in text
    assert "nul⟨U+0000⟩inside" in text
    assert "right⟨U+202E⟩to⟨U+2066⟩left" in text
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069]", text)


def test_a_huge_answer_makes_no_huge_page() -> None:
    small = html.render(build(spoken("word", name="name"), sample.AT), "en")["report.html"]
    huge = html.render(build(spoken("y" * 10_000_000, name="name"), sample.AT), "en")["report.html"]
    assert len(huge) < len(small) * 6


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_takes_nothing_from_outside(report: ReportData, lang: str) -> None:
    found = page(report, lang)
    assert {tag for tag, _names in found.tags} & {
        "link",
        "img",
        "iframe",
        "object",
        "base",
    } == set()
    for tag, attribute, value in found.attributes:
        assert not attribute.startswith("on"), (tag, attribute)
        assert attribute != "style", (tag, value)
        if attribute in {"href", "src", "action"}:
            assert value.startswith("#"), (tag, value)
    style = found.inside("style")
    assert "@import" not in style
    assert set(re.findall(r"url\(([^)]*)\)", style)) == {"#dots", "#lines"}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_policy_allows_just_this_style_and_script(report: ReportData, lang: str) -> None:
    found = page(report, lang)
    policy = next(value for tag, name, value in found.attributes
                  if (tag, name) == ("meta", "content") and "default-src" in value)  # fmt: skip
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        digest = hashlib.sha256(found.inside(tag).encode()).digest()
        assert f"{tag}-src 'sha256-{base64.b64encode(digest).decode()}'" in policy


@pytest.mark.parametrize("lang", LANGUAGES)
def test_same_input_same_bytes(lang: str) -> None:
    first = render_all(build(sample.checked(), sample.AT), FORMATS, lang)  # type: ignore[arg-type]
    again = render_all(build(sample.checked(), sample.AT), FORMATS, lang)  # type: ignore[arg-type]
    assert first == again
    assert {"report.html", "report.json", "report.xlsx", "report-findings.csv"} <= set(first)


def test_the_order_of_the_input_does_not_matter() -> None:
    turned = sample.checked(
        devices=sample.devices()[::-1],
        waivers=sample.waivers()[::-1],
        findings={name: found[::-1] for name, found in reversed(sample.findings().items())},
    )
    assert render_all(build(turned, sample.AT), FORMATS, "en") == render_all(
        build(sample.checked(), sample.AT), FORMATS, "en"
    )


def test_an_unknown_format_names_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"docx.*html, pdf, xlsx"):
        renderer("docx")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_language_is_declared_and_used(report: ReportData, lang: str) -> None:
    assert ("html", "lang", lang) in page(report, lang).attributes
    said = page(report, lang).said()
    assert ("Connexion SSH de root interdite" in said) is (lang == "fr")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_verdict_and_every_device_shows(report: ReportData, lang: str) -> None:
    found = page(report, lang)
    shown = Counter(value for _tag, name, value in found.attributes if name == "data-v")
    weights = weight_of_rows(report, lang)
    for verdict, count in report.summary.result.counts.items():
        assert weights[verdict.value] == count
        assert shown[verdict.value] > 0
        with language(lang):  # type: ignore[arg-type]
            assert verdict_label(verdict) in found.said()
    ids = {value for tag, name, value in found.attributes if (tag, name) == ("details", "id")}
    assert ids == {f"d-{one.id}" for one in report.devices}


def weight_of_rows(report: ReportData, lang: str) -> Counter[str]:
    """How many findings the rows of the page stand for, by verdict."""
    text = html.render(report, lang)["report.html"].decode()  # type: ignore[arg-type]
    weights: Counter[str] = Counter()
    for verdict, count in re.findall(r'data-v="(\w+)"[^>]*?(?: data-n="(\d+)")?>', text):
        weights[verdict] += int(count or 1)
    return weights


def test_nobody_looked_is_never_shown_as_compliant(report: ReportData) -> None:
    text = html.render(report, "en")["report.html"].decode()
    for device in report.devices:
        part = text.split(f'id="d-{device.id}"')[1].split('<details class="dev"')[0]
        if device.standing in {Standing.READ, Standing.PARTLY_READ}:
            assert 'class="v pass"' in part
        else:
            assert 'class="v pass"' not in part
            assert "✓" not in part


def test_a_grade_is_shown_only_when_there_is_one(report: ReportData) -> None:
    assert "No grade" in page(report).said()
    assert "A grade is given when everything was checked" in page(report).said()
    passing = {
        device: tuple(
            one.model_copy(update={"verdict": Verdict.PASS, "waiver": None, "pending": None})
            for one in found
        )
        for device, found in sample.findings().items()
    }
    graded = html.render(build(sample.checked(findings=passing), sample.AT), "en")["report.html"]
    assert b'<p class="mark">A</p>' in graded
    assert b"No grade" not in graded


def test_a_report_about_nothing_says_so() -> None:
    said = page(build(sample.checked(devices=(), findings={}, snapshots={}), sample.AT)).said()
    assert "Nothing was judged." in said
    assert "This check gave no finding." in said


@pytest.mark.parametrize("lang", LANGUAGES)
def test_ids_are_unique_and_links_lead_somewhere(report: ReportData, lang: str) -> None:
    found = page(report, lang)
    ids = Counter(value for _tag, name, value in found.attributes if name == "id")
    assert [name for name, count in ids.items() if count > 1] == []
    targets = {v[1:] for _t, name, v in found.attributes if name == "href"}
    assert targets <= set(ids)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_headings_do_not_skip_a_level(report: ReportData, lang: str) -> None:
    text = html.render(report, lang)["report.html"].decode()  # type: ignore[arg-type]
    levels = [int(level) for level in re.findall(r"<h([1-6])[ >]", text)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert max(after - before for before, after in itertools.pairwise(levels)) <= 1


def test_tables_have_captions_and_scopes(report: ReportData) -> None:
    text = html.render(report, "en")["report.html"].decode()
    tables = re.findall(r"<table.*?</table>", text, re.DOTALL)
    assert len(tables) > 20
    for table in tables:
        assert "<caption" in table
        assert not re.search(r"<th(?![^>]*scope=)[ >]", table)


def test_french_blanks_are_non_breaking(report: ReportData) -> None:
    found = page(report, "fr")
    texts = [text for where, text in found.texts if where not in {"style", "script", "code"}]
    wrong = [text for text in texts if re.search(r"\w [:;?!»%](?:\s|$)|« ", text)]
    assert wrong == []


def test_the_sample_is_not_a_plan_of_nothing() -> None:
    changes = [change for plan in sample.plans().values() for change in plan.changes]
    assert changes
    assert isinstance(changes[0].artefact, SysctlArtefact)
