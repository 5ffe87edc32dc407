#!/bin/sh
# Runs as root on the device for the length of a session, and does what it is handed on standard
# input: "NONCE SIZE SECONDS GIVEN", then a script of SIZE bytes and GIVEN bytes for the script's own
# standard input: secrets, which are never in a file, or a package. Answers with "NONCE answer STATUS OUT ERR" and
# that many bytes of output and of errors. Ends when its input ends.
#
# $1: the nonce. $2: a pipe to read from instead of standard input.
#
# Scripts write to files, not to the connection: a lost connection never stops a package
# installation half-way.

most=65536

main() {
    umask 077
    LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
    export LC_ALL PATH HOME
    unset IFS CDPATH ENV BASH_ENV LD_PRELOAD LD_LIBRARY_PATH
    cd / || exit 1
    nonce=$1
    [ -z "${2-}" ] || exec <"$2" || exit 1
    # Caught, not ignored: what is run here starts with the usual dispositions.
    trap : PIPE HUP
    trap 'exit 143' TERM INT
    KIT_DIR=$(mktemp -d /run/esms-kit-XXXXXXXX) || exit 1
    export KIT_DIR
    trap 'rm -rf -- "$KIT_DIR"' EXIT
    echo $$ >"$KIT_DIR/runner" # whoever locks the device looks whether this is at work
    # What a login shell has printed may not have ended its line.
    printf '\n%s ready\n' "$nonce"
    while read -r said size seconds given; do
        [ "$said" = "$nonce" ] || exit 2
        head -c "$size" >"$KIT_DIR/job" || exit 2
        [ "$(wc -c <"$KIT_DIR/job")" -eq "$size" ] || exit 2
        pass_on "$given" |
            timeout -k 10 "$seconds" sh "$KIT_DIR/job" >"$KIT_DIR/out" 2>"$KIT_DIR/err"
        answer $?
        : >"$KIT_DIR/job" # whoever locks the device sees that nothing is being done here
    done
}

# The next bytes of our input and no more, to the last: what a script leaves of them is not the
# beginning of the next one.
pass_on() {
    [ "$1" -eq 0 ] || head -c "$1" 2>/dev/null | {
        cat 2>/dev/null
        cat >/dev/null
    }
}

# answer STATUS
answer() {
    # shellcheck disable=SC2046 # two numbers
    set -- "$1" $(stat -c %s "$KIT_DIR/out" "$KIT_DIR/err")
    if [ "$2" -gt "$most" ] || [ "$3" -gt "$most" ]; then
        head -c "$most" "$KIT_DIR/out" >"$KIT_DIR/cut"
        tail -c "$most" "$KIT_DIR/err" >"$KIT_DIR/said"
        mv "$KIT_DIR/cut" "$KIT_DIR/out"
        mv "$KIT_DIR/said" "$KIT_DIR/err"
        # shellcheck disable=SC2046
        set -- "$1" $(stat -c %s "$KIT_DIR/out" "$KIT_DIR/err")
    fi
    printf '%s answer %d %d %d\n' "$nonce" "$1" "$2" "$3"
    cat "$KIT_DIR/out" "$KIT_DIR/err"
}

main "$@"
