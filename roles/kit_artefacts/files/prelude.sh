#!/bin/sh
# In front of every script: how it answers. The KIT_ variables set above it are data.
#
# The last line of output is the answer: state, code, subject, detail, with tabs between. What
# programs print goes to the log, so that none of them can answer.
# shellcheck disable=SC2317,SC2329 # called by the scripts that follow

set -u
exec 3>&1 1>&2
breaks=$(printf '\t\nx') breaks=${breaks%x}

# answer STATE [CODE [SUBJECT [DETAIL]]]: the end.
answer() {
    printf '%s\t%s\t%s\t%s\n' "$1" "${2-}" "$(one_line "${3-}")" "$(one_line "${4-}")" >&3
    exit 0
}

failed() {
    answer failed "$@"
}

# foresee: the end of a trial run (KIT_DRY=yes), at the point where something would be changed. With
# KIT_DRY=check the new content of a file is checked first.
foresee() {
    [ "${KIT_DRY-no}" != yes ] || answer 'done'
}

# Most texts are one short line already and cost no process.
one_line() {
    case $1 in
        *["$breaks"]* | ?????????????????????????????????????????????????????????????????*)
            printf '%s' "$1" | tr '\t\n' '  ' | cut -c 1-600 ;;
        *) printf '%s' "$1" ;;
    esac
}

# run COMMAND...: its output goes to the log and is kept for diagnose.
run() {
    run_status=0
    "$@" >"$KIT_DIR/run" 2>&1 || run_status=$?
    [ ! -s "$KIT_DIR/run" ] || cat -- "$KIT_DIR/run"
    return "$run_status"
}

# The last line of what was run that says anything.
last_said() {
    grep -v '^[[:space:]]*$' "$KIT_DIR/run" | tail -n 1
}

# diagnose CODE SUBJECT: fail with what the kernel said, or else with CODE.
diagnose() {
    case $(cat -- "$KIT_DIR/run") in
        *'No space left on device'* | *'Disk quota exceeded'*) failed disk_full "$2" ;;
        *'Read-only file system'*) failed read_only "$2" ;;
        *'invalid user'* | *'invalid group'* | *'unknown user'* | *'unknown group'*)
            failed account_missing "${KIT_OWNER-}:${KIT_GROUP-}" ;;
        *'Operation not permitted'* | *'Permission denied'*) failed denied "$2" "$(last_said)" ;;
        *) failed "$1" "$2" "$(last_said)" ;;
    esac
}

need() {
    command -v "$1" >/dev/null 2>&1 || failed command_missing "$1"
}

# Under a watchdog (KIT_ARMED is there while it is armed): nothing is begun once it has put things
# back, and it waits for the end of what was begun.
if [ -n "${KIT_ARMED-}" ]; then
    need flock
    exec 8>/run/esms-kit-watchdog.lock || failed denied /run/esms-kit-watchdog.lock
    flock -s 8
    [ -e "$KIT_ARMED" ] || {
        rm -f /run/esms-kit-watchdog.lock # made by this very script, which comes too late
        failed watchdog_expired
    }
fi
