#!/bin/sh
# For a sudo that asks for a password: the password travels alone on its own channel, so the
# runner, which cannot be on that one, is placed in a private folder with a pipe beside it. This
# holds the pipe open and feeds it until its input ends, then removes the folder.
#
# $1: the nonce. Standard input: this, "SIZE", the runner of SIZE bytes, then what goes to it.

main() {
    umask 077
    LC_ALL=C PATH=/usr/bin:/bin
    export LC_ALL PATH
    trap 'exit 143' HUP INT TERM PIPE
    folder=$(mktemp -d "${XDG_RUNTIME_DIR:-/tmp}/esms-kit-XXXXXXXX") ||
        folder=$(mktemp -d /tmp/esms-kit-XXXXXXXX) || exit 1
    trap 'rm -rf -- "$folder"' EXIT
    printf '\n%s folder %s\n' "$1" "$folder"
    read -r size || exit 1
    head -c "$size" >"$folder/runner" || exit 1
    [ "$(wc -c <"$folder/runner")" -eq "$size" ] || exit 1
    # Open both ways: it waits for no reader, and one that ends early leaves nothing hanging.
    mkfifo "$folder/pipe" && exec 3<>"$folder/pipe" || exit 1
    printf '%s placed\n' "$1"
    cat >&3
}

main "$@"
