"""Files that give whoever starts them another's rights: setuid, setgid, file capabilities."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import ClassVar, Final

from kit.model.observation import Observation, Observed, Unread, Unreadable
from kit.model.read import Form, Raw, Read, Script
from kit.reads.counted_lines import END, counted
from kit.reads.file_paths import checked_path
from kit.reads.privileged_known import BITS, CAPABILITIES, HARMLESS

_KEY: Final = re.compile(r"(bits|capabilities) (/.*)\Z")

# One walk of each local file system that holds, or is mounted below, the folder. Folders that only
# root may enter are left out: what is in them, nobody else can start. What goes away while it is
# walked makes no difference, where find can be told so.
_LOOK: Final = r"""
for program in awk cat find grep head id md5sum sort stat tr xargs; do
    command -v "$program" >/dev/null || exit 127
done
[ "$(id -u)" = 0 ] || exit 126
[ -d /var/lib/dpkg/info ] || { echo 'no dpkg here' >&2; exit 127; }
tab=$(printf '\t')
race=
find /proc -maxdepth 0 -ignore_readdir_race >/dev/null 2>&1 && race=-ignore_readdir_race
points() {
    under=$1 awk '
        BEGIN {
            under = ENVIRON["under"]
            count = split("bcachefs btrfs ext2 ext3 ext4 f2fs jfs nilfs2 overlay reiserfs tmpfs " \
                "xfs zfs", names, " ")
            for (one = 1; one <= count; one++) local[names[one]] = 1
            below = under == "/" ? "/" : under "/"
        }
        {
            for (at = 7; at <= NF && $at != "-"; at++) continue
            if (!($5 in kind)) order[++known] = $5
            kind[$5] = $(at + 1)
            free[$5] = "," $6 "," !~ /,nosuid,/
            same[$5] = $3 " " $4
            # Where a user has mounted something, root may not even look.
            if ($(at + 1) ~ /^fuse/) print "fuse\t" $5
        }
        END {
            for (one = 1; one <= known; one++) {
                point = order[one]
                start = point == "/" ? "/" : point "/"
                if (index(below, start) == 1 && length(point) >= length(on)) on = point
            }
            if (on == "" || !(kind[on] in local)) print "odd\t" kind[on]
            else if (free[on]) print "walk\t" under
            else print "nosuid\t" under
            done[same[on]] = on == under
            for (one = 1; one <= known; one++) {
                point = order[one]
                if (point == on || index(point, below) != 1) continue
                if (point ~ /^\/(dev|proc|sys|run)(\/|$)/ || !(kind[point] in local)) continue
                if (!free[point] || done[same[point]]) continue
                done[same[point]] = 1
                print "walk\t" point
            }
        }' /proc/self/mountinfo
}
closed() { # FOLDER: whether a folder on the way to it lets in root alone
    way=$1
    while way=${way%/*} && [ -n "$way" ]; do
        case $(stat -c '%u:%g:%a' -- "$way") in
        0:0:*[02468ace][02468ace] | 0:0:*[0246][0246]) return 0 ;;
        0:0:*0) [ "$way" != /var/lib/docker ] || return 0 ;;
        esac
    done
    return 1
}
look() { # UNDER
    [ -e "$1" ] || return 0
    points "$1" >points || exit 1
    if grep '^odd' points; then return; fi
    : >why
    : >caps
    # As the kernel tells them, a mount point with a blank has an escape in its name.
    grep -q '^walk.*\\' points && { echo 'a mount point of an odd name' >&2; exit 1; }
    while IFS=$tab read -r what point; do
        [ "$what" = walk ] || continue
        ! closed "$point" || continue
        set -- "$point" $race -xdev \
            '(' -type d ! -path "$point" -user 0 -group 0 ! -perm -001 \
            '(' ! -perm -010 -o -path /var/lib/docker ')' -prune ')' -o \
            -type f '(' -perm -100 -o -perm -010 -o -perm -001 ')' \
            '(' ! '(' -perm -4000 -o -perm -2000 ')' -o -print ')'
        # shellcheck disable=SC2016 # for the shell of find
        ! command -v getcap >/dev/null ||
            set -- "$@" -exec sh -c 'getcap "$@" >>"$0"' "$PWD/caps" '{}' +
        find "$@" </dev/null 2>>why || [ -s why ] || echo 'find failed' >>why
    done <points >names
    # A name of several lines is none that stat finds, and the walk then not whole.
    head -n 100 names | tr '\n' '\0' | xargs -0 -r \
        stat -c "bits${tab}%a${tab}%U${tab}%G${tab}%n" -- >bits 2>>why
    awk -F '\t' '$1 == "fuse" { print "find: \047" $2 "\047: Permission denied"
        print "find: " $2 ": Permission denied" }' points >spared
    grep -v -x -F -f spared why >unseen
    if [ -s unseen ]; then
        head -n 1 unseen >&2
        echo incomplete
    elif [ "$(grep -c '' names)" -gt 100 ] || [ "$(grep -c '' caps)" -gt 100 ]; then
        echo 'too many to look at' >&2
        echo incomplete
    fi
    command -v getcap >/dev/null || echo nocaps
    awk '{ print "caps\t" $0 }' caps >told
    cat bits
    head -n 100 told
    # Who has brought them, by the name the package knows; whether they are still what it brought.
    awk -F '\t' '
        $1 == "bits" { path = $5 }
        $1 == "caps" { path = $2; sub(/ (= )?[^ ]*$/, "", path) }
        { print path; if (sub(/^\/usr\//, "/", path)) print path }' bits told | sort -u >paths
    [ -s paths ] || return
    grep -x -F -f paths /var/lib/dpkg/info/*.list /dev/null >brought || [ $? -eq 1 ] || exit 1
    awk '{ sub(/^\/var\/lib\/dpkg\/info\//, ""); at = index($0, ".list:")
        print "brought\t" substr($0, 1, at - 1) "\t" substr($0, at + 6) }' brought
    awk -F '[/:]' '{ sub(/\.list$/, "", $6); print $6 }' brought | sort -u >packages
    while IFS= read -r package; do
        [ ! -f "/var/lib/dpkg/info/$package.md5sums" ] ||
            cat "/var/lib/dpkg/info/$package.md5sums"
    done <packages | awk '
        FILENAME == "paths" { wanted[substr($0, 2)] = 1; next }
        { path = $0; sub(/^[^ ]+ +/, "", path); if (path in wanted) print }' paths - >sums
    [ ! -s sums ] || (sums=$PWD/sums && cd / && md5sum -c "$sums" 2>/dev/null) |
        awk '/: FAILED$/ { sub(/: FAILED$/, ""); print "changed\t/" $0 }'
}
"""


class PrivilegedFiles(Read):
    """``bits FOLDER`` and ``capabilities FOLDER``: Observed, sorted, what is not known there.

    Bits: ``PATH setuid OWNER`` and ``PATH setgid GROUP`` of programs that are on no list of what
    Debian and Ubuntu ship so (``kit/reads/privileged_known.py``), that no package brought, or that
    are not what the package brought any more (``..., changed``). Capabilities: ``PATH cap_...`` of
    programs no package brought, and of others where a capability gives more than its harmless ones.

    Local file systems that are mounted at or below the folder without ``nosuid`` are walked; those
    of the network, images (squashfs) and folders only root may enter are not. A walk that was not
    whole is Unreadable where it found nothing, and so are capabilities without ``getcap``.
    Of more than 100 programs of a kind, known or not, the first 100 are looked at, and the walk is
    then not whole.
    """

    id: ClassVar[str] = "privileged_files"
    time_limit: ClassVar[int] = 100  # a post with a turning disk has half a million files to seek

    def command(self, keys: frozenset[str], form: Form) -> Script:
        """One walk a folder; raises ``ValueError`` for what is no key."""
        folders = sorted({_parsed(key)[1] for key in keys})
        calls = "".join(
            f"printf 'folder\\t%s\\n' {shlex.quote(one)}\nlook {shlex.quote(one)}\n"
            for one in folders
        )
        return Script(form, f"{_LOOK}{{\n{calls}echo looked\n}} >all || exit\n{END}")

    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        *lines, end = [line.split("\t") for line in counted(raw.text)] or [[""]]
        if end != ["looked"]:
            raise ValueError("the answer has no end")
        folders: dict[str, list[list[str]]] = {}
        current: list[list[str]] = []
        for line in lines:
            if line[0] == "folder" and len(line) == 2:
                current = folders.setdefault(line[1], [])
            elif not folders or len(line) != _FIELDS.get(line[0]):
                raise ValueError(f"not a line about files: {line[0][:80]!r}")
            else:
                current.append(line)
        said = raw.stderr.decode("utf-8", "replace").strip()[:400]
        return {key: _observation(folders[folder], what, said) for key, what, folder in _each(keys)}


_FIELDS: Final = {"bits": 5, "brought": 3, "caps": 2, "changed": 2, "incomplete": 1, "nocaps": 1,
                  "odd": 2}  # fmt: skip


def _parsed(key: str) -> tuple[str, str]:
    found = _KEY.match(key)
    if found is None:
        raise ValueError(f"not a key of privileged_files: {key[:80]!r}")
    return found[1], found[2] if found[2] == "/" else checked_path(found[2])


def _each(keys: frozenset[str]) -> Iterator[tuple[str, str, str]]:
    return ((key, *_parsed(key)) for key in sorted(keys))


def _observation(lines: Sequence[Sequence[str]], what: str, said: str) -> Observation:
    marks = {line[0] for line in lines}
    if "odd" in marks:
        return Unreadable(Unread.NOT_ANSWERED, "not on a local file system")
    if what == "capabilities" and "nocaps" in marks:
        return Unreadable(Unread.MISSING_BINARY, "getcap")
    brought = {line[2] for line in lines if line[0] == "brought"}
    changed = {_short(line[1]) for line in lines if line[0] == "changed"}
    look = _bits if what == "bits" else _capabilities
    found = tuple(sorted(set(look(lines, {_short(one) for one in brought}, changed))))
    if not found and "incomplete" in marks:
        return Unreadable(Unread.FAILED, said)
    return Observed(found)


def _short(path: str) -> str:
    """One name for what stands in ``/bin`` and ``/usr/bin`` alike; ``/usr/libexec`` has no twin."""
    return re.sub(r"^/usr/(?=(?:s?bin|lib(?:32|64|x32)?)/)", "/", path)


def _bits(lines: Sequence[Sequence[str]], brought: set[str], changed: set[str]) -> Iterator[str]:
    for _mark, mode, owner, group, path in (line for line in lines if line[0] == "bits"):
        bits = int(mode, 8)
        for bit, shown in ((0o4000, f"setuid {owner}"), (0o2000, f"setgid {group}")):
            if not bits & bit:
                continue
            short = _short(path)
            if short in changed:
                yield f"{path} {shown}, changed"
            elif short not in brought or not _is_known(short, shown):
                yield f"{path} {shown}"


def _is_known(path: str, shown: str) -> bool:
    return any(fnmatchcase(path, one) and shown in bits for one, bits in BITS.items())


def _capabilities(
    lines: Sequence[Sequence[str]], brought: set[str], changed: set[str]
) -> Iterator[str]:
    for _mark, text in (line for line in lines if line[0] == "caps"):
        found = re.match(r"(/.*?) (?:= )?((?:cap_[a-z0-9_,]+)?[=+-][eip+-]*(?: .*)?)\Z", text)
        if found is None:
            raise ValueError(f"not a file with capabilities: {text[:80]!r}")
        path, said = found[1], found[2]
        given = set(re.findall(r"cap_[a-z0-9_]+", said))
        allowed = HARMLESS | CAPABILITIES.get(_name(path), frozenset())
        short = _short(path)
        if short in changed:
            yield f"{path} {said}, changed"
        elif short not in brought or not given or not given <= allowed:
            yield f"{path} {said}"


def _name(path: str) -> str:
    return path.rpartition("/")[2]
