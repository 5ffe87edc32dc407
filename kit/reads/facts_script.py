"""The fragments that look for each fact, in the form of ``marked_lines``.

Each says ``absent`` or ``no`` only after it has seen that it could look: the folder is there and
can be searched, the pseudo file system is mounted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kit.model.facts import Fact
from kit.reads.browser_policies import (
    CHROME_PROGRAMS,
    CONFINED_CHROME,
    CONFINED_CHROMIUM,
    CONFINED_FIREFOX,
)

START: Final = """\
for program in cat sed uname od; do
    command -v "$program" >/dev/null || exit 127
done
# content KEY FILE: the file, or why not. Its folder must be there for "absent".
content() {
    if text=$(cat "$2" 2>/dev/null); then value "$1" "$text"
    elif [ ! -e "$2" ] && [ -x "${2%/*}" ]; then absent "$1"
    elif [ ! -r "$2" ]; then denied "$1"
    else failed "$1" "$2 cannot be read"
    fi
}
# variable KEY FILE: the bytes of an EFI variable as decimal numbers.
variable() {
    if [ ! -e "$2" ]; then absent "$1"
    elif text=$(od -A n -t u1 "$2" 2>/dev/null); then value "$1" "$text"
    elif [ ! -r "$2" ]; then denied "$1"
    else failed "$1" "$2 cannot be read"
    fi
}
# installed KEY PROGRAM...: yes if one of them is there, no if it could be seen that none is.
installed() {
    key=$1 found=no
    shift
    for program in "$@"; do
        folder=${program%/*}
        if [ -e "$program" ]; then found=yes
        elif [ -e "$folder" ] && [ ! -x "$folder" ] && [ "$found" = no ]; then found=hidden
        fi
        [ "$found" != yes ] || break
    done
    if [ "$found" = hidden ]; then denied "$key"; else value "$key" "$found"; fi
}
has_sysfs() { [ -d /sys/class/net ] && [ -x /sys/class ]; }
# Prints yes or no; fails when it cannot tell. That there is no trace of a container is no proof.
contained() {
    for trace in /run/systemd/container /run/.containerenv /.dockerenv; do
        if [ -e "$trace" ]; then echo yes; return; fi
    done
    case $(systemd-detect-virt --container 2>/dev/null) in
    '') return 1 ;;
    none) echo no ;;
    *) echo yes ;;
    esac
}
"""

_OS_RELEASE: Final = """\
release=/etc/os-release
[ -e "$release" ] || release=/usr/lib/os-release
for name in __NAMES__; do
    if text=$(sed -n "s/^$name=//p" "$release" 2>/dev/null); then
        case $text in
        '') absent "__KEY__:$name" ;;
        *) value "__KEY__:$name" "${text##*"$newline"}" ;;
        esac
    elif [ -e "$release" ] && [ ! -r "$release" ]; then denied "__KEY__:$name"
    else failed "__KEY__:$name" 'there is no os-release file'
    fi
done
"""

_DESKTOP: Final = """\
desktop=no
closed=
manager=/etc/systemd/system/display-manager.service
if [ -e "$manager" ] && [ -s "$manager" ]; then desktop=yes; fi
for folder in "${manager%/*}" /usr/share /usr/local/share; do
    if [ -e "$folder" ] && [ ! -x "$folder" ]; then closed=$folder; fi
    for sessions in "$folder/xsessions" "$folder/wayland-sessions"; do
        if [ -r "$sessions" ] && [ -x "$sessions" ]; then :
        elif [ -e "$sessions" ]; then closed=$sessions
        fi
        for session in "$sessions"/*.desktop; do
            if [ -e "$session" ]; then desktop=yes; fi
        done
    done
done
if [ "$desktop" = no ] && [ -n "$closed" ]; then denied desktop; else value desktop "$desktop"; fi
"""

_FIRMWARE: Final = """\
if ! has_sysfs; then failed __KEY__ '/sys is not mounted'
elif [ -e /sys/class/dmi/id ]; then content __KEY__ /sys/class/dmi/id/__DMI__
elif [ -e /proc/device-tree ]; then content __KEY__ /proc/device-tree/__TREE__
else absent __KEY__
fi
"""

_TPM: Final = """\
tpm=none
for folder in /sys/class/tpm/tpm[0-9]*; do
    if [ -e "$folder" ]; then tpm=$folder; break; fi
done
announced=
for table in TPM2 TCPA; do
    if [ -e "/sys/firmware/acpi/tables/$table" ]; then announced=$table; fi
done
if ! has_sysfs; then failed tpm '/sys is not mounted'
elif [ "$tpm" != none ]; then
    if text=$(cat "$tpm/tpm_version_major" 2>/dev/null); then value tpm "$text"
    else failed tpm 'the kernel does not tell the version of the TPM'
    fi
elif [ -n "$announced" ]; then failed tpm 'the firmware announces one, the kernel shows none'
else value tpm none
fi
"""

_SECURE_BOOT: Final = """\
variables=/sys/firmware/efi/efivars
some=
for variable in "$variables"/*; do
    if [ -e "$variable" ]; then some=yes; break; fi
done
if ! has_sysfs || [ ! -d /sys/firmware ]; then failed secure_boot '/sys is not mounted'
elif [ ! -e /sys/firmware/efi ]; then
    if [ "$(contained)" = no ]; then absent secure_boot
    else failed secure_boot 'a container may not see the firmware'
    fi
elif [ -z "$some" ]; then failed secure_boot 'the EFI variables are not shown'
else
    variable secure_boot "$variables/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
    variable secure_boot:shim "$variables/MokSBStateRT-605dab50-e046-4300-abb6-3dd810dd8b23"
fi
"""

# The disk below the root file system: through partitions, LUKS, LVM and mirrors, by the links of
# the kernel. What lies on several disks has no one size: not known.
_STORAGE: Final = """\
sectors_of() {
    if text=$(cat "/sys/class/block/$1/size" 2>/dev/null); then
        case $text in
        '' | 0 | *[!0-9]*) return 1 ;;
        *) printf '%s' "$text" ;;
        esac
    else return 1
    fi
}
# disk_of NAME DEPTH: the one disk that holds a block device; of a mirror its smallest.
disk_of() (
    block=/sys/class/block/$1
    if [ "$2" -le 0 ] || [ ! -e "$block/size" ]; then exit 1; fi
    if [ -e "$block/partition" ]; then
        parent=$(cd -P "$block/.." 2>/dev/null && pwd -P) || exit 1
        disk_of "${parent##*/}" "$(($2 - 1))"
        exit
    fi
    mirror=
    if [ "$(cat "$block/md/level" 2>/dev/null)" = raid1 ]; then mirror=yes; fi
    chosen=
    for slave in "$block"/slaves/*; do
        if [ ! -e "$slave" ]; then continue; fi
        disk=$(disk_of "${slave##*/}" "$(($2 - 1))") || exit 1
        if [ -z "$chosen" ] || [ "$disk" = "$chosen" ]; then chosen=$disk
        elif [ -z "$mirror" ]; then exit 1
        else
            size=$(sectors_of "$disk") && least=$(sectors_of "$chosen") || exit 1
            if [ "$size" -lt "$least" ]; then chosen=$disk; fi
        fi
    done
    if [ -n "$chosen" ]; then printf '%s' "$chosen"; exit; fi
    case $1 in
    dm-* | md* | loop* | ram* | zram* | nbd* | sr*) exit 1 ;;
    *) printf '%s' "$1" ;;
    esac
)
# btrfs shows no number of a disk: its source does, when it is its only device.
root_name() (
    case $1 in
    0:*)
        if [ "$2" != btrfs ]; then exit 1; fi
        name=$(readlink -f "$3" 2>/dev/null) || exit 1
        name=${name##*/}
        held=
        for folder in /sys/fs/btrfs/*/devices; do
            if [ -e "$folder/$name" ]; then
                for device in "$folder"/*; do held="$held ${device##*/}"; done
            fi
        done
        if [ "$held" != " $name" ]; then exit 1; fi
        printf '%s' "$name"
        ;;
    *)
        for device in /sys/class/block/*/dev; do
            if read -r number <"$device" && [ "$number" = "$1" ]; then
                name=${device%/dev}
                printf '%s' "${name##*/}"
                exit
            fi
        done 2>/dev/null
        exit 1
        ;;
    esac
)
storage() {
    if ! has_sysfs || [ ! -d /sys/class/block ]; then
        failed storage_sectors '/sys is not mounted'
    elif [ "$(contained)" != no ]; then
        failed storage_sectors 'the disk of a container is the one of its host'
    elif ! text=$(findmnt -rnv -o MAJ:MIN,FSTYPE,SOURCE / 2>/dev/null); then
        failed storage_sectors 'findmnt does not tell what / lies on'
    else
        text=${text##*"$newline"}
        number=${text%% *}
        text=${text#* }
        if ! name=$(root_name "$number" "${text%% *}" "${text#* }"); then
            failed storage_sectors '/ lies on no disk that the kernel shows'
        elif ! disk=$(disk_of "$name" 9); then
            failed storage_sectors '/ lies on several disks, or on none'
        elif ! text=$(sectors_of "$disk"); then
            failed storage_sectors 'the kernel does not tell the size of the disk'
        else value storage_sectors "$text"
        fi
    fi
}
storage
"""


def _filled(fragment: str, **words: str) -> str:
    for name, word in words.items():
        fragment = fragment.replace(f"__{name.upper()}__", word)
    return fragment


FRAGMENTS: Final[Mapping[Fact, str]] = {
    Fact.OS: _filled(_OS_RELEASE, key="os", names="ID VERSION_ID"),
    Fact.OS_FAMILY: _filled(_OS_RELEASE, key="os_family", names="ID ID_LIKE"),
    Fact.ARCHITECTURE: 'value architecture "$(uname -m)"\n',
    Fact.INIT: (
        "if [ -d /run/systemd/system ]; then value init systemd\n"
        "elif [ -x /run ]; then value init other\n"
        "else denied init\n"
        "fi\n"
    ),
    Fact.DESKTOP: _DESKTOP,
    Fact.CONTAINER: (
        'if text=$(contained); then value container "$text"; else denied container; fi\n'
    ),
    Fact.CHROMIUM: (
        "installed chromium /usr/bin/chromium /usr/bin/chromium-browser /usr/local/bin/chromium"
        f" {' '.join(CONFINED_CHROMIUM)}\n"
    ),
    Fact.CHROME: (
        f"installed chrome {' '.join(f'{folder}/chrome' for folder in CHROME_PROGRAMS)}"
        f" {CONFINED_CHROME}\n"
    ),
    Fact.FIREFOX: (
        "installed firefox /usr/bin/firefox-esr /usr/bin/firefox /usr/lib/firefox/firefox"
        f" /usr/local/bin/firefox /opt/firefox/firefox /snap/bin/firefox {CONFINED_FIREFOX}\n"
    ),
    Fact.SERIAL: _filled(_FIRMWARE, key="serial", dmi="product_serial", tree="serial-number"),
    Fact.MODEL: _filled(_FIRMWARE, key="model", dmi="product_name", tree="model"),
    Fact.TPM: _TPM,
    Fact.SECURE_BOOT: _SECURE_BOOT,
    Fact.MEMORY_MIB: (
        "if text=$(sed -n 's/^MemTotal: *\\([0-9]*\\) kB$/\\1/p' /proc/meminfo 2>/dev/null) &&\n"
        '    [ -n "$text" ]; then value memory_kib "$text"\n'
        "else failed memory_kib '/proc/meminfo says nothing of the memory'\n"
        "fi\n"
    ),
    Fact.STORAGE_GIB: _STORAGE,
}
