"""What a stack of PAM does with somebody who knows, or does not know, a password and a code.

The dispatch follows libpam's. Modules that decide something else (a fingerprint, a directory) may
answer either way, and so may conditions that are not understood: what could happen is what counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from kit.reads.oath_users import USERS_FILE
from kit.reads.pam_lines import Line

SUCCESS: Final = "success"
FAILURE: Final = "auth_err"
ENDED: Final = "acct_expired"
PERMISSION_DENIED: Final = "perm_denied"
UNKNOWN_USER: Final = "user_unknown"
UNKNOWN_MODULE: Final = "module_unknown"
OATH: Final = "pam_oath.so"
PKCS11: Final = "pam_pkcs11.so"
WHEEL: Final = "pam_wheel.so"
FAILLOCK: Final = "pam_faillock.so"
# They let nobody in and ask nothing: at most they refuse for a reason of their own.
_ASIDE: Final = frozenset(
    f"pam_{name}.so"
    for name in (
        *("access", "cap", "debug", "echo", "ecryptfs", "env", "faildelay", "gnome_keyring"),
        *("group", "issue", "keyinit", "kwallet5", "lastlog", "limits", "loginuid", "mail"),
        *("motd", "mount", "namespace", "nologin", "securetty", "selinux", "sepermit", "shells"),
        *("systemd", "time", "tty_audit", "umask", "warn"),
    )
)
KNOWN: Final = _ASIDE | {
    *("pam_deny.so", FAILLOCK, OATH, "pam_permit.so", "pam_rootok.so"),
    *("pam_succeed_if.so", "pam_unix.so", WHEEL),
}
"""The modules whose answer follows from what somebody knows, or from a condition."""
_GOOD: Final = frozenset({SUCCESS, "new_authtok_reqd", "ignore"})
_HOLDS: Final = frozenset({"bad", "die", "ignore"})  # actions that let nobody in or by
_NO_CARD: Final = (FAILURE, "authinfo_unavail", UNKNOWN_USER)
_MOST_WAYS: Final = 4096


@dataclass(frozen=True)
class Somebody:
    """Who comes, by which service, and what is known.

    ``groups`` is ``None`` for a person of no group that matters; ``filled`` are groups that have
    members, so that somebody of no known group might be one of them. ``card``: a card and its PIN
    are at hand; ``cards_proven``: what pam_pkcs11 takes for a card is one of an authority.
    ``ended``: the account has come to its end, which the account phase is there to see.
    """

    service: str
    user: str
    groups: frozenset[str]
    password: bool
    code: bool
    enrolled: bool = True
    locked: bool = False
    filled: frozenset[str] = frozenset()
    card: bool = False
    cards_proven: bool = False
    ended: bool = False


@dataclass
class Outcome:
    """Every end a stack may come to. ``reached``: modules called on at least one way."""

    ends: set[bool] = field(default_factory=set)
    reached: set[str] = field(default_factory=set)
    others: set[str] = field(default_factory=set)  # what decided besides password and code


def outcome(
    stack: Sequence[Line], who: Somebody, installed: frozenset[str], *, others: bool
) -> Outcome:
    """What may come of a login. With ``others``, modules not known here may also say yes."""
    found = Outcome()
    _walk(stack, who, installed, found, others)
    return found


def tried(
    stack: tuple[Line, ...],
    who: Somebody,
    installed: frozenset[str],
    password: bool,
    code: bool,
    *,
    others: bool,
    locked: bool = False,
) -> Outcome:
    """What may come of a login of somebody who knows that much."""
    somebody = replace(who, password=password, code=code, locked=locked)
    return outcome(stack, somebody, installed, others=others)


def _walk(
    stack: Sequence[Line],
    who: Somebody,
    installed: frozenset[str],
    found: Outcome,
    others: bool,
) -> None:
    # place, impression (None, True, False), whether the status is success, what decided
    todo: list[tuple[int, bool | None, bool, frozenset[str]]] = [(0, None, False, frozenset())]
    seen = set()
    while todo:
        state = todo.pop()
        if state in seen:
            continue
        seen.add(state)
        if len(seen) > _MOST_WAYS:
            raise ValueError("too many ways through this stack")
        place, impression, good, by = state
        if place >= len(stack):
            _end(found, impression is True and good, by)
            continue
        line = stack[place]
        found.reached.add(line.shown)
        for value, other in _values(line, who, installed, others):
            decided = by | {line.shown} if other else by
            todo += _step(stack, place, line, value, impression, good, decided, found)


def _end(found: Outcome, good: bool, by: frozenset[str]) -> None:
    found.ends.add(good)
    if good:
        found.others |= by


def _step(
    stack: Sequence[Line],
    place: int,
    line: Line,
    value: str,
    impression: bool | None,
    good: bool,
    by: frozenset[str],
    found: Outcome,
) -> Iterator[tuple[int, bool | None, bool, frozenset[str]]]:
    """The states after one module, as in ``_pam_dispatch_aux``."""
    action = line.control.get(value, line.control.get("default", "bad"))
    if action in {"ok", "done"}:
        if impression is None or (impression and good):
            impression, good = True, value == SUCCESS
        if action == "done" and impression is True:
            yield from _finish(stack, place, line, impression, good, by, found)
            return
    elif action in {"bad", "die"}:
        impression, good = False, False
        if action == "die":
            yield from _finish(stack, place, line, impression, good, by, found)
            return
    elif action == "reset":
        impression, good = None, False
    elif action != "ignore":
        rest = [at for at in range(place + 1, len(stack)) if stack[at].level >= line.level]
        jump = int(action)
        if jump > len(rest):  # off the end of the stack: libpam refuses
            _end(found, False, by)
            return
        yield (rest[jump] if jump < len(rest) else len(stack)), impression, good, by
        return
    yield place + 1, impression, good, by


def _finish(
    stack: Sequence[Line],
    place: int,
    line: Line,
    impression: bool | None,
    good: bool,
    by: frozenset[str],
    found: Outcome,
) -> Iterator[tuple[int, bool | None, bool, frozenset[str]]]:
    """``done`` and ``die`` end the stack they stand in: a substack, or all."""
    if line.level == 0:
        _end(found, impression is True and good, by)
        return
    after = next(
        (at for at in range(place + 1, len(stack)) if stack[at].level < line.level), len(stack)
    )
    yield after, impression, good, by


def _values(
    line: Line, who: Somebody, installed: frozenset[str], others: bool
) -> Iterator[tuple[str, bool]]:
    """What the module may return, and whether that is none of what we know."""
    if line.module not in installed:
        yield UNKNOWN_MODULE, False
    elif line.module == "pam_permit.so":
        yield SUCCESS, False
    elif line.module in _ASIDE:
        yield from _aside(line, others)
    elif line.module == "pam_deny.so" or (line.module == "pam_rootok.so" and who.user != "root"):
        yield FAILURE, False
    elif line.module == WHEEL:
        yield from _wheel(line, who, others)
    elif line.module == "pam_unix.so":
        yield (ENDED if who.ended else SUCCESS if who.password else FAILURE), False
    elif line.module == OATH and not _elsewhere(line):
        known = SUCCESS if who.code else FAILURE
        yield (known if who.enrolled else UNKNOWN_USER), False
    elif line.module == PKCS11 and who.cards_proven and not _configured(line):
        yield from ((one, False) for one in ([SUCCESS] if who.card else _NO_CARD))
    elif line.module == FAILLOCK:
        yield _faillock(line, who), False
    elif line.module == "pam_succeed_if.so":
        yield from _condition(line, who, others)
    else:
        yield FAILURE, False
        if others:
            yield SUCCESS, True


def _wheel(line: Line, who: Somebody, others: bool) -> Iterator[tuple[str, bool]]:
    """pam_wheel refuses, lets in (``trust``) or has nothing to say, by one group.

    Without ``use_uid`` it goes by a name that people can give themselves, and with ``root_only`` it
    guards root alone: then it may have nothing to say of anybody.
    """
    group = next((one[6:] for one in line.arguments if one.startswith("group=")), "wheel")
    inside, trust = group in who.groups, SUCCESS if "trust" in line.arguments else "ignore"
    answers = {inside, *({True} if others and group in who.filled else ())}
    for is_in in sorted(answers):
        refuses = is_in is ("deny" in line.arguments)
        yield (PERMISSION_DENIED if refuses else trust), is_in is not inside
    if others and ("use_uid" not in line.arguments or "root_only" in line.arguments):
        yield "ignore", True


def _elsewhere(line: Line) -> bool:
    """Whether pam_oath takes its codes from another file than ours, its own default."""
    files = {one for one in line.arguments if one.startswith("usersfile=")}
    return not files <= {f"usersfile={USERS_FILE}"}


def _configured(line: Line) -> bool:
    """Whether pam_pkcs11 is told by another file, or by its line, what it takes for a card."""
    plain = {"debug", "nodebug", "wait_for_card", "card_only", "quiet"}
    return bool(set(line.arguments) - plain)


def _aside(line: Line, others: bool) -> Iterator[tuple[str, bool]]:
    """One that refuses may be there to lead past what follows (pam_access, pam_time)."""
    yield SUCCESS, False
    for value, action in sorted(line.control.items()) if others else ():
        if value not in _GOOD and action not in _HOLDS:
            yield value, True


def _faillock(line: Line, who: Somebody) -> str:
    if "authfail" in line.arguments:
        return FAILURE
    return FAILURE if "preauth" in line.arguments and who.locked else SUCCESS


def _condition(line: Line, who: Somebody, others: bool) -> Iterator[tuple[str, bool]]:
    """All conditions of the line must hold; one that is not understood may or may not."""
    words = [word for word in line.arguments if word not in _PLAIN]
    unknown = len(words) % 3 != 0 or "use_uid" in words
    for subject, relation, value in zip(words[::3], words[1::3], words[2::3], strict=False):
        holds = _holds(who, subject, relation, value)
        if holds is False:
            yield FAILURE, False
            return
        unknown |= holds is None
    if unknown:
        yield FAILURE, False
        if others:
            yield SUCCESS, True
    else:
        yield SUCCESS, False


_PLAIN: Final = frozenset({"debug", "quiet", "quiet_fail", "quiet_success", "audit"})


def _holds(who: Somebody, subject: str, relation: str, value: str) -> bool | None:
    listed = frozenset(value.split(":"))
    if subject in {"user", "service"}:
        own = who.user if subject == "user" else who.service
        answers: Mapping[str, bool] = {
            "in": own in listed,
            "notin": own not in listed,
            "=": own == value,
            "!=": own != value,
        }
        if relation in answers:
            return answers[relation]
        if subject == "user" and relation in {"ingroup", "notingroup"}:
            inside = bool(listed & who.groups)
            if not inside and listed & who.filled:
                return None
            return inside if relation == "ingroup" else not inside
    return None
