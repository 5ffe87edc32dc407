#!/bin/sh
# How a target stands, in words: what is held before it is touched, compared afterwards, put back.
# KIT_HELD is the folder of one run in the device's own journal, root's alone.
# shellcheck disable=SC2016,SC2317,SC2329 # for another shell; called by the scripts that follow

# word TEXT: the text as one word of plain characters; printf %b gives it back.
word() {
    case $1 in
        '') printf '%s' '\0' ;;
        *[!A-Za-z0-9_./@+:=,~-]*)
            printf '%s' "$1" | od -An -v -to1 | tr -d '\n' | sed 's/ /\\0/g' ;;
        *) printf '%s' "$1" ;;
    esac
}

# state_of KIND WORD...: one line or more; the same lines mean the same state. Status 1: it cannot
# be told. "unknown" is said where no change can be made either: no dpkg, no systemd.
state_of() {
    case $1 in
        file) state_of_file "$2" ;;
        lines)
            if [ -L "$2" ]; then
                real=$(readlink -f -- "$2") || return 1
                state_of_file "$real"
            else
                state_of_file "$2"
            fi
            ;;
        attributes) state_of_attributes "$2" "$3" ;;
        package) state_of_package "$2" ;;
        unit) state_of_unit "$2" ;;
        sysctl) state_of_value "$2" ;;
        every) state_of_every "$2" "$3" ;;
        account) state_of_account "$2" ;;
        membership) state_of_membership "$2" ;;
        authorized_keys) state_of_keys "$2" ;;
        pinned) state_of_pinned "$2" ;;
        pam) state_of_pam ;;
        oath_user) state_of_factor "$2" ;;
        *) return 1 ;;
    esac
}

# line_of FILE NAME: the line of an account or a group in one of the system's own files.
line_of() {
    KIT_WANTED=$2 awk -F: '$1 == ENVIRON["KIT_WANTED"] { print; exit }' "$1"
}

# The password shows only as a digest, with the device's own key in it.
state_of_account() {
    line=$(line_of /etc/passwd "$1") && shadow=$(line_of /etc/shadow "$1") || return 1
    if [ -z "$line" ]; then
        echo absent
        return
    fi
    digest=$(printf '%s' "$shadow" | cut -d: -f2 | cat -- "$KIT_KEY" - | sha256sum)
    printf 'account %s %s %s\n' "$(word "$(printf '%s' "$line" | cut -d: -f3,4,6,7)")" \
        "$(word "$(printf '%s' "$shadow" | cut -d: -f8)")" "${digest%% *}"
}

state_of_membership() {
    line=$(line_of /etc/group "$1") || return 1
    if [ -z "$line" ]; then echo absent; else printf 'members %s\n' "$(word "${line##*:}")"; fi
}

# Both files sshd looks at; read with the account's own rights, for it may put links there. An
# account that is not there has none.
state_of_keys() {
    line=$(line_of /etc/passwd "$1") || return 1
    if [ -z "$line" ]; then
        printf '%s absent\n' authorized_keys authorized_keys2
        return
    fi
    for name in authorized_keys authorized_keys2; do
        if as_owner 'cat -- "$1"' "$name" >"$KIT_DIR/keys" 2>/dev/null; then
            digest=$(cat -- "$KIT_KEY" "$KIT_DIR/keys" | sha256sum)
            printf '%s %s\n' "$name" "${digest%% *}"
        else
            printf '%s absent\n' "$name"
        fi
    done
}

# as_owner SCRIPT NAME: as the account of $line and nothing more; $1 of the script is that file in
# its folder of keys.
as_owner() {
    home=$(printf '%s' "$line" | cut -d: -f6)
    setpriv --reuid "$(printf '%s' "$line" | cut -d: -f3)" \
        --regid "$(printf '%s' "$line" | cut -d: -f4)" --init-groups --inh-caps=-all \
        sh -c "umask 077; $1" sh "$home/.ssh/$2"
}

# keep KIND WORD PLACE: what is needed to put it back, beside PLACE, root's alone.
keep() {
    case $1 in
        account)
            line_of /etc/passwd "$2" >"$3.content" && line_of /etc/shadow "$2" >>"$3.content" ;;
        authorized_keys)
            line=$(line_of /etc/passwd "$2")
            [ -n "$line" ] || return 0
            for name in authorized_keys authorized_keys2; do
                as_owner 'cat -- "$1"' "$name" >"$3.$name" 2>/dev/null || rm -f -- "$3.$name"
            done
            ;;
        pam)
            [ "$(cat -- "$KIT_DIR/state")" != unknown ] || return 0
            number=0
            while read -r path; do
                number=$((number + 1))
                cat -- "$path" >"$3.$number" || return
            done <"$KIT_DIR/pam_files"
            ;;
        oath_user) ! small "$FACTORS" || cat -- "$FACTORS" >"$3.content" ;;
    esac
}

# small FILE: a regular file, no larger than what is held.
small() {
    [ -f "$1" ] && [ ! -L "$1" ] && [ "$(stat -c %s -- "$1")" -le "${KIT_MOST:-1048576}" ]
}

