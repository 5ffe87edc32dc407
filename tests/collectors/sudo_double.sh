#!/bin/sh
# Stands in for sudo where the real one is not installed: same options, same streams, same words.
# tests/lab holds the same cases against the real one.
#   SUDO_DOUBLE=nopasswd | password | refused   SUDO_DOUBLE_PASSWORD=...
prompt=Password:
ask=yes
while [ $# -gt 0 ]; do
    case $1 in
        -n) ask=no ;;
        -S | -k) ;;
        -p) prompt=$2; shift ;;
        --) shift; break ;;
        *) break ;;
    esac
    shift
done
printf '%s\n' "$*" >>"$SUDO_DOUBLE_LOG"
case $SUDO_DOUBLE in
    nopasswd) exec "$@" ;;
    refused)
        echo "esms is not in the sudoers file." >&2
        exit 1
        ;;
esac
if [ "$ask" = no ]; then
    echo "sudo: a password is required" >&2
    exit 1
fi
for attempt in 1 2 3; do
    printf '%s' "$prompt" >&2
    # As sudo does: one character after the other, nothing behind the line's end.
    given=
    if ! IFS= read -r given; then
        echo "sudo: no password was provided" >&2
        exit 1
    fi
    if [ "$given" = "$SUDO_DOUBLE_PASSWORD" ]; then exec "$@"; fi
    echo "Sorry, try again." >&2
done
echo "sudo: $attempt incorrect password attempts" >&2
exit 1
