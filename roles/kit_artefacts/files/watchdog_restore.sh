#!/bin/sh
# Stays on the device while a watchdog is armed, and puts everything back as it was then: run by
# its timer, by the boot of the device (with "boot"), or when somebody asks for it. What is as it
# was is not touched. Once it is done it leaves nothing but its report.
# shellcheck disable=SC2015,SC2016,SC2086,SC2094 # a table has two words; what was kept is only read

here=/var/lib/esms-kit/watchdog
report=/var/lib/esms-kit/watchdog.report
lock=/run/esms-kit-watchdog.lock
units=/etc/systemd/system
name=esms-kit-watchdog
table='inet esms_kit'

main() {
    set -u
    umask 077
    LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
    export LC_ALL PATH
    cd / || exit 1
    why=expired
    [ ! -s "$here/why" ] || why=$(cat "$here/why")
    [ "${1-}" != boot ] || why=boot
    exec 9>"$lock" || exit 1
    flock 9
    [ -e "$here/armed" ] || exit 0
    wait=
    [ "$why" != boot ] || wait=--no-block # what it waits for would wait for this script
    bad=no
    : >"$here/told"
    units_that_were_not
    files
    systemctl daemon-reload || told failed systemd
    units_that_were
    firewall
    if [ "$why" != boot ]; then values; fi # after a boot the files have set them
    daemons
    finish
}

# told WHAT NAME: noted for the report.
told() {
    printf '%s %s\n' "$1" "$2" >>"$here/told"
    [ "$1" != failed ] || bad=yes
}

# A unit that was not there is switched off while its file is: its links go with it.
units_that_were_not() {
    while read -r kind file active unit; do
        [ "$kind" = unit ] && [ "$file" = absent ] || continue
        now=$(state_of "$unit")
        case $now in 'absent '*) continue ;; esac
        systemctl --no-ask-password disable -- "$unit" || told failed "$unit"
            systemctl --no-ask-password $wait stop -- "$unit" || told failed "$unit"
        told unit "$unit"
    done <"$here/kept"
}

# state_of UNIT: its state at boot ("absent" when there is none) and now.
state_of() {
    systemctl show --property=LoadState,UnitFileState,ActiveState -- "$1" | {
        load='' file='' active=''
        while IFS='=' read -r key value; do
            case $key in
                LoadState) load=$value ;;
                UnitFileState) file=$value ;;
                ActiveState) active=$value ;;
            esac
        done
        [ "$load" != not-found ] || file=absent
        case $active in active | reloading | activating) active=yes ;; *) active=no ;; esac
        printf '%s %s\n' "${file:-none}" "$active"
    }
}

files() {
    while read -r kind number rest; do
        case $kind in absent | file | link) unfinished "${rest%/*}/.${rest##*/}" ;; esac
        case $kind in
            absent) gone "$rest" "$number" ;;
            pattern) came "$rest" ;;
            file) same_file "$number" "$rest" || put_back "$number" "$rest" ;;
            link) same_link "$number" "$rest" || put_link "$number" "$rest" ;;
            keys | nokeys) keys "$kind" "$number" "${rest%% *}" "${rest#* }" ;;
            attributes) attributes "$number" "$rest" ;;
        esac
    done <"$here/kept"
}

# unfinished PATH: what a write that was cut off left beside its place. Nobody is to finish it now.
unfinished() {
    for left in "$1".esms-kit.??????; do
        [ ! -f "$left" ] || rm -f -- "$left" || told failed "$left"
    done
}

# gone PATH FOLDER: there was no file, and nothing below FOLDER on the way to it.
gone() {
    if [ -e "$1" ] || [ -L "$1" ]; then
        if rm -f -- "$1"; then told file "$1"; else told failed "$1"; fi
    fi
    folder=${1%/*}
    while [ -n "$folder" ] && [ "$folder" != "$2" ] && rmdir -- "$folder" 2>/dev/null; do
        folder=${folder%/*}
    done
}

# came PATTERN: what has come since goes.
came() {
    for one in $1; do
        [ -f "$one" ] || [ -L "$one" ] || continue
        grep -q "^[a-z]* [^ ]* $(printf '%s' "$one" | sed 's/[].[*^$]/\\&/g')\$" "$here/kept" ||
            gone "$one" /
    done
}

same_file() {
    [ -f "$2" ] && [ ! -L "$2" ] && cmp -s -- "$here/$1" "$2" &&
        [ "$(stat -c '%u %g %a' -- "$2")" = "$(stat -c '%u %g %a' -- "$here/$1")" ]
}

# The old file is whole beside its place before it takes it. No link on the way is followed: none
# was there.
put_back() {
    if (
        mkdir -p -- "${2%/*}" && cd -P -- "${2%/*}/" && [ "$(pwd -P)" = "${2%/*}" ] || exit 1
        last=${2##*/} beside=.${2##*/}.esms-kit.back
        rm -f -- "$beside" && cp -p --remove-destination -- "$here/$1" "$beside" &&
            cmp -s -- "$here/$1" "$beside" && mv -fT -- "$beside" "$last" && exit 0
        rm -f -- "$beside"
        exit 1
    ); then told file "$2"; else told failed "$2"; fi
}

# keys KIND NUMBER ACCOUNT PATH: with the rights of the account.
keys() {
    now=$here/now
    present=keys
    as_account "$3" cat -- "$4" >"$now" 2>/dev/null || present=nokeys
    if [ "$1" = "$present" ] && { [ "$1" = nokeys ] || cmp -s -- "$now" "$here/$2"; }; then
        return
    fi
    if [ "$1" = nokeys ]; then
        as_account "$3" rm -f -- "$4"
    else
        as_account "$3" sh -c 'umask 077; mkdir -p -- "${1%/*}" &&
            cat >"$1.esms-kit.back" && mv -fT -- "$1.esms-kit.back" "$1"' sh "$4" <"$here/$2"
    fi && told file "$4" || told failed "$4"
}

