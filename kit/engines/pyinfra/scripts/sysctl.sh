#!/bin/sh
# A value of the running kernel: KIT_NAME, KIT_VALUE, and KIT_FILE; or KIT_FOLDER and KIT_PARAMETER,
# for every interface there is.
# shellcheck disable=SC2317,SC2329 # main is called by the line that follows

main() {
    set -f
    changed=
    if [ -n "$KIT_FOLDER" ]; then
        every
    else
        [ -f "$KIT_FILE" ] || failed sysctl_missing "$KIT_NAME"
        give "$KIT_NAME" "$KIT_FILE"
    fi
    if [ -z "$changed" ]; then answer unchanged; fi
    answer 'done'
}

every() {
    has=
    set +f
    set -- "$KIT_FOLDER"/* "$KIT_FOLDER"/.[!.]* "$KIT_FOLDER"/..?*
    set -f
    for place; do
        case ${place##*/} in all | default) continue ;; esac
        [ -f "$place/$KIT_PARAMETER" ] || continue
        has=yes
        give "$KIT_NAME (${place##*/})" "$place/$KIT_PARAMETER"
    done
    [ -n "$has" ] || failed sysctl_missing "$KIT_NAME"
}

# give NAME FILE
give() {
    if [ "$(value "$2")" = "$KIT_VALUE" ]; then return; fi
    foresee
    printf '%s\n' "$KIT_VALUE" >"$KIT_DIR/value"
    { cat -- "$KIT_DIR/value" >"$2"; } 2>"$KIT_DIR/run" || {
        if gone "$2"; then return; fi
        failed sysctl_refused "$1" "$(last_said)"
    }
    if [ "$(value "$2")" != "$KIT_VALUE" ]; then
        if gone "$2"; then return; fi
        failed not_effective "$1" "$(value "$2")"
    fi
    changed=yes
}

# An interface that went away in the meantime needs no value.
gone() {
    [ -n "$KIT_FOLDER" ] && [ ! -e "$1" ]
}

# Several numbers are told apart by tabs or blanks.
value() {
    # shellcheck disable=SC2005,SC2046 # blanks become one
    echo $(tr '\t' ' ' <"$1")
}
