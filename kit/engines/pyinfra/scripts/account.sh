#!/bin/sh
# A local account: KIT_NAME, KIT_STATE, KIT_MAKE (no: one that is missing stays so), KIT_SYSTEM, KIT_HOME, KIT_SHELL, KIT_LOCKED (yes, no or
# nothing), KIT_EXPIRES, KIT_PASSWORD (clear, hash or nothing). The password itself is the one line
# of descriptor 9; it is in no file, no argument and no environment.
# shellcheck disable=SC2153,SC2317,SC2329 # KIT_NAME is data; main is called by the line that follows

main() {
    secret=
    if [ -n "$KIT_PASSWORD" ]; then
        IFS= read -r secret <&9 && [ -n "$secret" ] || failed secret_missing "$KIT_NAME"
        exec 9<&-
    fi
    [ -r /etc/shadow ] || failed denied /etc/shadow
    if [ "$KIT_STATE" = absent ]; then remove; fi
    [ "$KIT_MAKE" = yes ] || there || answer unchanged
    case $KIT_SHELL in
        '') ;;
        *) [ -x "$KIT_SHELL" ] || failed target_missing "$KIT_SHELL" ;;
    esac
    if holds; then answer unchanged; fi
    ! shuts_out || spare "$KIT_NAME"
    foresee
    room useradd usermod chpasswd
    if ! there; then create; fi
    change
    holds || failed not_effective "$KIT_NAME"
    answer 'done'
}

there() {
    local_entry /etc/passwd passwd "$KIT_NAME"
}

remove() {
    there || answer unchanged
    spare "$KIT_NAME"
    foresee
    room userdel
    tool "$KIT_NAME" userdel -- "$KIT_NAME" # what is in its home stays
    ! there || failed not_effective "$KIT_NAME"
    answer 'done'
}

# Whether what is wanted lets nobody in as this account any more.
shuts_out() {
    case $KIT_SHELL in */nologin | */false) return 0 ;; esac
    [ -n "$KIT_EXPIRES" ] && [ "$KIT_EXPIRES" != never ]
}

holds() {
    there || return 1
    shell_holds && home_holds && expiry_holds && lock_holds && password_holds
}

shell_holds() {
    [ -z "$KIT_SHELL" ] || [ "$(field /etc/passwd "$KIT_NAME" 7)" = "$KIT_SHELL" ]
}

home_holds() {
    [ -z "$KIT_HOME" ] || [ "$(field /etc/passwd "$KIT_NAME" 6)" = "$KIT_HOME" ]
}

# Days since 1970, as the file has them.
expiry_holds() {
    [ -n "$KIT_EXPIRES" ] || return 0
    day=
    [ "$KIT_EXPIRES" = never ] || day=$(($(date -u -d "$KIT_EXPIRES" +%s) / 86400))
    [ "$(field /etc/shadow "$KIT_NAME" 8)" = "$day" ]
}

# Whether a password lets somebody in; an empty one is neither the one nor the other.
lock_holds() {
    case $(field /etc/shadow "$KIT_NAME" 2) in
        '') shut=open ;;
        [*!]*) shut=yes ;;
        *) shut=no ;;
    esac
    [ -z "$KIT_LOCKED" ] || [ "$shut" = "$KIT_LOCKED" ]
}

password_holds() {
    hash=$(field /etc/shadow "$KIT_NAME" 2)
    case $KIT_PASSWORD in
        '') return 0 ;;
        hash) [ "$hash" = "$secret" ] ;;
        clear)
            case $hash in '' | [*!]*) return 1 ;; esac
            need perl
            printf '%s\n%s\n' "$secret" "$hash" | perl -e '
                chomp(my $clear = <STDIN>); chomp(my $hash = <STDIN>);
                my $made = crypt($clear, $hash);
                exit(defined $made && $made eq $hash ? 0 : 1);'
            ;;
    esac
}

create() {
    set -- -p '*'
    if [ "$KIT_SYSTEM" = yes ]; then set -- "$@" -r -M; else set -- "$@" -m; fi
    [ -z "$KIT_HOME" ] || set -- "$@" -d "$KIT_HOME"
    [ -z "$KIT_SHELL" ] || set -- "$@" -s "$KIT_SHELL"
    if local_entry /etc/group group "$KIT_NAME"; then
        set -- "$@" -g "$KIT_NAME"
    else
        set -- "$@" -U
    fi
    tool "$KIT_NAME" useradd "$@" -- "$KIT_NAME"
    [ "$KIT_SYSTEM" = no ] || return 0
    home=$(field /etc/passwd "$KIT_NAME" 6)
    [ ! -d "$home" ] || [ -L "$home" ] || run chmod 0700 -- "$home"
}

# The password before the lock is taken off: never a moment without one.
change() {
    shell_holds || tool "$KIT_NAME" usermod -s "$KIT_SHELL" -- "$KIT_NAME"
    home_holds || tool "$KIT_NAME" usermod -d "$KIT_HOME" -- "$KIT_NAME"
    if [ "$KIT_LOCKED" = yes ] && ! lock_holds; then lock; fi
    password_holds || set_password
    if [ "$KIT_LOCKED" = no ] && ! lock_holds; then unlock; fi
    expiry_holds || set_expiry
}

# An empty password is none to keep.
lock() {
    if [ -n "$(field /etc/shadow "$KIT_NAME" 2)" ]; then
        tool "$KIT_NAME" usermod -L -- "$KIT_NAME"
    else
        tool "$KIT_NAME" usermod -p '*' -- "$KIT_NAME"
    fi
}

unlock() {
    case $(field /etc/shadow "$KIT_NAME" 2) in
        '!'?*) tool "$KIT_NAME" usermod -U -- "$KIT_NAME" ;;
        *) failed secret_missing "$KIT_NAME" ;; # there is no password to unlock
    esac
}

set_password() {
    set --
    [ "$KIT_PASSWORD" = clear ] || set -- -e
    # printf is part of the shell: no other process is given the password as an argument.
    if printf '%s:%s\n' "$KIT_NAME" "$secret" | chpasswd "$@" >"$KIT_DIR/run" 2>&1; then
        return
    fi
    cat -- "$KIT_DIR/run"
    diagnose password_refused "$KIT_NAME"
}

set_expiry() {
    day=$KIT_EXPIRES
    [ "$day" != never ] || day=
    tool "$KIT_NAME" usermod -e "$day" -- "$KIT_NAME"
}
