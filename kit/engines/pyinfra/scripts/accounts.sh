#!/bin/sh
# Local accounts and groups, looked at in their own files: what a directory adds is not ours.
# shellcheck disable=SC2317,SC2329 # called by the scripts that follow

# field FILE NAME NUMBER: that field of the line of an account or a group; false if there is none.
field() {
    KIT_WANTED=$2 awk -F: -v number="$3" '
        $1 == ENVIRON["KIT_WANTED"] { print $number; found = 1; exit }
        END { exit !found }' "$1"
}

# local_entry FILE DATABASE NAME: whether it is there. One of that name elsewhere ends the script.
local_entry() {
    field "$1" "$3" 1 >/dev/null && return
    getent "$2" "$3" >/dev/null 2>&1 && failed account_elsewhere "$3"
    return 1
}

# spare NAME: root, and the account this session came in as, are never shut out.
spare() {
    [ "$1" != root ] && [ "$1" != "${SUDO_USER-}" ] || failed would_cut "$1"
    [ "$(field /etc/passwd "$1" 3)" != 0 ] || failed would_cut "$1"
}

# room: the tools write one file after another; none is begun without room for all of them.
room() {
    for tool in "$@"; do need "$tool"; done
    probe=$(mktemp /etc/.esms-kit.XXXXXX 2>"$KIT_DIR/run") || diagnose disk_full /etc
    trap 'rm -f -- "$probe"' EXIT
    trap 'exit 143' TERM INT HUP
    size=$(cat /etc/passwd /etc/shadow /etc/group /etc/gshadow 2>/dev/null | wc -c)
    run sh -c 'head -c "$1" /dev/zero >"$2"' sh $((size + 65536)) "$probe" ||
        diagnose disk_full /etc
    [ "$(stat -c %s "$probe")" -eq $((size + 65536)) ] || failed disk_full /etc
    run sync "$probe" || diagnose disk_full /etc
    rm -f -- "$probe"
}

# tool NAME COMMAND...: one of the system's own; the end when it refuses.
tool() {
    about=$1
    shift
    run "$@" && return
    case $(cat -- "$KIT_DIR/run") in
        *'currently used by process'* | *'currently logged in'*)
            failed account_in_use "$about" "$(last_said)" ;;
        *'cannot lock /etc/'*) failed accounts_locked "$(last_said)" ;;
        *'does not exist'*) failed account_missing "$about" "$(last_said)" ;;
    esac
    diagnose unexpected "$about"
}
