#!/bin/sh
# Before a device is touched: the lock is taken and what will be touched is held, root's alone.
# Afterwards: how it stands, and the lock is given back.
#
# KIT_ERRAND is hold, look, renew or settle; take and give are the lock alone. KIT_RUN, KIT_HOLDER
# (one word: which workspace), KIT_WHO (who and from where, one word), KIT_LEASE (seconds).
# KIT_PATIENCE: seconds to wait for what a run that is no more has begun. KIT_TARGETS: lines "ID KIND
# WORD...". KIT_RUNTIME, KIT_JOURNAL and KIT_PROCESSES (/proc) are folders; KIT_MOST bytes of one
# file are held at most, KIT_RUNS runs are kept. Lines "state ID ...", "none ID" go before the answer.
# shellcheck disable=SC2034,SC2317,SC2329 # main is called by the line that follows

main() {
    KIT_HELD=$KIT_JOURNAL/$KIT_RUN
    KIT_KEY=$KIT_JOURNAL/key
    printf '%s' "$KIT_TARGETS" >"$KIT_DIR/targets" || failed disk_full "$KIT_DIR"
    case $KIT_ERRAND in
        hold)
            take_lock
            trap give_back EXIT # unless all goes well
            make_room
            each_target hold_it
            sync "$KIT_HELD" 2>/dev/null
            forget_old
            trap - EXIT
            ;;
        renew | take) take_lock ;;
        give) give_back ;;
        look)
            known_key
            each_target tell_it
            ;;
        settle)
            known_key
            each_target tell_it
            give_back
            ;;
        *) failed unsupported "$KIT_ERRAND" ;;
    esac
    answer 'done'
}

# The lock is a line: until when (seconds since boot), which workspace, which run, who. It is gone
# with a reboot. One and the same workspace never has two runs of a site at a time: what it finds
# of its own is left from a process that is no more.
take_lock() {
    need flock
    run mkdir -p -m 0700 -- "$KIT_RUNTIME" || diagnose unexpected "$KIT_RUNTIME"
    exec 8>>"$KIT_RUNTIME/guard" || failed denied "$KIT_RUNTIME"
    flock -w 10 8 || failed no_lock "$KIT_RUNTIME"
    read -r now rest </proc/uptime
    now=${now%%.*}
    if [ -f "$KIT_RUNTIME/lock" ]; then
        until='' holder='' other='' who=''
        read -r until holder other who rest <"$KIT_RUNTIME/lock"
        case $until in '' | *[!0-9]*) until=0 ;; esac
        if [ "$holder" != "$KIT_HOLDER" ] && [ "$until" -gt "$now" ]; then
            failed locked "$who" "$other"
        fi
    fi
    printf '%s %s %s %s\n' "$((now + KIT_LEASE))" "$KIT_HOLDER" "$KIT_RUN" "$KIT_WHO" \
        >"$KIT_RUNTIME/lock.new" || failed disk_full "$KIT_RUNTIME"
    run mv -f -- "$KIT_RUNTIME/lock.new" "$KIT_RUNTIME/lock" || diagnose unexpected "$KIT_RUNTIME"
    exec 8>&-
    [ -z "${other-}" ] || [ "$KIT_ERRAND" = renew ] || wait_for_rest
}

# What a killed controller had begun on this device is finished there all the same: not both at once.
wait_for_rest() {
    left=$KIT_PATIENCE
    while still_at_work; do
        [ "$left" -gt 0 ] || failed locked "$who" "$other"
        sleep 1
        left=$((left - 1))
    done
}

still_at_work() {
    for place in "$KIT_RUNTIME"-????????/runner; do
        [ -s "$place" ] && [ -s "${place%/*}/job" ] || continue
        read -r process <"$place"
        [ ! -d "/proc/${process:-none}" ] || return 0
    done
    # The tasks of Ansible's role have this in their environment, and nothing they leave running does.
    grep -qsz '^KIT_AT_WORK=' "$KIT_PROCESSES"/[0-9]*/environ
}

