#!/bin/sh
# A target as it was held before a run touched it: KIT_RUN, KIT_ID, KIT_KIND, KIT_FIRST and
# KIT_SECOND (the words of states.sh), KIT_EXPECTED (how it must stand now; empty: however it
# does), KIT_VALIDATOR, KIT_RELOAD, KIT_JOURNAL.
# shellcheck disable=SC2154,SC2317,SC2329 # placing.sh sets some, the line that follows calls main

main() {
    KIT_KEY=$KIT_JOURNAL/key
    held=$KIT_JOURNAL/$KIT_RUN/$KIT_ID
    [ -s "$KIT_KEY" ] && [ -f "$held.state" ] || failed held_gone "$KIT_RUN"
    look
    if as_held; then answer unchanged; fi
    if [ -n "$KIT_EXPECTED" ]; then
        printf '%s\n' "$KIT_EXPECTED" | cmp -s - "$KIT_DIR/now" || failed moved "$KIT_FIRST"
    fi
    foresee
    case $KIT_KIND in
        file | lines) put_file ;;
        attributes) put_attributes ;;
        unit) put_unit ;;
        sysctl | every) put_values ;;
        account) put_account ;;
        membership) put_membership ;;
        authorized_keys) put_keys ;;
        pam) put_pam ;;
        oath_user) put_factor ;;
        *) failed unsupported "$KIT_KIND" ;;
    esac
    look
    as_held || failed not_effective "$KIT_FIRST" "$(cat -- "$KIT_DIR/now")"
    answer 'done'
}

look() {
    state_of "$KIT_KIND" "$KIT_FIRST" "$KIT_SECOND" >"$KIT_DIR/now" 2>"$KIT_DIR/run" ||
        failed unexpected "$KIT_FIRST" "$(last_said)"
}

as_held() {
    if [ "$KIT_KIND" != attributes ]; then
        cmp -s -- "$KIT_DIR/now" "$held.state"
        return
    fi
    # What a pattern has come to mean since (a home made by the same run) was never held.
    while IFS='' read -r one; do
        [ "$one" = none ] || grep -qxF -e "$one" -- "$KIT_DIR/now" || return 1
    done <"$held.state"
}

put_file() {
    path=$KIT_FIRST
    if [ "$KIT_KIND" = lines ] && [ -L "$path" ]; then
        path=$(readlink -f -- "$path") || failed not_a_file "$KIT_FIRST"
    fi
    if [ -e "$path" ] && [ ! -L "$path" ] && [ ! -f "$path" ]; then failed not_a_file "$path"; fi
    read -r sort first mode _size _digest <"$held.state"
    folder_of "$path"
    target=${real%/}/${path##*/}
    case $sort in
        absent)
            mark_pending
            run rm -f -- "$target" || diagnose unexpected "$path"
            # Our own folder goes with its last file.
            case $target in /etc/esms-kit/*) rmdir -- /etc/esms-kit 2>/dev/null ;; esac
            ;;
        file)
            open_beside
            fill_beside "$held.content" "${first%%:*}" "${first##*:}" "$mode"
            validate "$beside" "$target"
            rename_beside
            ;;
        link)
            beside=$(mktemp -u "${target%/*}/.${target##*/}.esms-kit.XXXXXX")
            trap 'rm -f -- "$beside"' EXIT
            run ln -s -- "$(printf '%b' "$first")" "$beside" || diagnose unexpected "$path"
            rename_beside
            ;;
        *) failed not_a_file "$path" ;;
    esac
}

# Each file is opened, and what was opened is what was held: nobody can put another in its place.
put_attributes() {
    mark_pending
    while read -r name owner mode inode; do
        [ "$name" != none ] || continue
        path=$(printf '%b' "$name")
        [ -e "$path" ] && [ ! -L "$path" ] || continue
        # shellcheck disable=SC2094 # its mode is written, not its content
        put_one "$owner" "$mode" "$inode" 4<"$path" || failed denied "$path"
    done <"$held.state"
}

put_one() {
    opened=/proc/self/fd/4
    [ "$(stat -L -c '%d:%i' "$opened")" = "$3" ] || return 1
    run chown -- "$1" "$opened" && run chmod -- "$2" "$opened"
}

put_unit() {
    need systemctl
    read -r was boot_now <"$held.state"
    read -r is active_now <"$KIT_DIR/now"
    case $was-$is in
        masked-masked | not-not | starts-starts) ;;
        masked-*) systemd_does mask ;;
        not-starts) systemd_does disable ;;
        not-masked)
            systemd_does unmask
            look
            read -r is active_now <"$KIT_DIR/now"
            [ "$is" != starts ] || systemd_does disable
            ;;
        starts-masked)
            systemd_does unmask
            look
            read -r is active_now <"$KIT_DIR/now"
            [ "$is" = starts ] || systemd_does enable
            ;;
        starts-*) systemd_does enable ;;
    esac
    case $boot_now-$active_now in
        runs-runs | rests-rests) ;;
        runs-*) systemd_does start ;;
        *) systemd_does stop ;;
    esac
}

systemd_does() {
    run systemctl --no-ask-password "$1" -- "$KIT_FIRST" ||
        diagnose unit_failed "$KIT_FIRST"
}

put_values() {
    while read -r file value; do
        [ "$file" != none ] && [ -f "$file" ] || continue
        printf '%s\n' "$value" >"$KIT_DIR/value"
        { cat -- "$KIT_DIR/value" >"$file"; } 2>"$KIT_DIR/run" ||
            failed sysctl_refused "$file" "$(last_said)"
    done <"$held.state"
}
