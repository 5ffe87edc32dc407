#!/bin/sh
# Accounts, groups and keys as they were held. The session's own account and root are spared.
# shellcheck disable=SC2016,SC2154,SC2317,SC2329 # for another shell; set and called by put_back.sh

# One that the run has made goes again; one that it has removed does not come back by itself.
put_account() {
    read -r sort _rest <"$held.state"
    if [ "$sort" = absent ]; then
        spare "$KIT_FIRST"
        room userdel
        tool "$KIT_FIRST" userdel -- "$KIT_FIRST"
        return
    fi
    [ -n "$(line_of /etc/passwd "$KIT_FIRST")" ] || failed account_missing "$KIT_FIRST"
    room usermod chpasswd chage
    {
        IFS=: read -r _name _word _user _group _text home shell
        IFS=: read -r _name hash changed _min _max _warn _idle expires _flag
    } <"$held.content"
    [ -n "$home" ] && [ -n "$hash" ] || failed held_gone "$KIT_FIRST"
    [ "$(field /etc/passwd "$KIT_FIRST" 7)" = "$shell" ] ||
        tool "$KIT_FIRST" usermod -s "$shell" -- "$KIT_FIRST"
    [ "$(field /etc/passwd "$KIT_FIRST" 6)" = "$home" ] ||
        tool "$KIT_FIRST" usermod -d "$home" -- "$KIT_FIRST"
    if [ "$(field /etc/shadow "$KIT_FIRST" 2)" != "$hash" ]; then
        printf '%s:%s\n' "$KIT_FIRST" "$hash" | chpasswd -e >"$KIT_DIR/run" 2>&1 ||
            diagnose password_refused "$KIT_FIRST"
        tool "$KIT_FIRST" chage -d "${changed:--1}" -- "$KIT_FIRST"
    fi
    [ "$(field /etc/shadow "$KIT_FIRST" 8)" = "$expires" ] ||
        tool "$KIT_FIRST" chage -E "${expires:--1}" -- "$KIT_FIRST"
}

put_membership() {
    read -r sort members <"$held.state"
    if [ "$sort" = absent ]; then
        room groupdel
        tool "$KIT_FIRST" groupdel -- "$KIT_FIRST"
        return
    fi
    members=$(printf '%b' "$members" | tr -d '\0')
    case ",$(field /etc/group "$KIT_FIRST" 4),:,$members," in
        *",${SUDO_USER:-/},"*:*",${SUDO_USER:-/},"*) ;;
        *",${SUDO_USER:-/},"*:*) failed would_cut "$SUDO_USER" ;;
    esac
    room gpasswd
    tool "$KIT_FIRST" gpasswd -M "$members" -- "$KIT_FIRST"
}

put_keys() {
    line=$(line_of /etc/passwd "$KIT_FIRST")
    [ -n "$line" ] || failed account_missing "$KIT_FIRST"
    while read -r name sort; do
        if [ "$sort" = absent ]; then
            as_owner 'rm -f -- "$1"' "$name" 2>"$KIT_DIR/run" || diagnose denied "$KIT_FIRST"
        else
            [ -f "$held.$name" ] || failed held_gone "$KIT_FIRST"
            as_owner '
                beside=$(mktemp "$1.esms-kit.XXXXXX") || exit
                trap '\''rm -f -- "$beside"'\'' EXIT
                cat >"$beside" && sync "$beside" && mv -fT -- "$beside" "$1"' "$name" \
                <"$held.$name" 2>"$KIT_DIR/run" || diagnose denied "$KIT_FIRST"
        fi
    done <"$held.state"
}