as_account() {
    account=$1
    shift
    setpriv --reuid "$account" --regid "$(id -g "$account")" --init-groups --inh-caps=-all "$@"
}

same_link() {
    [ -L "$2" ] && [ "$(readlink -- "$2")" = "$(readlink -- "$here/$1")" ]
}

put_link() {
    if rm -f -- "$2" && cp -P -- "$here/$1" "$2"; then told file "$2"; else told failed "$2"; fi
}

# attributes UID:GID:MODE PATH. What was opened is looked at and changed, not what stands there.
attributes() {
    [ -e "$2" ] && [ ! -L "$2" ] || return 0
    give_back "$1" "$2" 4<"$2" || told failed "$2"
}

give_back() {
    opened=/proc/self/fd/4
    [ "$(readlink "$opened")" = "$(readlink -f -- "$2")" ] || return 1
    [ "$(stat -L -c '%u:%g:%a' "$opened")" != "$1" ] || return 0
    chown -- "${1%:*}" "$opened" && chmod -- "${1##*:}" "$opened" && told file "$2"
}

units_that_were() {
    while read -r kind file active unit; do
        [ "$kind" = unit ] && [ "$file" != absent ] || continue
        now=$(state_of "$unit")
        [ "$now" != "$file $active" ] || continue
        # At a boot nothing runs yet: what starts by itself is all there is to put right.
        [ "$why" != boot ] || [ "${now% *}" != "$file" ] || continue
        at_boot "$unit" "$file" "${now% *}" || told failed "$unit"
        if [ "$active" = yes ]; then verb=start; else verb=stop; fi
        if [ "${now#* }" != "$active" ] || [ "$why" = boot ]; then
            systemctl --no-ask-password $wait "$verb" -- "$unit" || told failed "$unit"
        fi
        told unit "$unit"
    done <"$here/kept"
}

# at_boot UNIT WANTED NOW
at_boot() {
    [ "$2" != "$3" ] || return 0
    case $3 in masked*) systemctl unmask -- "$1" || return 1 ;; esac
    case $2 in
        enabled*) systemctl --no-ask-password enable -- "$1" ;;
        disabled) systemctl --no-ask-password disable -- "$1" ;;
        masked*) systemctl --no-ask-password mask -- "$1" ;;
    esac
}

firewall() {
    command -v nft >/dev/null || return 0
    if [ -e "$here/ruleset.nft" ]; then
        [ "$why" = boot ] || nft -s list ruleset | cmp -s - "$here/ruleset.nft" || load 'ruleset' \
            'flush ruleset' "$here/ruleset.nft"
    elif [ -s "$here/table.nft" ]; then
        # At a boot the unit of the firewall loads its file, which is the former one again.
        [ "$why" = boot ] || nft -s list table $table 2>/dev/null | cmp -s - "$here/table.nft" ||
            load "table $table" "table $table
delete table $table" "$here/table.nft"
    elif nft list table $table >/dev/null 2>&1; then
        load "table $table" "delete table $table" /dev/null
    fi
}

# load NAME COMMANDS FILE: in one step or not at all.
load() {
    { printf '%s\n' "$2" && cat -- "$3"; } >"$here/load.nft"
    if nft -f "$here/load.nft"; then told firewall "$1"; else told failed "$1"; fi
}

values() {
    while read -r kind path value; do
        [ "$kind" = value ] && [ -e "$path" ] || continue
        # shellcheck disable=SC2046,SC2005 # blanks become one
        [ "$(echo $(tr '\t' ' ' <"$path"))" != "$value" ] || continue
        if printf '%s\n' "$value" >"$path"; then told value "$path"; else told failed "$path"; fi
    done <"$here/kept"
}

# They take in again what was put back; at a boot they have not started yet.
daemons() {
    [ -s "$here/told" ] && [ "$why" != boot ] || return 0
    while read -r kind action; do
        case $kind-$action in
            reload-ssh)
                if grep -q '^unit [^ ]* yes ssh.socket$' "$here/kept"; then
                    systemctl --no-ask-password restart ssh.socket || told failed ssh.socket
                fi
                if grep -q '^unit [^ ]* yes ssh.service$' "$here/kept"; then
                    systemctl --no-ask-password reload-or-restart ssh.service ||
                        systemctl --no-ask-password restart ssh.service || told failed ssh.service
                fi ;;
            reload-journald) systemctl restart systemd-journald.service ;;
        esac
    done <"$here/kept"
}

# The report is whole or not there. Where something failed all stays as it is, for another try.
finish() {
    {
        printf 'esms-kit-watchdog %s %s %s\n' "$why" "$(date +%s)" "$(cat "$here/armed")"
        cat -- "$here/told"
        echo end
    } >"$report.new" && sync "$report.new" 2>/dev/null
    mv -f -- "$report.new" "$report"
    if [ "$bad" = yes ]; then
        [ "$why" != boot ] || systemctl --no-block start "$name.service"
        exit 1
    fi
    rm -f -- "$here/armed"
    systemctl --no-block stop "$name.timer"
    rm -f -- "$units/$name.service" "$units/$name.timer" "$units/$name-boot.service" \
        "$units/sysinit.target.wants/$name-boot.service"
    rmdir -- "$units/sysinit.target.wants" 2>/dev/null
    rm -rf -- "$here"
    rm -f -- "$lock"
    systemctl daemon-reload
    exit 0
}

main "$@"
