"""What opens a session when the device starts, without asking anybody for anything."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

from kit.model.observation import Observation, Observed
from kit.model.read import Form, Raw, Read, Script
from kit.reads.counted_lines import END, counted

EVERY: Final = "every"

# The files of each log-in screen in the order it reads them; those of one that is not installed say
# nothing. Of units, the commands that ask for a name on a terminal.
_LOOK: Final = r"""
for program in awk cat grep id; do command -v "$program" >/dev/null || exit 127; done
[ "$(id -u)" = 0 ] || exit 126
text() { # KIND FILE
    [ -f "$2" ] || return 0
    [ -r "$2" ] || { echo "$2" >&2; exit 126; }
    printf 'file\t%s\t%s\n' "$1" "$2"
    awk '{ gsub(/\r$/, ""); if ($0 !~ /^[ \t]*([#;]|$)/) print "line\t" $0 }' "$2" || exit 1
}
texts() { # KIND FILE...
    kind=$1
    shift
    for file in "$@"; do text "$kind" "$file"; done
}
installed() {
    for one in "$@"; do ! command -v "$one" >/dev/null || return 0; done
    return 1
}
units() {
    for folder in /etc /run /usr/local/lib /usr/lib /lib; do
        folder=$folder/systemd/system
        for unit in "$folder"/*.service "$folder"/*service.d/*.conf; do
            [ ! -f "$unit" ] || printf '%s\n' "$unit"
        done
        for unit in "$folder"/*.wants/debug-shell.service; do
            [ ! -e "$unit" ] || printf 'debug\t%s\n' "$unit" >>debugs
        done
    done
}
: >debugs
units >unit_files
{
    ! installed gdm3 gdm ||
        texts gdm /etc/gdm3/daemon.conf /etc/gdm3/custom.conf /etc/gdm/custom.conf \
            /run/gdm3/custom.conf /run/gdm/custom.conf
    ! installed lightdm ||
        texts lightdm /usr/local/share/lightdm/lightdm.conf.d/*.conf \
            /usr/share/lightdm/lightdm.conf.d/*.conf /etc/xdg/lightdm/lightdm.conf.d/*.conf \
            /etc/lightdm/lightdm.conf.d/*.conf /etc/lightdm/lightdm.conf
    ! installed sddm ||
        texts sddm /usr/lib/sddm/sddm.conf.d/* /etc/sddm.conf.d/* /etc/sddm.conf
    ! installed lxdm ||
        texts lxdm /etc/lxdm/lxdm.conf /etc/lxdm/default.conf
    ! installed slim ||
        texts slim /etc/slim.conf
    ! installed nodm ||
        texts nodm /etc/default/nodm
    ! installed greetd ||
        texts greetd /etc/greetd/config.toml
    set -f
    # shellcheck disable=SC2046 # a line a file
    set -- $(cat unit_files)
    set +f
    # A line that goes on in the next is one line.
    [ $# -eq 0 ] || awk '
        FNR == 1 { held = "" }
        { sub(/\r$/, "") }
        { text = held $0 }
        text ~ /\\$/ { held = substr(text, 1, length(text) - 1) " "; next }
        { held = "" }
        text ~ /^[ \t]*ExecStart[ \t]*=.*(getty|login)/ {
            gsub(/\t/, " ", text); print "unit\t" FILENAME "\t" text
        }' "$@" || exit 1
    cat debugs
    printf 'boot\t%s\n' "$(tr '\t\n' '  ' </proc/cmdline)"
} >all || exit
"""
_TRUE: Final = frozenset({"1", "on", "true", "yes"})
_FALSE: Final = frozenset({"0", "no", "false", "off", "n", "f"})
# agetty takes any beginning of a long option that is the only one so; -n asks for no name, and what
# it hands to login may be -f, "already asked".
_AUTOLOGIN: Final = re.compile(r"\s(?:--a[a-z]*|-[A-Za-z0-9]*a)(?:\s*=?\s*)([^\s=]*)")
_ASKED_ALREADY: Final = re.compile(r"""[\s"'](?:-[A-Za-z]*f)(?:\s|["']|\Z)""")
_SKIPS: Final = re.compile(r"\s(?:--skip[a-z-]*|-[A-Za-z0-9]*n[A-Za-z0-9]*)(?:\s|\Z)")
_LOGIN: Final = re.compile(r"=\s*[-@:+!]*\S*/login\s")


@dataclass
class _File:
    kind: str
    path: str
    lines: list[str] = field(default_factory=list)


class AutomaticLogins(Read):
    """Log-in screens and terminals that open a session by themselves. One key, ``every``.

    Observed, sorted: ``FILE: OPTION NAME`` for GDM (``AutomaticLogin``, ``TimedLogin``), LightDM,
    SDDM, LXDM, SLiM, nodm and greetd, where they are installed; ``FILE: --autologin NAME`` for a
    unit of systemd that starts a terminal so; ``debug-shell.service`` where a boot starts it.
    A drop-in that takes such a command back is not followed: it counts all the same.
    """

    id: ClassVar[str] = "automatic_logins"

    def command(self, keys: frozenset[str], form: Form) -> Script:
        """Raises ``ValueError`` for anything but the one key."""
        if not keys <= {EVERY}:
            raise ValueError("automatic_logins has one key")
        return Script(form, f"{_LOOK}{END}")

    def people(self, raw: Raw) -> frozenset[str]:
        """The accounts that are opened."""
        try:
            found = _found(list(counted(raw.text)))
        except ValueError:
            return frozenset()
        names = {one.rpartition(" ")[2] for one in found}
        return frozenset(name for name in names if re.fullmatch(r"[a-z_][a-z0-9_-]*", name))

    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        found = tuple(sorted(set(_found(list(counted(raw.text))))))
        return dict.fromkeys(keys, Observed(found))


def _found(lines: Sequence[str]) -> list[str]:
    files: list[_File] = []
    units: list[tuple[str, str]] = []
    found: list[str] = []
    booted = False
    for line in lines:
        mark, *fields = line.split("\t", 2)
        if mark == "file" and len(fields) == 2:
            files.append(_File(fields[0], fields[1]))
        elif mark == "line" and fields and files:
            files[-1].lines.append("\t".join(fields))
        elif mark == "unit" and len(fields) == 2:
            units.append((fields[0], fields[1]))
        elif mark == "debug" and len(fields) == 1:
            found.append(f"{fields[0]}: debug-shell.service")
        elif mark == "boot" and len(fields) == 1:
            booted = True
            found += _booted(fields[0])
        else:
            raise ValueError(f"not a line about automatic log-ins: {line[:80]!r}")
    if not booted:
        raise ValueError("the options of the boot are not told")
    for kind, look in _LOOKS.items():
        found += look([one for one in files if one.kind == kind])
    found += [shown for path, text in units if (shown := _terminal(path, text))]
    return found


def _booted(words: str) -> Iterator[str]:
    for word in words.split():
        name, _equals, value = word.replace("-", "_").partition("=")
        if name == "systemd.debug_shell" and value.lower() not in _FALSE:
            yield "/proc/cmdline: debug-shell.service"


def _terminal(path: str, text: str) -> str:
    command = text.partition("=")[2]
    given = _AUTOLOGIN.search(command) if "getty" in command else None
    if given is not None:
        return f"{path}: --autologin {given[1]}".rstrip()
    asked = _ASKED_ALREADY.search(command)
    if asked and (_LOGIN.search(text) or ("getty" in command and _SKIPS.search(command))):
        return f"{path}: login -f"
    return ""


def _options(one: _File) -> Iterator[tuple[str, str, str]]:
    """Section, option and value of each line, both names in lower case."""
    section = ""
    for line in one.lines:
        text = line.strip()
        if text.startswith("[") and text.endswith("]"):
            section = text[1:-1].strip().lower()
            continue
        name, _equals, value = text.partition("=")
        yield section, name.strip().lower(), value.strip().strip("\"'")


def _gdm(files: Sequence[_File]) -> Iterator[str]:
    """Of each file by itself: which one GDM reads is the distribution's choice."""
    for one in files:
        last = {name: value for section, name, value in _options(one) if section == "daemon"}
        for option in ("AutomaticLogin", "TimedLogin"):
            if last.get(f"{option.lower()}enable", "").lower() in _TRUE:
                name = last.get(option.lower(), "")
                yield f"{one.path}: {option} {name}".rstrip()


def _last(files: Sequence[_File]) -> dict[tuple[str, str], tuple[str, str]]:
    """Section and option -> the value that is read last, and where."""
    return {
        (section, name): (value, one.path)
        for one in files
        for section, name, value in _options(one)
    }


def _lightdm(files: Sequence[_File]) -> Iterator[str]:
    for (section, name), (value, path) in _last(files).items():
        if section.startswith("seat"):
            if name == "autologin-user" and value:
                yield f"{path}: autologin-user {value}"
            if name == "autologin-guest" and value.lower() in _TRUE:
                yield f"{path}: autologin-guest"


def _sddm(files: Sequence[_File]) -> Iterator[str]:
    value, path = _last(files).get(("autologin", "user"), ("", ""))
    if value:
        yield f"{path}: User {value}"


def _lxdm(files: Sequence[_File]) -> Iterator[str]:
    for one in files:
        for section, name, value in _options(one):
            if (section, name) == ("base", "autologin") and value:
                yield f"{one.path}: autologin {value}"


def _slim(files: Sequence[_File]) -> Iterator[str]:
    for one in files:
        last = {line.split()[0].lower(): line.split()[1:] for line in one.lines if line.split()}
        if [word.lower() for word in last.get("auto_login", ())] == ["yes"]:
            yield f"{one.path}: auto_login {' '.join(last.get('default_user', ()))}".rstrip()


def _nodm(files: Sequence[_File]) -> Iterator[str]:
    """It does nothing else: installed and not switched off, it opens a session."""
    for one in files:
        last = {name: value for _section, name, value in _options(one)}
        if last.get("nodm_enabled", "").lower() not in {"", *_FALSE}:
            yield f"{one.path}: NODM_USER {last.get('nodm_user', '')}".rstrip()


def _greetd(files: Sequence[_File]) -> Iterator[str]:
    for one in files:
        last = {
            name: value for section, name, value in _options(one) if section == "initial_session"
        }
        if last:
            yield f"{one.path}: initial_session {last.get('user', '')}".rstrip()


_LOOKS: Final = {
    "gdm": _gdm,
    "greetd": _greetd,
    "lightdm": _lightdm,
    "lxdm": _lxdm,
    "nodm": _nodm,
    "sddm": _sddm,
    "slim": _slim,
}
