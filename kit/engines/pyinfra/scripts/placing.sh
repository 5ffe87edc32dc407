#!/bin/sh
# Files put in their place whole. A file is written beside its place and renamed: whoever looks
# sees the old one or the new one.
# shellcheck disable=SC2154,SC2317,SC2329 # called by the scripts that follow, which set $target

# trusted FOLDER: only root (or who runs this) can change what FOLDER, a real path, leads to. A
# folder all may write in passes when it is sticky, for what stands in it then belongs to its
# owner.
trusted() {
    trusted_part=$1
    while :; do
        trusted_stat=$(stat -c '%u %g 0%a' -- "$trusted_part") || return 1
        # shellcheck disable=SC2086 # three words
        set -- $trusted_stat
        [ "$1" -eq 0 ] || [ "$1" -eq "$(id -u)" ] || return 1
        if [ $(($3 & 01000)) -eq 0 ]; then
            [ $(($3 & 02)) -eq 0 ] || return 1
            [ $(($3 & 020)) -eq 0 ] || [ "$2" -eq 0 ] || return 1
        fi
        [ "$trusted_part" != / ] || return 0
        trusted_part=$(dirname -- "$trusted_part")
    done
}

# folder_of PATH: sets $real, the real path of the folder PATH stands in, made if it is missing.
folder_of() {
    folder=$(dirname -- "$1")
    present=$folder
    while [ ! -e "$present" ]; do present=$(dirname -- "$present"); done
    real=$(readlink -f -- "$present") && [ -d "$real" ] || failed not_a_file "$present"
    trusted "$real" || failed unsafe_path "$real"
    [ "$present" = "$folder" ] && return
    # Rights as the distribution gives them, whatever the umask of this script.
    run sh -c 'umask 022 && exec mkdir -p -- "$1"' sh "$folder" || diagnose unexpected "$folder"
    real=$(readlink -f -- "$folder") || failed not_a_file "$folder"
}

# open_beside: makes an empty file $beside next to $target, removed again unless it is placed.
open_beside() {
    name=$(basename -- "$target")
    # What a power cut left; not what somebody else is writing at this moment.
    find "$(dirname -- "$target")" -maxdepth 1 -type f -name ".$name.esms-kit.??????" \
        -mmin +10 -exec rm -f -- {} +
    run mktemp "$(dirname -- "$target")/.$name.esms-kit.XXXXXX" || diagnose unexpected "$target"
    beside=$(cat -- "$KIT_DIR/run")
    trap 'rm -f -- "$beside"' EXIT
    trap 'exit 143' TERM INT HUP
}

# fill_beside FILE OWNER:GROUP MODE: content, owner and mode, checked and on the disk.
fill_beside() {
    { cat -- "$1" >"$beside"; } 2>"$KIT_DIR/run" || diagnose unexpected "$target"
    cmp -s -- "$1" "$beside" || failed disk_full "$target"
    run chown -- "$2" "$beside" || diagnose unexpected "$target"
    run chmod -- "$3" "$beside" || diagnose unexpected "$target"
    run sync "$beside" || diagnose disk_full "$target"
}

# rename_beside: $beside takes the place of $target.
rename_beside() {
    mark_pending
    run mv -fT -- "$beside" "$target" || diagnose unexpected "$target"
    sync "$(dirname -- "$target")"
}

# mark_pending: before a file changes, note that its daemon has to take it in. The note outlives
# a lost connection; the reload removes it.
mark_pending() {
    [ -n "$KIT_RELOAD" ] || return 0
    run mkdir -p -- "$KIT_PENDING" || diagnose unexpected "$KIT_PENDING"
    run touch -- "$KIT_PENDING/$KIT_RELOAD" || diagnose unexpected "$KIT_PENDING"
}
