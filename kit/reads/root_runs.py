"""What root runs or takes for granted, and who besides root may change it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Final

from kit.model.observation import Observation, Observed
from kit.model.read import Form, Raw, Read, Script
from kit.reads.counted_lines import END, counted

CHANGEABLE: Final = "changeable"

# First what is run: units of systemd and lines of cron that are root's, and what is read in at each
# start of a program, a session or a task. Then, for each file, every folder on the way to it: who
# may write to one of them may put another file in its place.
_LOOK: Final = r"""
for program in awk cat getent grep head id readlink sort stat tr xargs; do
    command -v "$program" >/dev/null || exit 127
done
[ "$(id -u)" = 0 ] || exit 126
tab=$(printf '\t')
files() { for one in "$@"; do [ ! -f "$one" ] || printf '%s\n' "$one"; done; }
for folder in /etc /run /usr/local/lib /usr/lib; do
    files "$folder"/systemd/system/*.service "$folder"/systemd/system/*.service.d/*.conf
done >units
files /etc/crontab /etc/cron.d/* /var/spool/cron/crontabs/root >tables
{
    cat units tables
    files /etc/systemd/system/*.timer /etc/systemd/system/*.path /etc/systemd/system/*.socket \
        /etc/cron.hourly/* /etc/cron.daily/* /etc/cron.weekly/* /etc/cron.monthly/* \
        /etc/anacrontab /etc/rc.local /etc/init.d/* /etc/environment /etc/profile /etc/profile.d/* \
        /etc/bash.bashrc /root/.bashrc /root/.bash_profile /root/.profile /etc/ld.so.preload \
        /etc/ld.so.conf /etc/ld.so.conf.d/* /etc/pam.d/* /etc/udev/rules.d/* \
        /etc/NetworkManager/dispatcher.d/* /etc/apt/sources.list /etc/apt/sources.list.d/* \
        /etc/apt/apt.conf.d/* /etc/apt/trusted.gpg.d/* /etc/apt/keyrings/*
    printf '%s\n' /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin
} >kept
set -f
newline='
'
IFS=$newline
# shellcheck disable=SC2046 # a line a file
set -- $(cat units)
[ $# -eq 0 ] || awk '
    function unit(path, count, parts) {
        count = split(path, parts, "/")
        if (path ~ /\.conf$/) { sub(/\.d$/, "", parts[count - 1]); return parts[count - 1] }
        return parts[count]
    }
    FNR == 1 { held = ""; name = unit(FILENAME) }
    { gsub(/\t|\r/, " "); text = held $0 }
    text ~ /\\$/ { held = substr(text, 1, length(text) - 1) " "; next }
    { held = "" }
    text ~ /^ *User *=/ {
        sub(/^[^=]*= */, "", text)
        if (text !~ /^(root|0)? *$/) other[name] = 1
        next
    }
    text ~ /^ *DynamicUser *= *(1|on|true|yes)/ { other[name] = 1; next }
    text ~ /^ *Exec[A-Za-z]* *=/ {
        sub(/^[^=]*= */, "", text)
        free = text ~ /^[-@:]*[+!]/
        sub(/^[-@:+!]+/, "", text)
        lines[++count] = name "\t" free "\t" FILENAME "\t" text
    }
    END {
        for (one = 1; one <= count; one++) {
            split(lines[one], part, "\t")
            if (part[2] == 1 || !(part[1] in other)) print part[3] "\t" part[4]
        }
    }' "$@" >lines || exit 1
