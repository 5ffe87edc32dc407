#!/bin/sh
# A file the kit owns whole: KIT_PATH, KIT_STATE, KIT_CONTENT (its digest KIT_SHA), KIT_OWNER,
# KIT_GROUP, KIT_MODE, KIT_VALIDATOR, KIT_RELOAD.
# shellcheck disable=SC2154,SC2317,SC2329 # placing.sh sets some, the line that follows calls main

main() {
    if [ "$KIT_STATE" = absent ]; then remove; else place; fi
}

# A symbolic link in the file's place is replaced or removed itself; what it leads to is not ours.
remove() {
    [ -e "$KIT_PATH" ] || [ -L "$KIT_PATH" ] || answer unchanged
    folder_of "$KIT_PATH"
    target=${real%/}/${KIT_PATH##*/}
    [ -L "$target" ] || [ -f "$target" ] || failed not_a_file "$KIT_PATH"
    foresee
    [ "${KIT_DRY-no}" != check ] || answer 'done'
    mark_pending
    run rm -f -- "$target" || diagnose unexpected "$KIT_PATH"
    [ ! -e "$KIT_PATH" ] && [ ! -L "$KIT_PATH" ] || failed not_effective "$KIT_PATH"
    answer 'done'
}

place() {
    printf '%s' "$KIT_CONTENT" >"$KIT_DIR/new"
    [ "$(sha256sum <"$KIT_DIR/new")" = "$KIT_SHA  -" ] || failed disk_full "$KIT_DIR"
    if holds; then answer unchanged; fi
    foresee
    if [ "${KIT_DRY-no}" = check ]; then
        validate "$KIT_DIR/new" "$KIT_PATH"
        answer 'done'
    fi
    folder_of "$KIT_PATH"
    target=${real%/}/${KIT_PATH##*/}
    if [ -e "$target" ] && [ ! -L "$target" ] && [ ! -f "$target" ]; then
        failed not_a_file "$KIT_PATH"
    fi
    open_beside
    fill_beside "$KIT_DIR/new" "$KIT_OWNER" "$KIT_GROUP" "$KIT_MODE"
    validate "$beside" "$target"
    rename_beside
    holds || failed not_effective "$KIT_PATH"
    answer 'done'
}

holds() {
    [ -f "$KIT_PATH" ] && [ ! -L "$KIT_PATH" ] || return 1
    cmp -s -- "$KIT_DIR/new" "$KIT_PATH" || return 1
    wanted=$(printf '%s:%s %o' "$KIT_OWNER" "$KIT_GROUP" "$((KIT_MODE))")
    [ "$(stat -c '%U:%G %a' -- "$KIT_PATH")" = "$wanted" ]
}
