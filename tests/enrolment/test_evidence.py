"""What posts are asked for by people, and what proves that somebody has a second factor."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from kit.catalogue.loading import shipped_catalogue
from kit.catalogue.templates import build
from kit.desired.resolution import resolve
from kit.enrolment.contributions import ENROLLED, REQUIRED, contributions
from kit.enrolment.evidence import standings, with_first_uses
from kit.enrolment.findings import person_findings
from kit.enrolment.hiding import Hiding
from kit.enrolment.issuing import base32, issue, otpauth
from kit.model.contribution import Source
from kit.model.device import Device, DeviceClass, PostRole
from kit.model.enrolment import Enrolments, EnrolmentState, SecondFactorPolicy
from kit.model.finding import Provenance, SubjectKind
from kit.model.observation import Absent, Observation, Observed, Unread, Unreadable
from kit.model.person import Person
from kit.model.platform import Platform
from kit.model.site import Management, Site
from kit.model.verdict import Reason, ReasonCode, Verdict
from tests.cases import facts

AT = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
DAY = date(2026, 11, 27)
KEY = "ab" * 32
SITE = Site(
    id="til", name="Les Tilleuls", siret="26750045200011", management=Management(account="esms")
)


def post(name: str, role: PostRole | None = None) -> Device:
    return Device(
        id=name, device_class=DeviceClass.DESKTOP, platform=Platform.LINUX, post_role=role
    )


DEVICES = (
    post("pc-1", PostRole.SHARED_CARE_POST),
    post("pc-2", PostRole.OFFICE),
    Device(id="tab-1", device_class=DeviceClass.TABLET, platform=Platform.ANDROID),
)
DURAND = Person(
    id="p-aaaaaaaaaaaa", name="Marie Durand", account="mdurand",
    post_roles=(PostRole.SHARED_CARE_POST,),
)  # fmt: skip
MARTIN = Person(id="p-bbbbbbbbbbbb", name="Paul Martin", account="pmartin")
PEOPLE = (DURAND, MARTIN)


def enrolled(*people: Person, **policy: object) -> Enrolments:
    found = Enrolments(digest_key=KEY, policy=SecondFactorPolicy(**policy))  # type: ignore[arg-type]
    for number, person in enumerate(people):
        made = issue(person, KEY, AT, lambda count, number=number: bytes([number]) * count)
        found = found.with_one(made.enrolment)
    return found


def given(enrolments: Enrolments, people: tuple[Person, ...] | None = PEOPLE) -> dict[str, dict]:  # type: ignore[type-arg]
    found = contributions(SITE, DEVICES, people, enrolments).sources
    return {name: dict(rules) for name, rules in found.get(Source.ENROLMENT, {}).items()}


def accounts(rules: dict) -> dict[str, str]:  # type: ignore[type-arg]
    lines = [one for one in rules[ENROLLED] if one["type"] == "oath_user"]
    return {one["account"]: one.get("state", "present") for one in lines}


def local(rules: dict) -> list[dict]:  # type: ignore[type-arg]
    return [one for one in rules[ENROLLED] if one["type"] == "account"]


def test_each_post_gets_the_people_who_work_on_it() -> None:
    found = given(enrolled(*PEOPLE))
    assert set(found) == {"pc-1", "pc-2"}
    assert accounts(found["pc-1"]) == {"mdurand": "present", "pmartin": "present"}
    # One who works elsewhere has no line here: were there one, it would be taken away.
    assert accounts(found["pc-2"]) == {"mdurand": "absent", "pmartin": "present"}
    assert {one["type"] for one in found["pc-1"][REQUIRED]} == {
        "package", "membership", "pam_policy", "second_factor_ways"
    }  # fmt: skip
    (ways,) = (one for one in found["pc-1"][REQUIRED] if one["type"] == "second_factor_ways")
    assert (ways["group"], ways["exempt"]) == ("kit-2fa", ["esms"])


def test_people_have_an_account_where_they_work_and_none_that_opens_once_they_have_left() -> None:
    left = DURAND.model_copy(update={"left_on": date(2026, 10, 31)})
    found = given(enrolled(DURAND, MARTIN))
    names = ["mdurand", "mdurand", "pmartin", "pmartin"]
    assert [one["name"] for one in local(found["pc-1"])] == names
    assert {one.get("state") for one in local(found["pc-1"])} == {None}
    assert [one["name"] for one in local(found["pc-2"])] == names[2:]

    # Her factor is not revoked yet; the account is closed all the same, on every post.
    closed = {"type": "account", "name": "mdurand", "state": "closed", "expires": "2026-10-31"}
    found = given(enrolled(DURAND, MARTIN), (left, MARTIN))
    for post in ("pc-1", "pc-2"):
        assert [one for one in local(found[post]) if one["name"] == "mdurand"] == [closed]
    # Somebody else has her name for the system now.
    other = MARTIN.model_copy(update={"account": "mdurand"})
    found = given(enrolled(DURAND, MARTIN), (left, other))
    assert {one.get("state") for one in local(found["pc-2"])} == {None}
    # Not enrolled: no account is made. Accounts of a directory are none of ours.
    assert local(given(enrolled(MARTIN))["pc-1"]) == [
        {"type": "account", "name": "pmartin"},
        {"type": "account", "name": "pmartin", "password": "set"},
    ]
    found = given(enrolled(DURAND, MARTIN, accounts="directory"), (left, MARTIN))
    assert [local(rules) for rules in found.values()] == [[], []]


def test_the_settings_given_are_settings() -> None:
    for rules in given(enrolled(*PEOPLE, remote_login=True, asked="everyone")).values():
        for settings in rules.values():
            for data in settings:
                assert build(dict(data), {}).type == data["type"]


def test_administration_is_never_asked_for_a_code_and_without_it_nobody_is() -> None:
    (policy,) = (
        one for one in given(enrolled(MARTIN, exempt=("secours",)))["pc-1"][REQUIRED]
        if one["type"] == "pam_policy"
    )  # fmt: skip
    assert policy["exempt"] == ["esms", "secours"]
    found = contributions(SITE, DEVICES, PEOPLE, enrolled(MARTIN), "kit-secours")
    (policy,) = (
        one for one in found.sources[Source.ENROLMENT]["pc-1"][REQUIRED]
        if one["type"] == "pam_policy"
    )  # fmt: skip
    assert (policy["exempt"], policy["never_locked"]) == (["esms", "kit-secours"], ["kit-secours"])
    nobody = SITE.model_copy(update={"management": Management()})
    found = contributions(nobody, DEVICES, PEOPLE, enrolled(MARTIN))
    (policy,) = (
        one for one in found.sources[Source.ENROLMENT]["pc-1"][REQUIRED]
        if one["type"] == "pam_policy"
    )  # fmt: skip
    assert policy["exempt"] == [{"parameter": "management_account"}]
    catalogue = shipped_catalogue()
    baseline = catalogue.baselines["esms"]
    plain = nobody.model_copy(update={"baseline": "esms"})
    desired = resolve(catalogue, baseline, plain, DEVICES[0], facts(), found)
    (why,) = (one for one in desired.undecided if one.rule.id == REQUIRED)
    assert why.verdict is Verdict.NOT_CHECKED
    assert why.reason.subject == "management_account"


def test_what_was_never_written_is_not_known_and_what_is_revoked_goes() -> None:
    assert given(enrolled(), None) == {}
    standing = enrolled(MARTIN)
    gone = standing.with_one(standing.enrolments[0].model_copy(update={"revoked_at": AT}))
    found = given(gone)["pc-2"]
    assert accounts(found) == {"pmartin": "absent"}
    # Still asked for a code: whoever has none is refused, and not let in by password alone.
    (group,) = (one for one in found[REQUIRED] if one["type"] == "membership")
    assert (group["accounts"], group["op"]) == (["pmartin"], "contains_all")


def shown(line: Observation, used: Observation) -> dict[str, dict[str, dict[str, Observation]]]:
    return {"pc-2": {"oath_users": {"line pmartin": line, "used pmartin": used}}}


RIGHT = Observed(f"HOTP/T30/6 {enrolled(MARTIN).enrolments[0].digest}")
USED = Observed("2026-11-27T09:30:00Z")


@pytest.mark.parametrize(
    ("line", "used", "state"),
    [
        (RIGHT, USED, EnrolmentState.ACTIVE),
        (RIGHT, Observed("never"), EnrolmentState.ISSUED),
        (RIGHT, Observed("2026-11-27T08:59:59Z"), EnrolmentState.ISSUED),  # before it was issued
        (RIGHT, Unreadable(Unread.FAILED), EnrolmentState.ISSUED),
        (Observed(f"HOTP/T30/6 {'0' * 64}"), USED, EnrolmentState.ISSUED),  # another seed
        (Absent(), Absent(), EnrolmentState.ISSUED),
        (Unreadable(Unread.DENIED), USED, EnrolmentState.ISSUED),
    ],
)
def test_only_a_use_of_the_seed_issued_proves_anything(
    line: Observation, used: Observation, state: EnrolmentState
) -> None:
    before = enrolled(MARTIN)
    after = with_first_uses(PEOPLE, before, shown(line, used))
    assert after.enrolments[0].state is state
    (durand, martin) = standings(PEOPLE, before, DEVICES, shown(line, used), DAY)
    assert (durand.state, martin.state) == ("missing", state.value)
    if state is EnrolmentState.ACTIVE:
        assert after.enrolments[0].first_use is not None
        assert after.enrolments[0].first_use.device == "pc-2"
        # What is noted stays noted, and later uses change nothing.
        assert with_first_uses(PEOPLE, after, shown(line, used)) == after


def test_who_left_is_followed_until_the_factor_is_taken_back() -> None:
    gone = MARTIN.model_copy(update={"left_on": DAY})
    standing = enrolled(gone)
    assert [one.person.id for one in standings([gone], standing, DEVICES, {}, DAY)] == [gone.id]
    revoked = standing.with_one(standing.enrolments[0].model_copy(update={"revoked_at": AT}))
    assert standings([gone], revoked, DEVICES, {}, DAY) == ()


def test_the_address_of_the_code_is_what_authenticators_read() -> None:
    made = issue(MARTIN, KEY, AT, lambda count: b"12345678901234567890"[:count])
    address = otpauth(made.seed, "pmartin", "EHPAD Les Tilleuls : unité A").get_secret_value()
    assert base32(made.seed) == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # RFC 6238, appendix B
    assert address == (
        "otpauth://totp/EHPAD%20Les%20Tilleuls%20%3A%20unit%C3%A9%20A:pmartin"
        "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        "&issuer=EHPAD%20Les%20Tilleuls%20%3A%20unit%C3%A9%20A"
        "&algorithm=SHA1&digits=6&period=30"
    )
    assert "GEZD" not in str(made) + repr(made.enrolment)


def test_names_are_put_out_of_records_and_longer_words_left() -> None:
    hiding = Hiding.of(PEOPLE)
    reason = Reason(
        code=ReasonCode.DIFFERS, subject="line pmartin", detail="group kit-2fa: mdurand, pmartin2"
    )
    hidden = hiding.record(reason)
    assert hidden.subject == "line p-bbbbbbbbbbbb"
    assert hidden.detail == "group kit-2fa: p-aaaaaaaaaaaa, pmartin2"
    assert hiding.text("Paul Martin, x.pmartin") == "p-bbbbbbbbbbbb, x.pmartin"
    assert Hiding.of(None).record(reason) is reason


def test_a_finding_for_each_person_by_pseudonym() -> None:
    left = Person(id="p-cccccccccccc", name="Luc Noir", account="lnoir", left_on=DAY)
    people = (*PEOPLE, left)
    factors = enrolled(MARTIN, left)
    verdicts = {}
    for used in (USED, Observed("never")):
        stand = standings(people, factors, DEVICES, shown(RIGHT, used), DAY)
        found = person_findings(shipped_catalogue(), stand, {"pc-2": Provenance.MEASURED})
        assert [one.subject.kind for one in found] == [SubjectKind.PERSON] * 3
        assert all("urand" not in one.model_dump_json() for one in found)
        verdicts[used] = {one.subject.id: one.verdict for one in found}
    assert verdicts[USED] == {
        DURAND.id: Verdict.FAIL,  # never issued
        MARTIN.id: Verdict.PASS,
        left.id: Verdict.FAIL,  # left, and still has one
    }
    assert verdicts[Observed("never")][MARTIN.id] is Verdict.NOT_CHECKED


def test_a_use_once_noted_counts_although_no_post_was_read() -> None:
    noted = with_first_uses(PEOPLE, enrolled(MARTIN), shown(RIGHT, USED))
    (_durand, martin) = person_findings(
        shipped_catalogue(), standings(PEOPLE, noted, DEVICES, {}, DAY), {}
    )
    assert martin.verdict is Verdict.PASS
    assert martin.observed_at == datetime(2026, 11, 27, 9, 30, tzinfo=UTC)
