#!/bin/sh
# The kit's profiles of pam-auth-update: KIT_PROFILES (lines "NAME, a tab, a line of the file"),
# KIT_NAMES. They are tried on a copy of all that pam-auth-update reads and writes before anything
# is touched; whatever then turns out otherwise is put back.
# A && B || failed: failed ends the script; names of modules hold no blanks.
# shellcheck disable=SC2013,SC2015,SC2154,SC2317,SC2329 # the line that follows calls main

PROFILES=/usr/share/pam-configs
STATE=/var/lib/pam
CONFIG=/etc/pam.d
PARTS='auth account password session session-noninteractive'

main() {
    need pam-auth-update
    grep -q -e '--root' -- "$(command -v pam-auth-update)" || failed unsupported pam-auth-update
    [ -d "$STATE" ] && [ -f "$CONFIG/common-auth" ] || failed target_missing "$CONFIG/common-auth"
    work=$KIT_DIR/pam # steps before this one may have left files in the folder
    rm -rf -- "$work"
    mkdir -p "$work/new" || failed disk_full "$KIT_DIR"
    for name in $KIT_NAMES; do
        printf '%s' "$KIT_PROFILES" | KIT_NAME=$name awk '
            index($0, ENVIRON["KIT_NAME"] "\t") == 1 {
                print substr($0, length(ENVIRON["KIT_NAME"]) + 2)
            }' >"$work/new/$name" && [ -s "$work/new/$name" ] || failed disk_full "$KIT_DIR"
    done
    trial
    if holds; then answer unchanged; fi
    foresee
    keep
    bring_about
    if ! holds; then put_back not_effective "$CONFIG" ''; fi
    # Every part of the stack that does not ask for a secret, as root would have it called.
    run su -s /bin/true -- "${SUDO_USER:-root}" || put_back validator_refused pam "$(last_said)"
    answer 'done'
}

# others: ours that are not wanted any more.
others() {
    for file in "$PROFILES"/esms-kit-*; do
        [ -f "$file" ] || continue
        [ -f "$work/new/${file##*/}" ] || printf '%s\n' "${file##*/}"
    done
}

# trial: what the files would become, in $trial, with nothing changed yet.
trial() {
    trial=$work/trial
    rm -rf -- "$trial"
    mkdir -p "$trial$CONFIG" "$trial$STATE" "$trial$PROFILES" || failed disk_full "$KIT_DIR"
    cp -- "$CONFIG"/common-* "$trial$CONFIG/" && cp -- "$STATE"/* "$trial$STATE/" &&
        cp -- "$PROFILES"/* "$trial$PROFILES/" || failed disk_full "$KIT_DIR"
    rm -f -- "$trial$PROFILES"/esms-kit-*
    cp -- "$work/new"/* "$trial$PROFILES/" || failed disk_full "$KIT_DIR"
    # shellcheck disable=SC2086 # one word a name
    DEBCONF_DB_OVERRIDE="File{$work/debconf}" DEBIAN_FRONTEND=noninteractive \
        run pam-auth-update --root "$trial" --package --enable $KIT_NAMES ||
        failed validator_refused pam-auth-update "$(last_said)"
    for name in $KIT_NAMES; do
        grep -Fxq -e "Module: $name" "$trial$STATE/auth" ||
            failed validator_refused pam-auth-update "$(last_said)"
    done
    for module in $(sed -n 's/^[a-z].*[[:space:]/]\(pam_[a-z0-9_]*\.so\)\([[:space:]].*\)\{0,1\}$/\1/p' \
        "$trial$CONFIG/common-auth" "$trial$CONFIG/common-account"); do
        installed "$module" && continue
        foresee # on a trial run its package may be a step before this one
        failed validator_refused pam "$module"
    done
}

installed() {
    for place in /lib/*/security /lib/security /usr/lib/*/security /usr/lib/security; do
        [ ! -f "$place/$1" ] || return 0
    done
    return 1
}

# holds: whether everything is as the trial has it.
holds() {
    [ -z "$(others)" ] || return 1
    for name in $KIT_NAMES; do
        same "$work/new/$name" "$PROFILES/$name" || return 1
    done
    for part in $PARTS; do
        same "$trial$CONFIG/common-$part" "$CONFIG/common-$part" || return 1
        cmp -s -- "$trial$STATE/$part" "$STATE/$part" || return 1
    done
}

same() {
    cmp -s -- "$1" "$2" && [ "$(stat -c '%u %g %a' -- "$2")" = '0 0 644' ]
}

keep() {
    mkdir -p "$work/old/config" "$work/old/state" "$work/old/profiles" &&
        cp -p -- "$CONFIG"/common-* "$work/old/config/" &&
        cp -p -- "$STATE"/* "$work/old/state/" || failed disk_full "$KIT_DIR"
    for file in "$PROFILES"/esms-kit-*; do
        [ ! -f "$file" ] || cp -p -- "$file" "$work/old/profiles/" || failed disk_full "$KIT_DIR"
    done
}

bring_about() {
    for name in $(others); do rm -f -- "$PROFILES/$name"; done
    for name in $KIT_NAMES; do
        place "$work/new/$name" "$PROFILES/$name" || put_back unexpected "$PROFILES/$name" ''
    done
    # shellcheck disable=SC2086 # one word a name
    DEBIAN_FRONTEND=noninteractive run pam-auth-update --package --enable $KIT_NAMES ||
        put_back validator_refused pam-auth-update "$(last_said)"
    for part in $PARTS; do chmod 0644 "$CONFIG/common-$part"; done
    sync "$CONFIG"/common-* "$PROFILES"/esms-kit-*
}

# place FILE TARGET: in one step, with the rights of the system's own.
place() {
    install -o 0 -g 0 -m 0644 -- "$1" "${2%/*}/.${2##*/}.esms-kit" &&
        mv -fT -- "${2%/*}/.${2##*/}.esms-kit" "$2"
}

# put_back CODE SUBJECT DETAIL: as it was, part by part, each in one step; then fail.
put_back() {
    for file in "$work"/old/config/*; do place "$file" "$CONFIG/${file##*/}"; done
    for file in "$work"/old/state/*; do place "$file" "$STATE/${file##*/}"; done
    rm -f -- "$PROFILES"/esms-kit-*
    for file in "$work"/old/profiles/*; do
        [ ! -f "$file" ] || place "$file" "$PROFILES/${file##*/}"
    done
    failed "$@"
}