[ $# -gt 0 ] || : >lines
# shellcheck disable=SC2046 # a line a file
set -- $(cat tables)
[ $# -eq 0 ] || awk '
    { gsub(/\t|\r/, " "); sub(/^ +/, "") }
    /^(#|$)/ || /^[A-Za-z_]+ *=/ { next }
    {
        whole = FILENAME ~ /^\/var\/spool\//
        from = (/^@/ ? 2 : 6) + (whole ? 0 : 1)
        if (!whole && $(from - 1) != "root") next
        text = ""
        for (at = from; at <= NF; at++) text = text " " $at
        sub(/^ /, "", text)
        print FILENAME "\t" text
    }' "$@" >>lines || exit 1
set +f
unset IFS
# The program itself, and what it is handed that is whole paths.
awk -F '\t' '
    {
        text = $2
        gsub(/["\047;&|()<>`=]/, " ", text)
        count = split(text, words, / +/)
        first = 1
        for (one = 1; one <= count; one++) {
            if (words[one] == "") continue
            if (words[one] ~ /^\/[^%$*?{}\\]*$/)
                print $1 "\t" (first ? "run" : "word") "\t" words[one]
            first = 0
        }
    }' lines | sort -u >runs
[ ! -f /etc/ld.so.preload ] || tr ' :\t' '\n\n\n' </etc/ld.so.preload |
    awk '/^\// { print "/etc/ld.so.preload\trun\t" $0 }' >>runs
awk '{ print $0 "\tkept\t" $0 }' kept >>runs
# Where a link leads.
awk -F '\t' '{ print $3 }' runs | sort -u >paths
: >ends
while IFS= read -r path; do
    way=$path
    while [ -n "$way" ]; do
        case $way in /bin | /sbin | /lib | /lib64) break ;; esac
        if [ -h "$way" ]; then
            end=$(readlink -f -- "$path") || end=
            [ -z "$end" ] || printf '%s\t%s\n' "$path" "$end" >>ends
            break
        fi
        way=${way%/*}
    done
done <paths
{ cat paths; awk -F '\t' '{ print $2 }' ends; } | awk '
    {
        path = $0
        while (path != "" && !seen[path]++) { print path; sub(/\/[^\/]*$/, "", path) }
    }' >ways
form="%a${tab}%u${tab}%g${tab}%U${tab}%G${tab}%F${tab}%n"
tr '\n' '\0' <ways | xargs -0 -r stat -L -c "$form" -- >seen 2>/dev/null
[ -s seen ] || exit 1
# Groups somebody but root is in.
getent passwd >accounts || exit 1
getent group >groups || exit 1
awk -F: 'FILENAME == "accounts" { if ($3 != 0) print $4; next }
    $4 != "" && $4 != "root" { print $3 }' accounts groups >members || exit 1
awk -F '\t' '
    FILENAME == "members" { filled[$1] = 1; next }
    FILENAME == "seen" {
        there[$7] = 1
        plain[$7] = $6 ~ /^regular/
        mode = $1
        others = substr(mode, length(mode)) ~ /[2367]/
        group = substr(mode, length(mode) - 1, 1) ~ /[2367]/
        can[$7] = mode ~ /[1357]/
        sticky = $6 == "directory" && mode ~ /^[1357].../
        if (sticky && others) common[$7] = "mode " mode
        if ($2 != 0) bad[$7] = "owner " $4
        else if (others && !sticky) bad[$7] = "mode " mode
        else if (group && !sticky && $3 != 0 && $3 in filled) bad[$7] = "group " $5
        next
    }
    FILENAME == "ends" { end[$1] = $2; next }
    {
        # Of words that go with a program, programs and scripts count; data may be whose it is.
        if ($2 == "word" && !(plain[$3] && (can[$3] || $3 ~ /\.(bash|php|pl|py|rb|sh)$/))) next
        # What is not there yet, whoever may write to its folder can put there.
        path = $3
        if (!(path in there)) {
            while (path != "" && !(path in there)) sub(/\/[^\/]*$/, "", path)
            if ($2 == "run" && path in common) print "changeable\t" $1 "\t" path "\t" common[path]
        }
        for (turn = 1; turn <= 2; turn++) {
            path = turn == 1 ? $3 : end[$3]
            while (path != "") {
                if (path in bad) {
                    print "changeable\t" $1 "\t" path "\t" bad[path]
                    turn = 2
                    break
                }
                sub(/\/[^\/]*$/, "", path)
            }
        }
    }' members seen ends runs | sort -u >bad || exit 1
{
    head -n 100 bad
    echo looked
} >all || exit
"""


class RootRuns(Read):
    """``changeable``: Observed, sorted, what root runs and somebody else may change.

    ``WHERE: PATH, WHY``: ``WHERE`` names it (a unit of systemd that is root's, a table of cron, or
    the file itself where root, or every program, reads it in at its start); ``PATH`` is the file,
    or a folder on the way to it; ``WHY`` its owner, its mode, or a group that has members. Of the
    words a program is given, programs and scripts count. What a script starts is not followed, nor
    is what a shell works out (``$HOME``, ``*``). At most 100.
    """

    id: ClassVar[str] = "root_runs"

    def command(self, keys: frozenset[str], form: Form) -> Script:
        """Raises ``ValueError`` for anything but the one key."""
        if not keys <= {CHANGEABLE}:
            raise ValueError("root_runs has one key")
        return Script(form, f"{_LOOK}{END}")

    def people(self, raw: Raw) -> frozenset[str]:
        """Owners."""
        lines = (line.split("\t") for line in raw.text.splitlines())
        why = [line[3] for line in lines if line[0] == "changeable" and len(line) == 4]
        return frozenset(one.removeprefix("owner ") for one in why if one.startswith("owner "))

    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        *lines, end = list(counted(raw.text)) or [""]
        if end != "looked":
            raise ValueError("the answer has no end")
        return dict.fromkeys(keys, Observed(tuple(sorted(set(_found(lines))))))


def _found(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        mark, *fields = line.split("\t")
        if mark != "changeable" or len(fields) != 3:
            raise ValueError(f"not a line about what root runs: {line[:80]!r}")
        where, path, why = fields
        yield f"{path}, {why}" if where == path else f"{where}: {path}, {why}"
