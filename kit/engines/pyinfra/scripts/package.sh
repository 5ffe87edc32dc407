#!/bin/sh
# A Debian package: KIT_NAME, KIT_STATE. KIT_NEVER and KIT_NOT_ALONG: patterns of packages that
# are never removed, and of those that are not removed along with another.
# shellcheck disable=SC2317,SC2329 # main is called by the line that follows

main() {
    need apt-get
    need dpkg-query
    if [ "$KIT_STATE" = present ]; then install_it; else remove_it; fi
}

install_it() {
    if installed "$KIT_NAME"; then answer unchanged; fi
    foresee
    [ -n "$(offered "$KIT_NAME")" ] || refresh
    [ -n "$(offered "$KIT_NAME")" ] || nobody_offers
    if ! attempt; then
        # Old lists name versions and files that are gone: with new ones, once more.
        set_aside
        if ! refresh; then
            take_back
            explain_apt dependencies_unmet
        fi
        attempt || explain_apt dependencies_unmet
    fi
    installed "$KIT_NAME" || failed not_effective "$KIT_NAME" "$(cat -- "$KIT_DIR/status")"
    answer 'done'
}

# False where new lists may help.
attempt() {
    look_ahead || return 1
    apt --no-install-recommends --no-upgrade --no-remove install -- "$KIT_NAME" && return
    if grep -q 'Failed to fetch' "$KIT_DIR/run"; then return 1; fi
    set_aside
    # A package that does not configure would make every later installation fail: it was not
    # there before, so it goes again.
    removed "$KIT_NAME" || apt remove -- "$KIT_NAME"
    take_back
    explain_apt unexpected
}

nobody_offers() {
    [ -e "$KIT_DIR/refresh_failed" ] || failed package_absent "$KIT_NAME"
    cp -- "$KIT_DIR/refresh_failed" "$KIT_DIR/run"
    explain_apt repository_down
}

# What installing it would do to other packages, before anything is done.
look_ahead() {
    apt -s --no-install-recommends install -- "$KIT_NAME" || return 1
    gone=$(awk '$1 == "Remv" { print $2 }' "$KIT_DIR/run")
    upgraded=$(awk '$1 == "Inst" && $3 ~ /^\[/ { print $2 }' "$KIT_DIR/run")
    [ -z "$gone" ] || failed would_remove "$gone"
    [ -z "$upgraded" ] || failed would_upgrade "$upgraded"
}

remove_it() {
    verb=remove
    if [ "$KIT_STATE" = purged ] && ! edited "$KIT_NAME"; then verb=purge; fi
    if "${verb%e}ed" "$KIT_NAME"; then answer unchanged; fi
    set -f # patterns are matched here, never expanded
    if never "$KIT_NAME"; then failed would_cut "$KIT_NAME"; fi
    apt -s remove -- "$KIT_NAME" || explain_apt unexpected
    gone=$(awk '$1 == "Remv" { print $2 }' "$KIT_DIR/run")
    come=$(awk '$1 == "Inst" { print $2 }' "$KIT_DIR/run")
    also='' kept=''
    for package in $gone; do
        if never "$package"; then kept="$kept $package"; fi
        [ "$package" = "$KIT_NAME" ] || also="$also $package"
    done
    [ -z "$kept" ] || failed would_cut "${kept# }"
    [ -z "$come" ] || failed would_install "$come"
    foresee
    apt "$verb" -- "$KIT_NAME" || explain_apt unexpected
    "${verb%e}ed" "$KIT_NAME" || failed not_effective "$KIT_NAME" "$(cat -- "$KIT_DIR/status")"
    answer 'done' '' '' "${also# }"
}

# never PACKAGE: whether it may not go.
never() {
    [ "$(dpkg-query -W -f '${Essential}' -- "$1" 2>/dev/null)" != yes ] || return 0
    patterns=$KIT_NEVER
    [ "$1" = "$KIT_NAME" ] || patterns="$patterns $KIT_NOT_ALONG"
    for pattern in $patterns; do
        # shellcheck disable=SC2254 # it is a pattern
        case $1 in $pattern) return 0 ;; esac
    done
    return 1
}
