#!/bin/sh
# What PAM asks, and second factors, as they were held.
# shellcheck disable=SC2154,SC2317,SC2329 # set and called by put_back.sh

# No code can be valid longer than this after its use: seven steps of half a minute (three before,
# three after), and room for a clock that was set.
CODES_END=300

# Every file is looked at before any is placed. If root is not let through the account and session
# phases then, all is as it was a moment ago.
put_pam() {
    mkdir -p -- "$KIT_DIR/pam_held" "$KIT_DIR/pam_now" || failed disk_full "$KIT_DIR"
    take_held
    number=0
    while read -r path; do
        number=$((number + 1))
        cp -p -- "$path" "$KIT_DIR/pam_now/$number" || failed disk_full "$KIT_DIR"
    done <"$KIT_DIR/pam_files"
    cp -- "$KIT_DIR/pam_files" "$KIT_DIR/pam_now/list" || failed disk_full "$KIT_DIR"
    bring "$KIT_DIR/pam_held"
    if ! run su -s /bin/true -- "${SUDO_USER:-root}"; then
        why=$(last_said)
        bring "$KIT_DIR/pam_now"
        failed validator_refused pam "$why"
    fi
}

# take_held: the files that were held, with the rights they had, by number; "list" names them.
take_held() {
    number=0
    while read -r name sort owner mode _size digest; do
        number=$((number + 1))
        path=$(printf '%b' "$name")
        case $sort-$path in
            file-/etc/pam.d/common-* | file-/var/lib/pam/* | file-/usr/share/pam-configs/esms-kit-*) ;;
            *) failed held_gone "$KIT_RUN" ;;
        esac
        copy=$KIT_DIR/pam_held/$number
        cp -- "$held.$number" "$copy" 2>/dev/null || failed held_gone "$KIT_RUN"
        now=$(cat -- "$KIT_KEY" "$copy" | sha256sum)
        [ "${now%% *}" = "$digest" ] || failed held_gone "$KIT_RUN"
        if ! chown -- "$owner" "$copy" || ! chmod -- "$mode" "$copy"; then
            failed disk_full "$KIT_DIR"
        fi
        printf '%s\n' "$path"
    done <"$held.state" >"$KIT_DIR/pam_held/list"
}

# bring FOLDER: its files to their places, each in one step; others of the kind go.
bring() {
    number=0
    while read -r path; do
        number=$((number + 1))
        folder_of "$path"
        target=${real%/}/${path##*/}
        # shellcheck disable=SC2046 # three words
        set -- "$1" $(stat -c '%u %g %04a' -- "$1/$number")
        open_beside
        fill_beside "$1/$number" "$2" "$3" "$4"
        rename_beside
    done <"$1/list"
    pam_files >"$KIT_DIR/pam_placed"
    while read -r path; do
        grep -Fxq -e "$path" -- "$1/list" || rm -f -- "$path"
    done <"$KIT_DIR/pam_placed"
}

# The account's lines as they were held; those of others as they are now, used codes and all.
put_factor() {
    if [ -L "$FACTORS" ] || { [ -e "$FACTORS" ] && [ ! -f "$FACTORS" ]; }; then
        failed not_a_file "$FACTORS"
    fi
    before=$KIT_DIR/factors_now after=$KIT_DIR/factors_new
    : >"$before"
    [ ! -e "$FACTORS" ] || cp -p -- "$FACTORS" "$before" || failed disk_full "$KIT_DIR"
    read -r sort _digest <"$held.state"
    former=/dev/null
    if [ "$sort" != absent ]; then
        ! grep -q '^counted' "$held.state" || failed unsupported "$KIT_KIND"
        codes_ended
        former=$held.content
        [ -f "$former" ] || failed held_gone "$KIT_RUN"
    fi
    merge "$former" "$before" >"$after" || failed disk_full "$KIT_DIR"
    replaced
    if [ ! -s "$after" ] && [ ! -f "$held.content" ]; then
        still
        run rm -f -- "$FACTORS" || diagnose unexpected "$FACTORS"
        return
    fi
    folder_of "$FACTORS"
    # shellcheck disable=SC2034 # open_beside and what follows write it
    target=${real%/}/${FACTORS##*/}
    open_beside
    fill_beside "$after" 0 0 0600
    # What this writes is no use of a code: another account need not wait for it.
    [ ! -e "$FACTORS" ] || touch -r "$before" -- "$beside"
    still
    rename_beside
}

# Somebody who logs in at this moment has a counter written: it is not to be lost.
still() {
    [ ! -e "$FACTORS" ] || cmp -s -- "$before" "$FACTORS" ||
        failed unexpected "$FACTORS" 'somebody is logging in; run again'
}

# A code of the former seed that was used before the seed was replaced must not be good again. Every
# change of the file, and every use of a code, shows as the time of the file; what was taken away by
# a way back has a note of its own. A file that is gone shows as the time of its folder.
codes_ended() {
    place=$FACTORS
    [ -e "$place" ] || place=${FACTORS%/*}
    for place in "$place" "$KIT_JOURNAL/replaced.$KIT_FIRST"; do
        [ -e "$place" ] || continue
        age=$(($(date +%s) - $(stat -c %Y -- "$place")))
        [ "$age" -ge "$CODES_END" ] || failed too_soon "$KIT_FIRST" "$((CODES_END - age))"
    done
}

replaced() {
    run touch -- "$KIT_JOURNAL/replaced.$KIT_FIRST" || diagnose disk_full "$KIT_JOURNAL"
}

# merge FORMER NOW: the account's lines of FORMER, behind as many lines of others as they were.
merge() {
    KIT_WANTED=$KIT_FIRST awk '
        { own = $1 !~ /^#/ && $2 == ENVIRON["KIT_WANTED"] }
        FILENAME == ARGV[1] && FILENAME != "/dev/null" {
            if (own) held[others + 0] = held[others + 0] $0 "\n"
            else others++
            last = others + 0
            next
        }
        own { next }
        { printf "%s%s\n", held[count + 0], $0; delete held[count + 0]; count++ }
        END { for (at = count + 0; at <= last; at++) printf "%s", held[at] }' "$1" "$2"
}
