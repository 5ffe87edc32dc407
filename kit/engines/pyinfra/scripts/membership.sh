#!/bin/sh
# Who is in a local group: KIT_GROUP, KIT_PRESENT and KIT_ABSENT (names with blanks between),
# KIT_EXACTLY, KIT_CREATE. The list is written in one step.
# shellcheck disable=SC2317,SC2329 # main is called by the line that follows

main() {
    if ! local_entry /etc/group group "$KIT_GROUP"; then
        [ "$KIT_CREATE" = yes ] || failed account_missing "$KIT_GROUP"
        foresee
        room groupadd gpasswd
        tool "$KIT_GROUP" groupadd -r -- "$KIT_GROUP"
    fi
    for name in $KIT_PRESENT; do
        getent passwd "$name" >/dev/null || failed account_missing "$name"
    done
    former=$(members)
    wanted=$(list)
    [ "$former" != "$wanted" ] || settled
    # The account this session came in as is in no group by chance.
    case ",$former,:,$wanted," in
        *",${SUDO_USER:-/},"*:*",${SUDO_USER:-/},"*) ;;
        *",${SUDO_USER:-/},"*:*) failed would_cut "$SUDO_USER" ;;
    esac
    foresee
    room gpasswd
    tool "$KIT_GROUP" gpasswd -M "$wanted" -- "$KIT_GROUP"
    changed=yes
    [ "$(members)" = "$wanted" ] || failed not_effective "$KIT_GROUP"
    settled
}

# A name that is in it by its own account is told: nothing here takes it out.
settled() {
    if [ "$KIT_EXACTLY" = yes ]; then
        others=$(KIT_NUMBER=$(field /etc/group "$KIT_GROUP" 3) KIT_PRESENT=" $KIT_PRESENT " awk -F: '
            $4 == ENVIRON["KIT_NUMBER"] && !index(ENVIRON["KIT_PRESENT"], " " $1 " ") { print $1 }
        ' /etc/passwd)
        [ -z "$others" ] || failed not_effective "$KIT_GROUP" "$others"
    fi
    [ -z "${changed-}" ] || answer 'done'
    answer unchanged
}

members() {
    field /etc/group "$KIT_GROUP" 4
}

# As they stand, those that are wanted and missing at the end; nobody twice.
list() {
    kept=
    IFS=,
    for name in $former; do
        case " $KIT_ABSENT " in *" $name "*) continue ;; esac
        case "$KIT_EXACTLY: $KIT_PRESENT " in
            no:* | yes:*" $name "*) kept=$kept${kept:+,}$name ;;
        esac
    done
    unset IFS
    for name in $KIT_PRESENT; do
        case ",$kept," in
            *",$name,"*) ;;
            *) kept=$kept${kept:+,}$name ;;
        esac
    done
    printf '%s' "$kept"
}
