#!/bin/sh
# A daemon takes its files in: KIT_RELOAD, KIT_VERB, KIT_UNIT, KIT_VALIDATOR. KIT_ALWAYS=no: only
# if a file was changed for it, now or in a run that did not come this far.
# shellcheck disable=SC2317,SC2329 # main is called by the line that follows

main() {
    note=$KIT_PENDING/$KIT_RELOAD
    [ "$KIT_ALWAYS" = yes ] || [ -e "$note" ] || answer unchanged
    foresee
    [ "$KIT_VERB" != nothing ] || forget unchanged
    need systemctl
    if [ "$KIT_VERB" = daemon-reload ]; then
        run systemctl daemon-reload || refused
        forget 'done'
    fi
    if [ "$KIT_VERB" = reload ] && ! runs; then forget unchanged; fi
    [ "$KIT_VALIDATOR" != sshd ] || check_sshd
    run systemctl --no-ask-password "$KIT_VERB" -- "$KIT_UNIT" || refused
    runs || refused
    forget 'done'
}

runs() {
    systemctl is-active --quiet -- "$KIT_UNIT"
}

# forget STATE: nothing is left to be taken in.
forget() {
    rm -f -- "$note"
    answer "$1"
}

refused() {
    said=$(last_said)
    case $said in
        *'not been booted with systemd'*) failed no_systemd "${KIT_UNIT:-systemd}" ;;
        *'not found'* | *'not be found'*) failed unit_missing "$KIT_UNIT" "$said" ;;
    esac
    [ -z "$KIT_UNIT" ] || systemctl status --no-pager --lines=20 -- "$KIT_UNIT" # for the log
    failed reload_failed "${KIT_UNIT:-systemd}" "$said"
}
