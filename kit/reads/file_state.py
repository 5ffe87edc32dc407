"""Owner, group, rights and kind of files and folders, one by one or by pattern."""

from __future__ import annotations

import shlex
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

from kit.model.observation import Absent, Instances, Observation, Observed, Unread, Unreadable
from kit.model.read import Form, Raw, Read, Script
from kit.reads.counted_lines import END, counted
from kit.reads.file_paths import SHELL, checked_pattern, has_wildcards, literal_folder, matches

_ATTRIBUTES: Final = frozenset({"group", "kind", "mode", "owner"})
_KINDS: Final = frozenset({"any", "directory", "file"})

# Only names are printed that cannot be taken for something else: a name with a line end or a tab
# makes the listing incomplete. Links are followed, for what they lead to is what can be used.
_LOOK: Final = (
    SHELL
    + r"""
look='
    newline="
"
    tab=$(printf "\t")
    for one do
        case $one in
        *"$newline"* | *"$tab"*) echo "odd" ;;
        *)
            if seen=$(stat -L -c "%f:%u:%g:%U:%G" -- "$one" 2>/dev/null); then
                printf "entry\t%s\t%s\n" "$seen" "$one"
                # A plus behind the rights: a list of others who have some.
                case $(ls -dlL -- "$one") in
                ??????????+*) printf "others\t%s\n" "$one" ;;
                esac
            elif [ -h "$one" ] && [ ! -e "$one" ]; then echo "nowhere"
            else echo "odd"
            fi
            ;;
        esac
    done'
unknown() { if [ "$(id -u)" = 0 ]; then echo failed; else echo denied; fi; }
path() {
    printf 'path\t%s\n' "$1"
    there "$1"
    case $? in
    0) if [ -e "$1" ]; then eval "$look"; else unknown; fi ;;
    1) echo absent ;;
    *) unknown ;;
    esac
}
pattern() {
    printf 'path\t%s\n' "$1"
    there "${2:-/}"
    case $? in
    0)
        # The slash at the end leads through a link.
        if find "$2/" -mindepth "$3" -maxdepth "$3" -path "$1" -exec sh -c "$look" sh {} + \
            2>/dev/null; then echo complete; else unknown; fi
        ;;
    1) echo complete ;;
    *) unknown ;;
    esac
}
for program in find stat sh id ls readlink; do command -v "$program" >/dev/null || exit 127; done
{
"""
)


@dataclass(frozen=True)
class _Key:
    attribute: str
    kind: str
    pattern: str


@dataclass(frozen=True)
class _Entry:
    """One file: its kind and its attributes by name."""

    kind: str
    attributes: Mapping[str, str]


@dataclass
class _Listing:
    """What was found for one pattern, and how it ended."""

    entries: dict[str, _Entry]
    others: set[str] = field(default_factory=set)  # paths whose rights are not all told
    whole: bool = True
    end: str = ""


class FileState(Read):
    """``stat``. Keys: ``ATTRIBUTE KIND PATTERN``, such as ``mode file /etc/shadow``.

    Attributes: ``owner``, ``group`` (names, or numbers without a name), ``mode`` (four octal
    digits), ``kind`` (``file``, ``directory``, ``other``). Kinds: ``file``, ``directory``,
    ``any``; what is of another kind does not count. Links are followed.
    A mode is Unreadable where an access list (ACL) gives rights to others besides.
    A path yields Observed or Absent; a pattern (``*`` and ``?``, no hidden names) Instances by
    path, complete when every folder on the way could be listed.
    """

    id: ClassVar[str] = "file_state"

    def command(self, keys: frozenset[str], form: Form) -> Script:
        """One look a pattern; raises ``ValueError`` for what is no key."""
        calls = "".join(_call(pattern) for pattern in sorted({_key(k).pattern for k in keys}))
        return Script(form, f"{_LOOK}{calls}}} >all || exit\n{END}")

    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        found = _listings(counted(raw.text))
        return {key: _observation(_key(key), found) for key in keys if _key(key).pattern in found}


