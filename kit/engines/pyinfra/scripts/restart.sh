#!/bin/sh
# A restart that surprises nobody: KIT_ERRAND is look or restart, KIT_ACCOUNT the account that
# administers the device from afar, KIT_FORCE (yes: whoever is logged in was asked for). Lines "boot
# ID" and "session" (one for each person at work) go before the answer.
# shellcheck disable=SC2153,SC2317,SC2329 # KIT_ACCOUNT is data; main is called by the line below

main() {
    read -r boot </proc/sys/kernel/random/boot_id || failed unexpected boot_id
    # With the start of the first process: a container has the boot of its machine.
    read -r first </proc/1/stat || failed unexpected boot_id
    # shellcheck disable=SC2086 # words
    set -- ${first##*) }
    printf 'boot %s-%s\n' "$boot" "${20}" >&3
    sessions
    [ "$KIT_ERRAND" = restart ] || answer 'done'
    [ "$count" -eq 0 ] || [ "$KIT_FORCE" = yes ] || failed in_use "$count"
    at_work
    need systemctl
    # A moment later, so that this answer still arrives; timers are a minute late if they may be.
    run systemd-run --quiet --on-active=2 --timer-property=AccuracySec=1s systemctl reboot ||
        run shutdown -r +1 || failed no_systemd shutdown "$(last_said)"
    answer 'done'
}

# Not while another run changes something here.
at_work() {
    until=0 other='' who=''
    read -r now rest </proc/uptime
    [ ! -f "$KIT_RUNTIME/lock" ] || read -r until rest other who <"$KIT_RUNTIME/lock"
    case $until in '' | *[!0-9]*) until=0 ;; esac
    [ "$until" -le "${now%%.*}" ] || failed locked "$who" "$other"
}

# Sets $count: people at work, on the spot or from afar; what we are here by is none of them.
sessions() {
    count=0
    if command -v loginctl >/dev/null 2>&1 &&
        loginctl list-sessions --no-legend >"$KIT_DIR/list" 2>/dev/null; then
        while read -r id rest; do
            # One by one: it takes names with commas in between for one that nothing has.
            shown=$(loginctl show-session --property=Name --property=Class --property=State \
                --property=Remote -- "$id" 2>/dev/null) || continue
            case $shown in
                *Class=user*) ;;
                '') told && continue ;; # listed, and nothing is said of it
                *) continue ;;
            esac
            case $shown in *State=closing*) continue ;; esac
            case "$shown
" in
                *"Name=$KIT_ACCOUNT
"*Remote=yes* | *Remote=yes*"Name=$KIT_ACCOUNT
"*) continue ;;
            esac
            told
        done <"$KIT_DIR/list"
        # Without pam_systemd logins are in no list of systemd's.
        [ "$count" -eq 0 ] || return 0
    fi
    who >"$KIT_DIR/list" 2>/dev/null || failed unexpected sessions
    while read -r name rest; do
        [ "$name" = "$KIT_ACCOUNT" ] || told
    done <"$KIT_DIR/list"
}

told() {
    count=$((count + 1))
    echo session >&3
}