# pam_files: what pam-auth-update writes, and our profiles; one path a line, always in one order.
pam_files() {
    for path in /etc/pam.d/common-auth /etc/pam.d/common-account /etc/pam.d/common-password \
        /etc/pam.d/common-session /etc/pam.d/common-session-noninteractive \
        /var/lib/pam/* /usr/share/pam-configs/esms-kit-*; do
        if [ -e "$path" ] || [ -L "$path" ]; then printf '%s\n' "$path"; fi
    done
}

state_of_pam() {
    pam_files >"$KIT_DIR/pam_files" || return 1
    whole=no
    [ ! -f /etc/pam.d/common-auth ] || whole=yes
    while read -r path; do
        small "$path" || whole=no
    done <"$KIT_DIR/pam_files"
    if [ "$whole" = no ]; then
        echo unknown
        return
    fi
    while read -r path; do
        told=$(state_of_file "$path") || return 1
        printf '%s %s\n' "$(word "$path")" "$told"
    done <"$KIT_DIR/pam_files"
}

# What pam_oath checks codes with.
FACTORS=/etc/users.oath

# Kind, PIN and seed of each line of the account, in one keyed digest; what pam_oath writes behind
# them moves with every use and is no part of it. "counted": its codes do not end with the time.
state_of_factor() {
    if [ ! -e "$FACTORS" ] && [ ! -L "$FACTORS" ]; then
        echo absent
        return
    fi
    if ! small "$FACTORS"; then
        echo unknown
        return
    fi
    KIT_WANTED=$1 awk '$1 !~ /^#/ && $2 == ENVIRON["KIT_WANTED"] { print $1, $3, tolower($4) }' \
        "$FACTORS" >"$KIT_DIR/factors" || return 1
    [ -s "$KIT_DIR/factors" ] || echo absent
    while read -r kind rest; do
        digest=$(printf '%s %s' "$kind" "$rest" | cat -- "$KIT_KEY" - | sha256sum)
        case $kind in
            HOTP/T*) printf 'timed %s\n' "${digest%% *}" ;;
            *) printf 'counted %s\n' "${digest%% *}" ;;
        esac
    done <"$KIT_DIR/factors"
    rm -f -- "$KIT_DIR/factors"
}

# The digest is of the key and the content: it tells two contents apart, and nobody who lacks the
# key can try contents until one fits.
state_of_file() {
    if [ -L "$1" ]; then
        printf 'link %s\n' "$(word "$(readlink -- "$1")")"
    elif [ -f "$1" ]; then
        set -- "$1" "$(stat -c '%u:%g %04a %s' -- "$1")" "$(cat -- "$KIT_KEY" "$1" | sha256sum)"
        [ -n "$2" ] && [ -n "$3" ] || return 1
        printf 'file %s %s\n' "$2" "${3%% *}"
    elif [ -e "$1" ]; then
        echo other
    else
        echo absent
    fi
}

# state_of_attributes TYPE PATTERN: as attributes.sh finds them.
state_of_attributes() {
    fixed=$2
    case $fixed in *[*?]*) fixed=${fixed%%[*?]*} ;; esac
    fixed=${fixed%/*}
    rest=${2#"$fixed"}
    if [ ! -e "${fixed:-/}" ]; then
        echo none
        return
    fi
    real=$(readlink -f -- "${fixed:-/}") || return 1
    found=none
    # shellcheck disable=SC2086 # to be expanded, and by nothing else than file names
    IFS='' && set -- "$1" ${real%/}$rest && unset IFS
    type=$1
    shift
    for path; do
        [ -e "$path" ] && [ ! -L "$path" ] || continue
        if [ "$type" = directory ]; then [ -d "$path" ]; else [ -f "$path" ]; fi || continue
        found=some
        printf '%s %s\n' "$(word "$path")" "$(stat -c '%u:%g %04a %d:%i' -- "$path")"
    done
    [ "$found" = some ] || echo none
}

state_of_package() {
    said=0
    status=$(dpkg-query -W -f '${db:Status-Status}\n' -- "$1" 2>/dev/null) || said=$?
    case $said-$status in
        [01]- | 0-not-installed) echo absent ;;
        0-config-files) echo removed ;;
        0-installed | 0-triggers-*) echo installed ;;
        *) echo unknown ;; # half of it, several architectures, or no answer
    esac
}

# With its version: another one is another state.
state_of_pinned() {
    told=$(state_of_package "$1")
    if [ "$told" != installed ]; then
        printf '%s\n' "$told"
        return
    fi
    version=$(dpkg-query -W -f '${Version}\n' -- "$1" 2>/dev/null) || return 1
    printf 'installed %s\n' "$(word "$version")"
}

# Whether it starts at boot, whether it runs.
state_of_unit() {
    shown=$(systemctl show --property=LoadState,UnitFileState,ActiveState -- "$1" 2>/dev/null) ||
        shown=''
    file='' active=''
    while IFS='=' read -r name value; do
        case $name in
            UnitFileState) file=$value ;;
            ActiveState) active=$value ;;
        esac
    done <<END
$shown
END
    if [ "$file" = generated ]; then
        file=$(systemctl is-enabled -- "$1" 2>/dev/null)
        set -- /etc/rc[234].d/S[0-9][0-9]"${1%.service}"
        if [ -h "$1" ]; then file=enabled; fi
    fi
    case $file in
        enabled*) boot=starts ;;
        masked*) boot=masked ;;
        *) boot=not ;;
    esac
    case $active in
        active | reloading) printf '%s runs\n' "$boot" ;;
        inactive | failed | activating | deactivating) printf '%s rests\n' "$boot" ;;
        *) echo unknown ;;
    esac
}

state_of_value() {
    if [ ! -f "$1" ]; then
        echo none
        return
    fi
    # shellcheck disable=SC2046,SC2005 # blanks become one
    printf '%s %s\n' "$1" "$(echo $(tr '\t' ' ' <"$1"))"
}

# state_of_every FOLDER PARAMETER: of each interface.
state_of_every() {
    told=none
    for place in "$1"/*; do
        case ${place##*/} in all | default) continue ;; esac
        [ -f "$place/$2" ] || continue
        told=some
        state_of_value "$place/$2" || return 1
    done
    [ "$told" = some ] || echo none
}
