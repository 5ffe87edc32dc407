"""What the people of a site and their second factors ask of its posts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from kit.model.contribution import Contributions, SettingData, Source
from kit.model.device import Device
from kit.model.enrolment import Enrolments, SecondFactorPolicy
from kit.model.person import Person
from kit.model.platform import Platform
from kit.model.site import Site

ENROLLED: Final = "second_factor_enrolled"
REQUIRED: Final = "second_factor_required"
GROUP: Final = "kit-2fa"
"""People with a second factor on a post; its members are asked for a code."""


def works_on(person: Person, device: Device) -> bool:
    """Whether a person logs in on a device."""
    if not person.posts and not person.post_roles:
        return True
    return device.id in person.posts or device.post_role in person.post_roles


def contributions(
    site: Site,
    devices: Iterable[Device],
    people: Sequence[Person] | None,
    enrolments: Enrolments,
    last_resort: str | None = None,
) -> Contributions:
    """The settings of every Linux post. Without a list of people nothing is known of them.

    ``last_resort``: the break-glass account, which is asked for no code and never locked.
    """
    enrolments = _with_last_resort(enrolments, last_resort)
    if people is None:
        return Contributions()
    given: dict[str, dict[str, tuple[SettingData, ...]]] = {}
    for device in devices:
        if device.platform is not Platform.LINUX:
            continue
        here = [person for person in people if works_on(person, device)]
        lines = [*_accounts(people, here, enrolments), *_lines(people, here, enrolments)]
        if not here and not lines:
            continue
        given[device.id] = {
            ENROLLED: tuple(lines),
            REQUIRED: tuple(_asked(site, here, enrolments)),
        }
    return Contributions({Source.ENROLMENT: given})


def _with_last_resort(enrolments: Enrolments, account: str | None) -> Enrolments:
    if account is None:
        return enrolments
    policy = enrolments.policy
    both = {
        "exempt": tuple(sorted({*policy.exempt, account})),
        "never_locked": tuple(sorted({*policy.never_locked, account})),
    }
    return enrolments.model_copy(update={"policy": policy.model_copy(update=both)})


def exempt_accounts(site: Site, policy: SecondFactorPolicy) -> tuple[str, ...]:
    """Accounts nobody asks for a code: administration must stay possible."""
    own = site.management.account
    return tuple(sorted({*policy.exempt, *((own,) if own else ())}))


def _standing(people: Iterable[Person], enrolments: Enrolments) -> list[Person]:
    found = []
    for person in people:
        enrolment = enrolments.of(person.id)
        if enrolment is not None and enrolment.revoked_at is None:
            found.append(person)
    return found


def _lines(
    people: Sequence[Person], here: Sequence[Person], enrolments: Enrolments
) -> list[dict[str, Any]]:
    """A line for who works here and has a factor; none for whom it was taken back from.

    Somebody who worked here and works elsewhere now has none here any more.
    """
    standing = {person.id for person in _standing(here, enrolments)}
    lines: dict[str, dict[str, Any]] = {}
    for person in people:
        enrolment = enrolments.of(person.id)
        if enrolment is None:
            continue
        if person.id in standing:
            lines[person.account] = {
                "type": "oath_user", "account": person.account,
                "secret": enrolment.secret, "digest": enrolment.digest,
            }  # fmt: skip
        else:
            line = {"type": "oath_user", "account": person.account, "state": "absent"}
            lines.setdefault(person.account, line)
    return [lines[account] for account in sorted(lines)]


def _accounts(
    people: Sequence[Person], here: Sequence[Person], enrolments: Enrolments
) -> list[dict[str, Any]]:
    """A local account for who works here with a factor, a closed one for who has left the site.

    A new account has no password: its owner chooses one at the post, and until then it is a
    failure somebody has to mend by hand. A name somebody else uses now is not closed.
    """
    if enrolments.policy.accounts == "directory":
        return []
    used = {one.account for one in people if one.left_on is None}
    own = {one.account for one in _standing(here, enrolments) if one.left_on is None}
    gone: dict[str, str] = {}
    for one in people:
        if one.left_on is not None and one.account not in used:
            # Had by two who have left, one after the other: closed since the last of them went.
            gone[one.account] = max(gone.get(one.account, ""), one.left_on.isoformat())
    found: list[dict[str, Any]] = []
    for account in sorted(own):
        found.append({"type": "account", "name": account})
        found.append({"type": "account", "name": account, "password": "set"})
    found += [
        {"type": "account", "name": account, "state": "closed", "expires": day}
        for account, day in sorted(gone.items())
    ]
    return found


def _asked(site: Site, here: Sequence[Person], enrolments: Enrolments) -> Iterable[dict[str, Any]]:
    policy = enrolments.policy
    exempt: list[Any] = list(exempt_accounts(site, policy))
    if site.management.account is None:
        # Nobody would be left to administer the post: not checked, and not asked for.
        exempt.append({"parameter": "management_account"})
    yield {"type": "package", "name": "libpam-oath", "state": "present"}
    # Nobody is taken out of the group: who has no factor any more is asked for one, and refused.
    members = sorted(one.account for one in here if enrolments.of(one.id) is not None)
    if policy.asked == "enrolled" and members:
        yield {
            "type": "membership", "group": GROUP, "op": "contains_all", "accounts": members,
            "create": True,
        }  # fmt: skip
    asked: dict[str, Any] = {
        "type": "pam_policy",
        "services": list(policy.services),
        "exempt": exempt,
        "never_locked": sorted(policy.never_locked),
        "attempts": policy.attempts,
        "interval": policy.interval,
        "unlock": policy.unlock,
    }
    if policy.asked == "enrolled":
        asked["group"] = GROUP
    yield asked
    # What PAM asks is not all: nobody is to come in where it is not asked.
    policy_keys = ("services", "exempt", "group")
    ways: dict[str, Any] = {name: asked[name] for name in policy_keys if name in asked}
    yield {"type": "second_factor_ways", **ways, "if_none": "not_applicable"}
    if policy.remote_login and "sshd" in policy.services:
        yield _sshd("UsePAM", "yes")
        yield _sshd("PasswordAuthentication", "no")
        yield _sshd("KbdInteractiveAuthentication", "yes")


def _sshd(name: str, value: str) -> dict[str, Any]:
    return {"type": "sshd_option", "name": name, "value": value, "if_none": "not_applicable"}
