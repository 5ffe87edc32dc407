#!/bin/sh
# apt without surprises: no question, no upgrade, no change of a configuration file somebody has
# edited, at most one refresh of the lists in a session.
# shellcheck disable=SC2317,SC2329 # called by the script that follows

export DEBIAN_FRONTEND=noninteractive DEBIAN_PRIORITY=critical APT_LISTCHANGES_FRONTEND=none
export UCF_FORCE_CONFFOLD=1 NEEDRESTART_MODE=l NEEDRESTART_SUSPEND=1

apt() {
    run apt-get -q -y \
        -o "DPkg::Lock::Timeout=$KIT_LOCK_SECONDS" \
        -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
        -o Dpkg::Use-Pty=0 -o APT::Get::AutomaticRemove=false \
        -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 -o Acquire::Retries=1 \
        "$@"
}

# The states of a package in $KIT_DIR/status, one line an architecture; nothing if it is unknown.
# A data base that cannot be read is no absence.
look() {
    dpkg_status=0
    dpkg-query -W -f '${db:Status-Status}\n' -- "$1" >"$KIT_DIR/status" 2>"$KIT_DIR/run" ||
        dpkg_status=$?
    [ "$dpkg_status" -le 1 ] || failed packages_broken '' "$(last_said)"
}

installed() {
    look "$1"
    grep -qx -e installed -e triggers-awaited -e triggers-pending "$KIT_DIR/status"
}

# Removed, at most with its configuration files left.
removed() {
    look "$1"
    ! grep -qvx -e config-files -e not-installed "$KIT_DIR/status"
}

# As if it had never been there.
purged() {
    look "$1"
    ! grep -qvx not-installed "$KIT_DIR/status"
}

# Whether somebody has edited a configuration file since it was delivered.
edited() {
    dpkg-query -W -f '${Conffiles}\n' -- "$1" 2>/dev/null | {
        while read -r place digest rest; do
            if [ ! -f "$place" ] || [ "$digest" = newconffile ]; then continue; fi
            [ "$(md5sum <"$place")" = "$digest  -" ] || exit 0
        done
        exit 1
    }
}

# The version a source offers of exactly this package; apt itself would take a name it does not
# know for a pattern.
offered() {
    apt-cache policy -- "$1" 2>/dev/null | KIT_NAME=$1 awk '
        /^[^ ]/ { here = ($0 == ENVIRON["KIT_NAME"] ":") }
        here && $1 == "Candidate:" && $2 != "(none)" { print $2; exit }'
}

# refresh: apt-get update, once a session. False if it was done already, or failed.
refresh() {
    [ ! -e "$KIT_DIR/refreshed" ] || return 1
    : >"$KIT_DIR/refreshed"
    left=$KIT_LOCK_SECONDS # apt does not wait for the lock on its lists
    while :; do
        apt -o APT::Update::Error-Mode=any update && return 0
        grep -q 'lists/lock' "$KIT_DIR/run" && [ "$left" -gt 0 ] || break
        sleep 1
        left=$((left - 1))
    done
    cp -- "$KIT_DIR/run" "$KIT_DIR/refresh_failed"
    return 1
}

# explain_apt CODE: fail with the reason apt gave, or else with CODE.
explain_apt() {
    case $(cat -- "$KIT_DIR/run") in
        *'E: Could not get lock'* | *'E: Unable to acquire the dpkg'* | *'E: Unable to lock'*)
            failed packages_locked "$(said_of 'held by process' || said_of '^E: .*lock')" ;;
        *'dpkg was interrupted'* | *'--fix-broken install'*) failed packages_broken ;;
        *'No space left on device'* | *"don't have enough free space"*)
            failed disk_full "$KIT_NAME" ;;
        *'essential packages'* | *'Essential packages'* | *allow-remove-essential*)
            failed would_cut "$KIT_NAME" ;;
        *'unauthenticated packages'* | *'is not signed'* | *NO_PUBKEY* | *'GPG error'* | \
            *'cannot be authenticated'* | *'not trusted'*)
            failed repository_untrusted "$(said_of 'GPG\|signed\|authenticated')" ;;
        *'Failed to fetch'* | *'Some index files failed'* | *'Unable to connect'* | \
            *'Could not connect'* | *'Could not resolve'* | *'Temporary failure'*)
            failed repository_down "$(said_of 'Failed to fetch\|Could not\|Unable to connect')" ;;
        *'Unable to locate package'* | *'no installation candidate'*)
            failed package_absent "$KIT_NAME" ;;
        *'unmet dependencies'* | *'Unable to correct problems'*)
            failed dependencies_unmet "$KIT_NAME" "$(said_of 'Depends:')" ;;
        *'returned an error code'* | *'error exit status'*)
            failed package_script_failed "$KIT_NAME" "$(said_of 'error\|exit status')" ;;
    esac
    diagnose "$1" "$KIT_NAME"
}

# What was run last is set aside, and taken back: the reason is the first failure's.
set_aside() {
    cp -- "$KIT_DIR/run" "$KIT_DIR/aside"
}
take_back() {
    cp -- "$KIT_DIR/aside" "$KIT_DIR/run"
}

# The first line of what was run that holds a pattern.
said_of() {
    grep -q -- "$1" "$KIT_DIR/run" || return 1
    grep -m 1 -- "$1" "$KIT_DIR/run" | sed -e 's/^[EW]: //' -e 's/^Waiting for cache lock: //'
}