give_back() {
    exec 8>>"$KIT_RUNTIME/guard" || return 0
    flock -w 10 8 || return 0
    until='' holder='' other=''
    read -r until holder other rest 2>/dev/null <"$KIT_RUNTIME/lock"
    if [ "$holder" = "$KIT_HOLDER" ] && [ "$other" = "$KIT_RUN" ]; then
        rm -f -- "$KIT_RUNTIME/lock"
    fi
    exec 8>&-
}

make_room() {
    parent=${KIT_JOURNAL%/*}
    [ ! -L "$parent" ] && [ ! -L "$KIT_JOURNAL" ] || failed unsafe_path "$KIT_JOURNAL"
    for folder in "$parent" "$KIT_JOURNAL" "$KIT_HELD"; do
        [ -d "$folder" ] || run mkdir -m 0700 -- "$folder" || diagnose unexpected "$folder"
    done
    run chmod 0700 -- "$KIT_JOURNAL" "$KIT_HELD" || diagnose unexpected "$KIT_JOURNAL"
    if [ ! -s "$KIT_KEY" ]; then
        head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"$KIT_KEY.new"
        [ "$(wc -c <"$KIT_KEY.new")" -eq 64 ] || failed disk_full "$KIT_KEY"
        run mv -f -- "$KIT_KEY.new" "$KIT_KEY" || diagnose unexpected "$KIT_KEY"
    fi
}

known_key() {
    [ -s "$KIT_KEY" ] || failed held_gone "$KIT_JOURNAL"
}

each_target() {
    while read -r id kind first second; do
        [ -n "$id" ] || continue
        "$1" "$id" "$kind" "$first" "$second"
    done <"$KIT_DIR/targets"
}

# tell ID FILE: what is in it, one line each.
tell() {
    sed "s/^/state $1 /" "$2" >&3
}

tell_it() {
    if state_of "$2" "$3" "$4" >"$KIT_DIR/state" 2>/dev/null; then
        tell "$1" "$KIT_DIR/state"
    else
        printf 'none %s\n' "$1" >&3
    fi
}

# What is held already is older and stays: a run that goes on after an interruption finds what it
# has itself left half done.
hold_it() {
    if [ -f "$KIT_HELD/$1.state" ]; then
        tell "$1" "$KIT_HELD/$1.state"
        return
    fi
    if ! state_of "$2" "$3" "$4" >"$KIT_DIR/state" 2>/dev/null; then
        printf 'none %s\n' "$1" >&3
        return
    fi
    read -r sort _owner _mode size _digest <"$KIT_DIR/state"
    if [ "$sort" = file ]; then
        case $2 in
            file | lines)
                if [ "$size" -gt "$KIT_MOST" ]; then
                    printf 'none %s\n' "$1" >&3
                    return
                fi
                cat -- "$3" >"$KIT_HELD/$1.content" 2>"$KIT_DIR/run" ||
                    diagnose disk_full "$KIT_HELD"
                [ "$(wc -c <"$KIT_HELD/$1.content")" -eq "$size" ] || failed disk_full "$KIT_HELD"
                run sync "$KIT_HELD/$1.content" || diagnose disk_full "$KIT_HELD"
                ;;
        esac
    fi
    keep "$2" "$3" "$KIT_HELD/$1" 2>"$KIT_DIR/run" || diagnose disk_full "$KIT_HELD"
    cat -- "$KIT_DIR/state" 2>"$KIT_DIR/run" >"$KIT_HELD/$1.new" || diagnose disk_full "$KIT_HELD"
    cmp -s -- "$KIT_DIR/state" "$KIT_HELD/$1.new" || failed disk_full "$KIT_HELD"
    run mv -f -- "$KIT_HELD/$1.new" "$KIT_HELD/$1.state" || diagnose disk_full "$KIT_HELD"
    tell "$1" "$KIT_HELD/$1.state"
}

# Names of runs sort by time.
forget_old() {
    set -- "$KIT_JOURNAL"/[0-9]*T[0-9]*Z-*
    while [ "$#" -gt "$KIT_RUNS" ]; do
        [ "$1" = "$KIT_HELD" ] || rm -rf -- "$1"
        shift
    done
}
