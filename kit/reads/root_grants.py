"""Who is made root without a word, beside sudo: by doas, and by rules of polkit."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Final

from kit.model.observation import Observation, Observed, Unread, Unreadable
from kit.model.read import Form, Raw, Read, Script
from kit.reads.counted_lines import END, counted

DOAS: Final = "doas"
POLKIT: Final = "polkit"
_LONGEST: Final = 2000  # lines of one file

_LOOK: Final = r"""
for program in awk cat grep id; do command -v "$program" >/dev/null || exit 127; done
[ "$(id -u)" = 0 ] || exit 126
text() { # KIND FILE
    [ -f "$2" ] || return 0
    [ -r "$2" ] || { echo "$2" >&2; exit 126; }
    printf 'file\t%s\t%s\n' "$1" "$2"
    awk '{ gsub(/\r$/, ""); print "line\t" $0 }' "$2" || exit 1
}
{
    # Without the program its file opens nothing.
    if command -v doas >/dev/null; then
        for file in /etc/doas.conf /usr/local/etc/doas.conf /etc/doas.d/*.conf; do
            text doas "$file"
        done
    fi
    for folder in /etc /run /usr/local/share /usr/share; do
        for file in "$folder"/polkit-1/rules.d/*.rules; do text rules "$file"; done
    done
    for folder in /etc /var/lib /usr/share; do
        for file in "$folder"/polkit-1/localauthority/*/*.pkla; do text pkla "$file"; done
    done
    echo looked
} >all || exit
"""
# What makes root of whoever may do it unasked: any program (pkexec), any unit, any account.
_ROOT: Final = (
    "org.freedesktop.accounts.user-administration",
    "org.freedesktop.policykit.exec",
    "org.freedesktop.systemd1.manage-unit-files",
    "org.freedesktop.systemd1.manage-units",
)
_QUOTED: Final = re.compile(r"""(["'])([A-Za-z0-9.*_-]+)\1""")
_COMMENT: Final = re.compile(
    r"""("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|//[^\n]*|/\*.*?\*/""", re.DOTALL
)
# By whatever name the results go there, and wherever the word is kept until it is returned.
_YES: Final = re.compile(r"""\bYES\b|(["'])yes\1""")
_ALL_BUT: Final = re.compile(r"!\s*\(?\s*action\.id|action\.id\s*!=")


class RootGrants(Read):
    """Keys: ``doas`` and ``polkit``; Observed, sorted.

    ``doas``: whom a line lets become somebody else without a password (``nopass``), as
    ``FILE:LINE: WHO``; root, who needs none, left out. A later line that denies is not weighed.
    ``polkit``: ``FILE: ACTION`` for a rule that says yes, unasked, to an action that makes root
    (``*`` where it names no action, or all but some); whom it says it to is not weighed. Of rules
    that are programs (JavaScript), what they name is what counts.
    """

    id: ClassVar[str] = "root_grants"

    def command(self, keys: frozenset[str], form: Form) -> Script:
        """Raises ``ValueError`` for what is no key of this read."""
        if not keys <= {DOAS, POLKIT}:
            raise ValueError("root_grants knows doas and polkit")
        return Script(form, f"{_LOOK}{END}")

    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        files = _files(list(counted(raw.text)))
        found: dict[str, Observation] = {}
        looks = {DOAS: {"doas": _doas}, POLKIT: {"rules": _rules, "pkla": _pkla}}
        for key in keys:
            try:
                shown = [
                    one
                    for kind, path, lines in files
                    if kind in looks[key]
                    for one in looks[key][kind](path, lines)
                ]
                found[key] = Observed(tuple(sorted(set(shown))))
            except ValueError as error:
                found[key] = Unreadable(Unread.UNPARSABLE, str(error)[:400])
        return found


def _files(lines: Sequence[str]) -> list[tuple[str, str, list[str]]]:
    if not lines or lines[-1] != "looked":
        raise ValueError("the answer has no end")
    files: list[tuple[str, str, list[str]]] = []
    for line in lines[:-1]:
        mark, _tab, rest = line.partition("\t")
        kind, _tab, path = rest.partition("\t")
        if mark == "file" and kind in {"doas", "pkla", "rules"} and path:
            files.append((kind, path, []))
        elif mark == "line" and files and len(files[-1][2]) < _LONGEST:
            files[-1][2].append(rest)
        else:
            raise ValueError(f"not a line of a file: {line[:80]!r}")
    return files


def _doas(path: str, lines: Sequence[str]) -> Iterator[str]:
    held, start = "", 0
    for number, line in enumerate([*lines, ""], 1):
        text = held + line
        start = start if held else number
        if text.endswith("\\"):
            held = text[:-1] + " "
            continue
        held = ""
        words = re.sub(r"\{[^}]*\}", " ", text.partition("#")[0]).replace('"', "").split()
        if not words or words[0] == "deny":
            continue
        if words[0] != "permit":
            raise ValueError(f"{path}:{start}: not a rule of doas")
        options = {"keepenv", "nolog", "nopass", "persist", "setenv"}
        given = []
        for word in words[1:]:
            if word not in options:
                who = word
                break
            given.append(word)
        else:
            raise ValueError(f"{path}:{start}: a rule for nobody")
        if "nopass" in given and who != "root":
            yield f"{path}:{start}: {who}"


def _rules(path: str, lines: Sequence[str]) -> Iterator[str]:
    """One call of ``addRule`` after the other; what stands before the first goes with each."""
    text = _COMMENT.sub(lambda found: found[1] or " ", "\n".join(lines))
    before, *rules = re.split(r"\baddRule\b", text)
    for rule in rules or ([before] if _YES.search(before) else []):
        if not (_YES.search(rule) or _YES.search(before)):
            continue
        named = {one[2] for one in _QUOTED.finditer(f"{before} {rule}") if "." in one[2]}
        actions = {one for one in named if one.count(".") >= 1 and not one.startswith("unix-")}
        if "action.id" not in rule or not actions or _ALL_BUT.search(rule):
            yield f"{path}: *"
        yield from (f"{path}: {one}" for one in sorted(actions) if _makes_root(one))


def _makes_root(action: str) -> bool:
    """Whether it is, or a beginning or a pattern of, an action that makes root."""
    start = action.partition("*")[0]
    return any(one.startswith(start) for one in _ROOT)


def _pkla(path: str, lines: Sequence[str]) -> Iterator[str]:
    parser = configparser.ConfigParser(
        interpolation=None, strict=False, delimiters=("=",), comment_prefixes=("#", ";")
    )
    try:
        parser.read_string("\n".join(lines))
    except configparser.Error as error:
        raise ValueError(f"{path}: {error.message[:200]}") from error
    for section in parser.sections():
        said = parser[section]
        results = [said.get(f"result{place}", "") for place in ("any", "inactive", "active")]
        if not any(one.strip().lower() == "yes" for one in results):
            continue
        for action in said.get("action", "*").split(";"):
            if action.strip() and _makes_root(action.strip()):
                yield f"{path}: {action.strip()}"
