#!/bin/sh
# What checks a configuration before it is used.
# shellcheck disable=SC2317,SC2329 # called by the scripts that follow

SSH=/etc/ssh

# validate FILE PLACE: whether FILE may take PLACE.
validate() {
    case $KIT_VALIDATOR in
        '') ;;
        sshd) validate_sshd "$1" "$2" ;;
        nft)
            command -v nft >/dev/null 2>&1 || failed validator_missing nft
            run nft -c -f "$1" || failed validator_refused nft "$(first_error)"
            ;;
        sudoers) validate_sudoers "$1" "$2" ;;
        *) failed unsupported "$KIT_VALIDATOR" ;;
    esac
}

# The file by itself, then a copy of the whole in which it already has its place: an alias that is
# there twice is an error of neither file alone, and ends everybody's sudo.
validate_sudoers() {
    command -v visudo >/dev/null 2>&1 || failed validator_missing visudo
    run visudo -c -q -f "$1" || failed validator_refused visudo "$(first_error)"
    copy=$KIT_DIR/sudoers
    rm -rf -- "$copy"
    mkdir "$copy" || failed disk_full "$copy"
    for dropin in /etc/sudoers.d/*; do
        case ${dropin##*/} in *~ | *.*) continue ;; esac # sudo leaves these out
        [ ! -f "$dropin" ] || cp -- "$dropin" "$copy/" || failed disk_full "$copy"
    done
    cp -- "$1" "$copy/$(basename -- "$2")" || failed disk_full "$copy"
    sed -e "s#^\\([@\#]includedir[[:space:]]*\\)/etc/sudoers\\.d/*[[:space:]]*\$#\\1$copy#" \
        /etc/sudoers >"$KIT_DIR/sudoers.own" || failed target_missing /etc/sudoers
    run visudo -c -q -f "$KIT_DIR/sudoers.own" ||
        failed validator_refused visudo "$(first_error)"
}

validate_sshd() {
    check_sshd "$1"
    case $2 in
        "$SSH"/sshd_config.d/*.conf) ;;
        *) return 0 ;;
    esac
    # A drop-in that is right by itself may still contradict the rest: check a copy of the whole
    # in which it already has its place.
    copy=$KIT_DIR/sshd
    rm -rf -- "$copy"
    mkdir "$copy" || failed disk_full "$copy"
    cp -- "$SSH/sshd_config" "$KIT_DIR/sshd_config.own" || failed target_missing "$SSH/sshd_config"
    for dropin in "$SSH"/sshd_config.d/*.conf; do
        [ ! -f "$dropin" ] || cp -- "$dropin" "$copy/" || failed disk_full "$copy"
    done
    cp -- "$1" "$copy/$(basename -- "$2")" || failed disk_full "$copy"
    include='^[[:space:]]*[Ii][Nn][Cc][Ll][Uu][Dd][Ee][[:space:]="]'
    sed -e "/$include/s#$SSH/sshd_config\\.d/#$copy/#g" \
        -e "/$include/s#\\([[:space:]=\"]\\)sshd_config\\.d/#\\1$copy/#g" \
        "$KIT_DIR/sshd_config.own" >"$KIT_DIR/sshd_config" || failed disk_full "$KIT_DIR"
    check_sshd "$KIT_DIR/sshd_config"
}

# check_sshd [FILE]: the file as sshd's whole configuration; the one in use without it.
check_sshd() {
    command -v sshd >/dev/null 2>&1 || failed validator_missing sshd
    # sshd refuses to check anything without it; the service makes it when it starts.
    [ -d /run/sshd ] || mkdir -m 0755 /run/sshd
    run "$(command -v sshd)" -t ${1+-f "$1"} || failed validator_refused sshd "$(first_error)"
}

first_error() {
    grep -v '^[[:space:]]*$' "$KIT_DIR/run" | head -n 1
}
