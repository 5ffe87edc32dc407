#!/bin/sh
# One account's line of the file that pam_oath checks codes with: KIT_NAME, KIT_STATE; the seed, in
# hexadecimal, is the line of descriptor 9. While the seed is the same the line is left alone: behind
# it pam_oath keeps what makes a code good for once only.
# shellcheck disable=SC2034,SC2154,SC2317,SC2329 # read by placing.sh, or set there; main is called below

USERS=/etc/users.oath
KIND=HOTP/T30/6

main() {
    seed=
    if [ "$KIT_STATE" = present ]; then
        IFS= read -r seed <&9 && [ -n "$seed" ] || failed secret_missing "$KIT_NAME"
        exec 9<&-
        case $seed in
            *[!0-9a-fA-F]*) failed secret_missing "$KIT_NAME" 'a seed is hexadecimal' ;;
        esac
        [ $((${#seed} % 2)) -eq 0 ] || failed secret_missing "$KIT_NAME" 'a seed is hexadecimal'
    fi
    KIT_RELOAD='' target=$USERS
    if [ ! -e "$USERS" ] && [ ! -L "$USERS" ]; then
        [ "$KIT_STATE" = present ] || answer unchanged
        : >"$KIT_DIR/before" || failed disk_full "$KIT_DIR"
    else
        [ -f "$USERS" ] && [ ! -L "$USERS" ] || failed not_a_file "$USERS"
        cp -- "$USERS" "$KIT_DIR/before" || failed disk_full "$KIT_DIR"
        if holds; then answer unchanged; fi
    fi
    foresee
    folder_of "$USERS"
    edit || failed disk_full "$KIT_DIR"
    open_beside
    fill_beside "$KIT_DIR/new" 0 0 0600
    # Somebody who logs in at this moment has a counter written: it is not to be lost.
    if [ -e "$USERS" ] && ! cmp -s -- "$KIT_DIR/before" "$USERS"; then
        failed unexpected "$USERS" 'somebody is logging in; run again'
    fi
    rename_beside
    holds || failed not_effective "$USERS"
    answer 'done'
}

# lines: this account's lines, without the key.
lines() {
    KIT_SEED=$seed KIT_KIND=$KIND awk '
        $1 ~ /^#/ || $2 != ENVIRON["KIT_NAME"] { next }
        { count++ }
        $1 == ENVIRON["KIT_KIND"] && $3 == "-" && tolower($4) == tolower(ENVIRON["KIT_SEED"]) { right++ }
        END { print count + 0, right + 0 }' "$USERS"
}

holds() {
    export KIT_NAME
    if [ "$KIT_STATE" = absent ]; then
        [ ! -e "$USERS" ] || [ "$(lines)" = '0 0' ]
    else
        [ -f "$USERS" ] && [ "$(lines)" = '1 1' ] &&
            [ "$(stat -c '%u %g %a' -- "$USERS")" = '0 0 600' ]
    fi
}

# edit: the file as it should be, into $KIT_DIR/new. A line of the same seed keeps what follows it.
edit() {
    export KIT_NAME
    KIT_SEED=$seed KIT_KIND=$KIND awk '
        BEGIN { seed = tolower(ENVIRON["KIT_SEED"]); kind = ENVIRON["KIT_KIND"] }
        $1 ~ /^#/ || $2 != ENVIRON["KIT_NAME"] { print; next }
        seed != "" && !kept && $1 == kind && $3 == "-" && tolower($4) == seed { print; kept = 1 }
        END {
            if (seed != "" && !kept) print kind "\t" ENVIRON["KIT_NAME"] "\t-\t" seed
        }' "$KIT_DIR/before" >"$KIT_DIR/new"
}
