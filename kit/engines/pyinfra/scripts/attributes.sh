#!/bin/sh
# Owner, group and rights of existing files: KIT_PATTERN (no other special character than * and
# ?), KIT_TYPE, KIT_OWNER, KIT_GROUP, KIT_WITHIN, KIT_RELOAD. Rights are only taken away.
#
# Some of these files stand in folders of ordinary users, who could put a link in their place
# between a look and a change. So each is opened first, and what was opened is looked at and
# changed, through its descriptor.
# shellcheck disable=SC2317,SC2329 # main is called by the line that follows

main() {
    literal_part
    touched=no
    found=no
    # shellcheck disable=SC2086 # to be expanded, and by nothing else than file names
    IFS='' && set -- $pattern && unset IFS
    for path in "$@"; do
        [ -e "$path" ] && [ ! -L "$path" ] || continue
        if [ "$KIT_TYPE" = directory ]; then [ -d "$path" ]; else [ -f "$path" ]; fi || continue
        found=yes
        # What cannot be opened ends no shell this way; with exec it would.
        # shellcheck disable=SC2094 # its mode is written, not its content
        mend "$path" 4<"$path" || failed denied "$path"
    done
    case $KIT_PATTERN in
        *[*?]*) ;;
        *)
            [ ! -L "$KIT_PATTERN" ] || failed not_a_file "$KIT_PATTERN"
            [ -e "$KIT_PATTERN" ] || failed target_missing "$KIT_PATTERN"
            [ "$found" = yes ] || failed not_a_file "$KIT_PATTERN"
            ;;
    esac
    [ "$touched" = no ] || answer 'done'
    answer unchanged
}

# The folders in front of the first wildcard may be links of the system (/var/run); the rest may
# not. Sets $pattern.
literal_part() {
    fixed=$KIT_PATTERN
    case $fixed in *[*?]*) fixed=${fixed%%[*?]*} ;; esac
    fixed=${fixed%/*}
    rest=${KIT_PATTERN#"$fixed"}
    [ -e "${fixed:-/}" ] || absent_part
    real=$(readlink -f -- "${fixed:-/}") || failed target_missing "$KIT_PATTERN"
    pattern=${real%/}$rest
}

# No folder, no file: right for a wildcard, not for a name.
absent_part() {
    case $KIT_PATTERN in
        *[*?]*) answer unchanged ;;
        *) failed target_missing "$KIT_PATTERN" ;;
    esac
}

mend() {
    opened=/proc/self/fd/4
    expected "$(readlink "$opened")" || return 0
    if right; then return 0; fi
    foresee
    mark_pending
    if [ -n "$KIT_OWNER$KIT_GROUP" ]; then
        # Both, always: given one, busybox takes the other from the link that a descriptor is.
        owner=${KIT_OWNER:-$(stat -L -c %u "$opened")}
        group=${KIT_GROUP:-$(stat -L -c %g "$opened")}
        run chown -- "$owner:$group" "$opened" || diagnose unexpected "$1"
    fi
    if [ -n "$KIT_WITHIN" ]; then
        run chmod -- "$(printf '%04o' $((0$(stat -L -c %a "$opened") & KIT_WITHIN)))" "$opened" ||
            diagnose unexpected "$1"
    fi
    right || failed not_effective "$1"
    touched=yes
}

# expected PATH: whether what was opened is what the pattern is about, with no link on the way.
expected() {
    # shellcheck disable=SC2254 # it is a pattern
    case $1 in $pattern) ;; *) return 1 ;; esac
    [ "$(printf '%s' "$1" | tr -cd /)" = "$(printf '%s' "$pattern" | tr -cd /)" ] || return 1
    case $KIT_TYPE-$(stat -L -c %F "$opened") in
        directory-directory | file-regular*) return 0 ;;
        *) return 1 ;;
    esac
}

right() {
    # shellcheck disable=SC2046 # three words
    set -- $(stat -L -c '%U %G 0%a' "$opened")
    [ -z "$KIT_OWNER" ] || [ "$1" = "$KIT_OWNER" ] || return 1
    [ -z "$KIT_GROUP" ] || [ "$2" = "$KIT_GROUP" ] || return 1
    [ -z "$KIT_WITHIN" ] || [ $(($3 & ~KIT_WITHIN & 07777)) -eq 0 ]
}
