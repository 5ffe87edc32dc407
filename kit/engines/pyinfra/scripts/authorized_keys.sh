#!/bin/sh
# The SSH keys of an account: KIT_ACCOUNT, KIT_KEYS (one a line), KIT_EXCLUSIVE. Its files stand in
# a folder of its own, where it may put links: they are read and written with its own rights, never
# with root's.
# shellcheck disable=SC2016,SC2317,SC2329 # for another shell; main is called by the line below

main() {
    need setpriv
    entry=$(getent passwd "$KIT_ACCOUNT") || failed account_missing "$KIT_ACCOUNT"
    IFS=: read -r _name _word user group _text home _shell <<END
$entry
END
    [ -d "$home" ] || failed target_missing "$home"
    file=$home/.ssh/authorized_keys
    former
    edit || failed disk_full "$KIT_DIR"
    second=$(as_account 'cat -- "$1.ssh/authorized_keys2" 2>/dev/null' "$home/" | wc -c)
    if [ "$KIT_EXCLUSIVE" = no ] || [ "$second" -eq 0 ]; then second=; fi
    if same && [ -z "$second" ]; then answer unchanged; fi
    foresee
    same || place
    [ -z "$second" ] || as_account 'rm -f -- "$1.ssh/authorized_keys2"' "$home/" ||
        diagnose denied "$home/.ssh/authorized_keys2"
    former
    same || failed not_effective "$file"
    answer 'done'
}

# as_account SCRIPT WORD: as the account and nothing more.
as_account() {
    setpriv --reuid "$user" --regid "$group" --init-groups --inh-caps=-all \
        env HOME="$home" sh -c "umask 077; $1" sh "$2" 2>"$KIT_DIR/run"
}

former() {
    : >"$KIT_DIR/old"
    as_account '[ ! -e "$1" ] && [ ! -L "$1" ]' "$file" && return
    as_account 'cat -- "$1"' "$file" >"$KIT_DIR/old" || diagnose denied "$file"
}

# sshd takes no file that others may write.
same() {
    cmp -s -- "$KIT_DIR/old" "$KIT_DIR/new" || return 1
    [ -s "$KIT_DIR/new" ] || return 0
    as_account '[ -O "$1" ] && [ -z "$(find -L "$1" -perm /022)" ]' "$file"
}

place() {
    as_account '
        mkdir -p -- "${1%/*}" && chmod go-w -- "${1%/*}" || exit
        beside=$(mktemp "$1.esms-kit.XXXXXX") || exit
        trap '\''rm -f -- "$beside"'\'' EXIT
        cat >"$beside" && sync "$beside" && mv -fT -- "$beside" "$1"' "$file" <"$KIT_DIR/new" ||
        diagnose unexpected "$file"
}

# What it should hold, into $KIT_DIR/new.
edit() {
    KIT_KEYS=$KIT_KEYS KIT_EXCLUSIVE=$KIT_EXCLUSIVE awk -- '
# Type and key of a line; what stands before them are options, with blanks only between quotes.
function key(line,    at, sign, quoted, words) {
    sub(/^[ \t]+/, "", line)
    if (line == "" || substr(line, 1, 1) == "#") return ""
    if (line !~ /^(ssh-|ecdsa-|sk-)/) {
        for (at = 1; at <= length(line); at++) {
            sign = substr(line, at, 1)
            if (sign == "\\" && substr(line, at + 1, 1) == "\"") { at++; continue }
            if (sign == "\"") quoted = !quoted
            if (!quoted && (sign == " " || sign == "\t")) break
        }
        line = substr(line, at)
        sub(/^[ \t]+/, "", line)
    }
    split(line, words, /[ \t]+/)
    return words[1] " " words[2]
}
BEGIN {
    exclusive = ENVIRON["KIT_EXCLUSIVE"] == "yes"
    count = split(ENVIRON["KIT_KEYS"], wanted, "\n") - 1
    for (i = 1; i <= count; i++) ours[key(wanted[i])] = wanted[i]
}
{
    found = key($0)
    if (found in ours) {
        if (!(found in there)) print ours[found]
        there[found] = 1
    } else if (!exclusive) print
}
END {
    for (i = 1; i <= count; i++) {
        found = key(wanted[i])
        if (!(found in there)) print ours[found]
        there[found] = 1
    }
}' "$KIT_DIR/old" >"$KIT_DIR/new"
}
