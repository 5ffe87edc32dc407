#!/bin/sh
# Files put in their place whole. A file is written beside its place and renamed: whoever looks
# sees the old one or the new one.
# shellcheck disable=SC2154,SC2317,SC2329 # called by the scripts that follow, which set $target

# trusted FOLDER: only root (or who runs this) can change what FOLDER, a real path, leads to. A
# folder all may write in passes when it is sticky, for what stands in it then belongs to its
# owner.
trusted() {
    part=$1
    set -- /
    while [ -n "${part#/}" ]; do
        set -- "$@" "$part"
        part=${part%/*}
    done
    stat -c '%u %g 0%a' -- "$@" >"$KIT_DIR/folders" || return 1
    me=$(id -u)
    while read -r user group rights; do
        [ "$user" -eq 0 ] || [ "$user" -eq "$me" ] || return 1
        [ $((rights & 01000)) -eq 0 ] || continue
        [ $((rights & 02)) -eq 0 ] || return 1
        [ $((rights & 020)) -eq 0 ] || [ "$group" -eq 0 ] || return 1
    done <"$KIT_DIR/folders"
}

# folder_of PATH: sets $real, the real path of the folder PATH stands in, made if it is missing.
folder_of() {
    folder=${1%/*}
    present=$folder
    while [ ! -e "${present:=/}" ]; do present=${present%/*}; done
    real=$(readlink -f -- "$present") && [ -d "$real" ] || failed not_a_file "$present"
    trusted "$real" || failed unsafe_path "$real"
    [ "$present" = "${folder:-/}" ] && return
    # Rights as the distribution gives them, whatever the umask of this script.
    run sh -c 'umask 022 && exec mkdir -p -- "$1"' sh "$folder" || diagnose unexpected "$folder"
    real=$(readlink -f -- "$folder") || failed not_a_file "$folder"
}

# open_beside: makes an empty file $beside next to $target, removed again unless it is placed.
open_beside() {
    near=${target%/*}/.${target##*/}.esms-kit.
    # What a power cut left; not what somebody else is writing at this moment.
    for left in "$near"??????; do
        [ ! -f "$left" ] || find "$left" -maxdepth 0 -mmin +10 -exec rm -f -- {} +
    done
    beside=$(mktemp "${near}XXXXXX" 2>"$KIT_DIR/run") || diagnose unexpected "$target"
    trap 'rm -f -- "$beside"' EXIT
    trap 'exit 143' TERM INT HUP
}

# fill_beside FILE OWNER GROUP MODE: content, owner and mode, checked and on the disk.
fill_beside() {
    run install -o "$2" -g "$3" -m "$4" -- "$1" "$beside" || diagnose unexpected "$target"
    cmp -s -- "$1" "$beside" || failed disk_full "$target"
    run sync "$beside" || diagnose disk_full "$target"
}

# rename_beside: $beside takes the place of $target.
rename_beside() {
    mark_pending
    run mv -fT -- "$beside" "$target" || diagnose unexpected "$target"
}

# mark_pending: before a file changes, note that its daemon has to take it in. The note outlives
# a lost connection; the reload removes it.
mark_pending() {
    [ -n "$KIT_RELOAD" ] || return 0
    run mkdir -p -- "$KIT_PENDING" || diagnose unexpected "$KIT_PENDING"
    run touch -- "$KIT_PENDING/$KIT_RELOAD" || diagnose unexpected "$KIT_PENDING"
}