def _key(text: str) -> _Key:
    attribute, _blank, rest = text.partition(" ")
    kind, _blank, pattern = rest.partition(" ")
    if attribute not in _ATTRIBUTES or kind not in _KINDS:
        raise ValueError(f"not a key of file_state: {text[:80]!r}")
    return _Key(attribute, kind, checked_pattern(pattern))


def _call(pattern: str) -> str:
    if not has_wildcards(pattern):
        return f"path {shlex.quote(pattern)}\n"
    folder = literal_folder(pattern)
    depth = pattern.count("/") - folder.count("/")
    return f"pattern {shlex.quote(pattern)} {shlex.quote(folder)} {depth}\n"


def _listings(lines: Iterator[str]) -> dict[str, _Listing]:
    """Pattern -> what was found; raises ``ValueError`` for an answer of another form."""
    found: dict[str, _Listing] = {}
    pattern = ""
    for line in lines:
        mark, _tab, rest = line.partition("\t")
        if mark == "path" and rest and (not pattern or found[pattern].end):
            pattern = rest
            if found.setdefault(pattern, _Listing({})).entries:
                raise ValueError(f"twice: {pattern[:80]!r}")
            continue
        listing = found.get(pattern)
        if listing is None:
            raise ValueError(f"an answer to nothing: {line[:80]!r}")
        if mark == "entry" and not listing.end:
            said, _tab, path = rest.partition("\t")
            listing.entries[path] = _entry(said)
            if not has_wildcards(pattern):
                listing.end = "complete"
        elif mark == "others" and rest in listing.entries:
            listing.others.add(rest)
        elif mark == "odd" and not listing.end:
            listing.whole = False
        elif mark in {"absent", "complete", "denied", "failed"} and not listing.end:
            listing.end = mark
        elif mark != "nowhere":
            raise ValueError(f"not a line of file_state: {line[:80]!r}")
    if any(not listing.end and listing.whole for listing in found.values()):
        raise ValueError("a listing without its end")
    return found


def _entry(said: str) -> _Entry:
    bits, uid, gid, owner, group = said.split(":")
    mode = int(bits, 16)
    kind = "file" if stat.S_ISREG(mode) else "directory" if stat.S_ISDIR(mode) else "other"
    return _Entry(
        kind,
        {
            "owner": str(int(uid)) if owner == "UNKNOWN" else owner,
            "group": str(int(gid)) if group == "UNKNOWN" else group,
            "mode": f"{stat.S_IMODE(mode):04o}",
            "kind": kind,
        },
    )


def _seen(key: _Key, path: str, entry: _Entry, listing: _Listing) -> Observation:
    """The attribute of one file; with a list of others, its mode is not all there is to know."""
    if key.attribute == "mode" and path in listing.others:
        return Unreadable(Unread.NOT_ANSWERED, f"{path}: an access list gives rights to others")
    return Observed(entry.attributes[key.attribute])


def _observation(key: _Key, found: Mapping[str, _Listing]) -> Observation:
    listing = found[key.pattern]
    fitting = {
        path: entry
        for path, entry in listing.entries.items()
        if matches(path, key.pattern) and key.kind in {"any", entry.kind}
    }
    if has_wildcards(key.pattern):
        items = {path: _seen(key, path, one, listing) for path, one in fitting.items()}
        complete = listing.whole and listing.end == "complete"
        return Instances(complete=complete, items=dict(sorted(items.items())))
    if fitting:
        return _seen(key, key.pattern, fitting[key.pattern], listing)
    if listing.end == "denied":
        return Unreadable(Unread.DENIED)
    if listing.end == "failed" or not listing.whole:
        return Unreadable(Unread.FAILED)
    return Absent()  # nothing of this name, or nothing of this kind
