#!/bin/sh
# A Debian package from one file: KIT_NAME, KIT_VERSION, KIT_SHA, KIT_LAUNCH (a program and its
# arguments, one a line, or nothing). The file itself comes on descriptor 9.
# shellcheck disable=SC2317,SC2329 # main is called by the line that follows

proofs=/var/lib/esms-kit/pinned

main() {
    for program in apt-get dpkg-query dpkg-deb dpkg sha256sum; do need "$program"; done
    if [ "${KIT_DRY-no}" = no ]; then receive; fi
    if proven; then answer unchanged; fi
    foresee
    before=$(version_here)
    found=$(sha256sum <"$package")
    [ "${found%% *}" = "$KIT_SHA" ] || failed package_tampered "$KIT_NAME" "${found%% *}"
    vouch
    attempt
    launch
    prove
    proven || failed not_effective "$KIT_NAME" "$(version_here)"
    answer 'done'
}

# The version of the package as it is installed and whole, or nothing.
version_here() {
    dpkg-query -W -f '${db:Status-Status} ${db:Status-Eflag} ${Version}\n' -- "$KIT_NAME" \
        2>/dev/null | sed -n 's/^installed ok //p'
}

proven() {
    look "$KIT_NAME"
    [ "$(version_here)" = "$KIT_VERSION" ] &&
        [ "$(cat -- "$proofs/$KIT_NAME" 2>/dev/null)" = "$KIT_VERSION $KIT_SHA" ]
}

# The package as it comes: to its end, whatever becomes of it.
receive() {
    place=$(mktemp -d /var/tmp/esms-kit-XXXXXXXX 2>"$KIT_DIR/run") || diagnose unexpected /var/tmp
    trap 'rm -rf -- "$place"' EXIT
    package=$place/package.deb
    cat <&9 >"$package" 2>"$KIT_DIR/run" || diagnose unexpected "$KIT_NAME"
}

vouch() {
    run dpkg-deb -f "$package" Package || failed package_mismatch "$KIT_NAME" "$(last_said)"
    said="$(dpkg-deb -f "$package" Package) $(dpkg-deb -f "$package" Version)"
    [ "$said" = "$KIT_NAME $KIT_VERSION" ] || failed package_mismatch "$KIT_NAME" "$said"
    if [ -n "$before" ] && dpkg --compare-versions "$before" gt "$KIT_VERSION"; then
        failed would_downgrade "$KIT_NAME" "$before"
    fi
}

attempt() {
    if ! look_ahead; then
        set_aside
        if ! refresh; then
            take_back
            explain_apt dependencies_unmet
        fi
        look_ahead || explain_apt dependencies_unmet
    fi
    # What it needs may have left the package sources since their lists were fetched.
    bring || bring_again || undone
    [ "$(version_here)" = "$KIT_VERSION" ] ||
        failed not_effective "$KIT_NAME" "$(version_here)"
}

bring_again() {
    grep -q 'Failed to fetch' "$KIT_DIR/run" && refresh && bring
}

bring() {
    apt --no-install-recommends --no-remove --reinstall install -- "$package"
}

# What installing it would do to other packages, before anything is done.
look_ahead() {
    apt -s --no-install-recommends --reinstall install -- "$package" || return 1
    gone=$(awk '$1 == "Remv" { print $2 }' "$KIT_DIR/run")
    upgraded=$(awk -v own="$KIT_NAME" '
        $1 == "Inst" && $2 != own && $3 ~ /^\[/ { print $2 }' "$KIT_DIR/run")
    [ -z "$gone" ] || failed would_remove "$gone"
    [ -z "$upgraded" ] || failed would_upgrade "$upgraded"
}

# It failed: where it was not there before, it goes again.
undone() {
    set_aside
    if [ -z "$before" ] && ! removed "$KIT_NAME"; then apt remove -- "$KIT_NAME"; fi
    take_back
    explain_apt unexpected
}

# The program of the package starts, as nobody, with nothing of root's.
launch() {
    [ -n "$KIT_LAUNCH" ] || return 0
    need setpriv
    set --
    while IFS= read -r word; do set -- "$@" "$word"; done <<WORDS
$KIT_LAUNCH
WORDS
    cd / || return 1
    run timeout -k 5 60 setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs \
        env -i PATH=/usr/bin:/bin HOME=/nonexistent LC_ALL=C.UTF-8 "$@" </dev/null && return
    set_aside
    if [ -z "$before" ]; then apt remove -- "$KIT_NAME"; fi
    take_back
    failed launch_failed "$KIT_NAME" "$(last_said)"
}

prove() {
    umask 022
    new=$proofs/.$KIT_NAME.new
    if ! mkdir -p -- "$proofs" 2>"$KIT_DIR/run" ||
        ! printf '%s %s\n' "$KIT_VERSION" "$KIT_SHA" 2>"$KIT_DIR/run" >"$new" ||
        ! mv -f -- "$new" "$proofs/$KIT_NAME" 2>"$KIT_DIR/run"; then
        diagnose unexpected "$proofs/$KIT_NAME"
    fi
    umask 077
}
