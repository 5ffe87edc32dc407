#!/bin/sh
# How a target stands, in words: what is held before it is touched, compared afterwards, put back.
# KIT_HELD is the folder of one run in the device's own journal, root's alone.
# shellcheck disable=SC2317,SC2329 # called by the scripts that follow

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
        *) return 1 ;;
    esac
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
