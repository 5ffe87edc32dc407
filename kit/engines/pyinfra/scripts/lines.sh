#!/bin/sh
# Lines of somebody else's file: KIT_PATH, KIT_PRESENT, KIT_REPLACES, KIT_ABSENT (one a line, each
# ended), KIT_CREATE, KIT_RELOAD. A symbolic link is followed: the file it leads to is edited.
# shellcheck disable=SC2154,SC2317,SC2329 # placing.sh sets some, the line that follows calls main

main() {
    if [ -e "$KIT_PATH" ]; then
        target=$(readlink -f -- "$KIT_PATH") && [ -f "$target" ] || failed not_a_file "$KIT_PATH"
        # shellcheck disable=SC2094 # neither writes
        tr -d '\0' <"$target" | cmp -s - "$target" || failed not_a_file "$KIT_PATH"
        edit "$target" || failed disk_full "$KIT_DIR"
        if whole "$target" | cmp -s - "$KIT_DIR/new"; then answer unchanged; fi
        foresee
        folder_of "$target"
        facts=$(stat -c '%u %g %a' -- "$target") || failed target_missing "$KIT_PATH"
    else
        [ ! -L "$KIT_PATH" ] || failed not_a_file "$KIT_PATH"
        [ -n "$KIT_PRESENT" ] || answer unchanged
        [ "$KIT_CREATE" = yes ] || failed target_missing "$KIT_PATH"
        foresee
        edit /dev/null || failed disk_full "$KIT_DIR"
        folder_of "$KIT_PATH"
        target=${real%/}/${KIT_PATH##*/} facts="$(id -u) $(id -g) 0644"
    fi
    open_beside
    # shellcheck disable=SC2086 # owner, group, mode
    fill_beside "$KIT_DIR/new" $facts
    rename_beside
    cmp -s -- "$KIT_DIR/new" "$KIT_PATH" || failed not_effective "$KIT_PATH"
    answer 'done'
}

# whole FILE: with a newline at its end, which alone is no difference.
whole() {
    cat -- "$1"
    [ -z "$(tail -c 1 -- "$1")" ] || echo
}

# edit FILE: what it should hold, into $KIT_DIR/new. Read twice: first for what is there already.
edit() {
    KIT_PRESENT=$KIT_PRESENT KIT_REPLACES=$KIT_REPLACES KIT_ABSENT=$KIT_ABSENT \
        awk -- '
function listed(text, into,    count) {
    count = split(text, into, "\n")
    return count ? count - 1 : 0  # each is ended by a newline
}
# Whether a line sets what the leading words of a wanted line set.
function taken(line, words,    next_char) {
    if (words == "") return 0
    sub(/^[ \t]+/, "", line)
    if (substr(line, 1, length(words)) != words) return 0
    next_char = substr(line, length(words) + 1, 1)
    return next_char == "" || next_char ~ /[ \t=]/ || words ~ /[ \t=]$/
}
BEGIN {
    wanted = listed(ENVIRON["KIT_PRESENT"], present)
    listed(ENVIRON["KIT_REPLACES"], replaces)
    unwanted = listed(ENVIRON["KIT_ABSENT"], absent)
    for (i = 1; i <= unwanted; i++) gone[absent[i]] = 1
    for (i = 1; i <= wanted; i++) ours[present[i]] = 1
    pass = 1
}
pass == 1 && FNR == 1 && NR > 1 { pass = 2 }
pass == 1 { there[$0] = 1; next }
($0 in ours) { print; next }
($0 in gone) { next }
{
    for (i = 1; i <= wanted; i++) {
        if (!taken($0, replaces[i])) continue
        if (!(present[i] in there)) { print present[i]; there[present[i]] = 1 }
        next
    }
    print
}
END {
    for (i = 1; i <= wanted; i++)
        if (!(present[i] in there)) { print present[i]; there[present[i]] = 1 }
}' "$1" "$1" >"$KIT_DIR/new"
}
