#!/bin/sh
# A value of the running kernel: KIT_NAME, KIT_FILE, KIT_VALUE.
# shellcheck disable=SC2317,SC2329 # main is called by the line that follows

main() {
    set -f
    [ -f "$KIT_FILE" ] || failed sysctl_missing "$KIT_NAME"
    if [ "$(value)" = "$KIT_VALUE" ]; then answer unchanged; fi
    printf '%s\n' "$KIT_VALUE" >"$KIT_DIR/value"
    { cat -- "$KIT_DIR/value" >"$KIT_FILE"; } 2>"$KIT_DIR/run" ||
        failed sysctl_refused "$KIT_NAME" "$(last_said)"
    [ "$(value)" = "$KIT_VALUE" ] || failed not_effective "$KIT_NAME" "$(value)"
    answer 'done'
}

# Several numbers are told apart by tabs or blanks.
value() {
    # shellcheck disable=SC2005,SC2046 # blanks become one
    echo $(tr '\t' ' ' <"$KIT_FILE")
}
