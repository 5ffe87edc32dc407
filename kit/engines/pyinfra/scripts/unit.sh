#!/bin/sh
# A systemd unit: KIT_NAME, KIT_ENABLED (enabled, disabled, masked), KIT_ACTIVE (yes, no).
# shellcheck disable=SC2317,SC2329 # main is called by the line that follows

main() {
    need systemctl
    look
    if [ "$reload" = yes ] && [ "${KIT_DRY-no}" = no ]; then
        run systemctl daemon-reload || failed unit_failed "$KIT_NAME" "$(last_said)"
        look
    fi
    if holds; then answer unchanged; fi
    [ "$load" != not-found ] || [ "$KIT_ENABLED" = masked ] || failed unit_missing "$KIT_NAME"
    foresee
    set_boot
    set_now
    look
    holds || failed not_effective "$KIT_NAME" "$file, $active"
    answer 'done'
}

# Sets $load, $file (its state at boot), $active and $reload.
look() {
    run systemctl show --property=LoadState,UnitFileState,ActiveState,NeedDaemonReload \
        -- "$KIT_NAME" || {
        case $(last_said) in
            *'not been booted with systemd'*) failed no_systemd "$KIT_NAME" ;;
            *) failed unit_failed "$KIT_NAME" "$(last_said)" ;;
        esac
    }
    load=$(sed -n 's/^LoadState=//p' "$KIT_DIR/run")
    file=$(sed -n 's/^UnitFileState=//p' "$KIT_DIR/run")
    active=$(sed -n 's/^ActiveState=//p' "$KIT_DIR/run")
    reload=$(sed -n 's/^NeedDaemonReload=//p' "$KIT_DIR/run")
    [ -n "$load" ] && [ -n "$active" ] || failed unit_failed "$KIT_NAME" "$(last_said)"
    if [ "$file" = generated ]; then of_old; fi
}

# A script of old: systemd asks the tool of that time, which forgets the runlevels before 5.
of_old() {
    file=$(systemctl is-enabled -- "$KIT_NAME" 2>/dev/null)
    set -- /etc/rc[234].d/S[0-9][0-9]"${KIT_NAME%.service}"
    if [ -h "$1" ]; then file=enabled; fi
}

holds() {
    case $KIT_ENABLED in
        masked) [ "$file" = masked ] ;;
        # What is masked does not start either; what is not there even less.
        disabled) case $file in enabled*) false ;; esac ;;
        enabled) [ "$file" = enabled ] || [ "$file" = alias ] ;;
    esac || return 1
    case $KIT_ACTIVE-$active in
        yes-active | yes-reloading | no-inactive | no-failed) ;;
        *) return 1 ;;
    esac
}

set_boot() {
    case $KIT_ENABLED in
        masked) boot mask ;;
        disabled) case $file in enabled*) boot disable ;; esac ;;
        enabled)
            case $file in masked*) boot unmask && look ;; esac
            case $file in
                static | indirect | transient) failed unit_not_installable "$KIT_NAME" "$file" ;;
            esac
            [ "$file" = enabled ] || boot enable
            ;;
    esac
}

boot() {
    run systemctl --no-ask-password "$1" -- "$KIT_NAME" || diagnose unit_failed "$KIT_NAME"
}

set_now() {
    if [ "$KIT_ACTIVE" = yes ]; then verb=start; else verb=stop; fi
    case $verb-$active in
        start-active | stop-inactive | stop-failed) return ;;
    esac
    run systemctl --no-ask-password "$verb" -- "$KIT_NAME" && return
    said=$(last_said)
    systemctl status --no-pager --lines=20 -- "$KIT_NAME" # for the log
    failed unit_failed "$KIT_NAME" "$said"
}
