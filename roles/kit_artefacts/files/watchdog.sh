#!/bin/sh
# The watchdog on a device: KIT_VERB is arm, loaded, disarm, restore, report, clear or forget.
#
# arm: keeps what KIT_FILES, KIT_PATTERNS, KIT_UNITS, KIT_VALUES, KIT_INTERFACES, KIT_KEYS (one a
#   line, each ended) are about, the firewall, and KIT_RELOADS; then has systemd run KIT_RESTORE in
#   KIT_SECONDS, or at the next boot. KIT_ID names who armed it. KIT_WHOLE=yes: keeps the tables of
#   others too.
# loaded: what the device makes of KIT_ADDRESSES for KIT_ACCOUNT, as packed text.
# disarm: KIT_ID has proven the way in; nothing is left behind.
# restore: puts everything back at once, and tells the report.
# report: tells the last report, if there is one, and whether a watchdog is armed.
# clear: the run KIT_ID is no more: what it has left armed is put back, and the report is told.
# forget: the report of KIT_ID has been read by a controller, and goes.
# shellcheck disable=SC2015,SC2016,SC2154,SC2317,SC2329 # prelude.sh is in front; main is called after

here=/var/lib/esms-kit/watchdog
report=/var/lib/esms-kit/watchdog.report
lock=/run/esms-kit-watchdog.lock
units=/etc/systemd/system
unit_name=esms-kit-watchdog

main() {
    case $KIT_VERB in
        arm | disarm)
            need flock
            need systemctl
            [ -d /run/systemd/system ] || failed watchdog_impossible systemd
            exec 9>"$lock" || failed denied "$lock"
            ;;
    esac
    case $KIT_VERB in
        arm) flock 9 && arm ;;
        loaded) loaded ;;
        disarm) flock 9 && disarm ;;
        restore) restore ;;
        report) tell_report ;;
        clear) clear_left ;;
        forget) forget ;;
    esac
    failed unexpected "$KIT_VERB"
}

arm() {
    [ ! -e "$here/armed" ] || failed watchdog_armed "$(due)"
    rm -rf -- "$here"
    mkdir -p "$here" 2>"$KIT_DIR/run" && chmod 0700 "$here" || diagnose watchdog_impossible "$here"
    trap '[ -e "$here/armed" ] || rm -rf -- "$here" "$lock"' EXIT
    keep || failed disk_full "$here"
    printf '%s' "$KIT_RESTORE" >"$here/restore" || failed disk_full "$here"
    [ "$(sha256sum <"$here/restore")" = "$KIT_SHA  -" ] || failed disk_full "$here"
    write_units || failed watchdog_impossible "$units" "$(last_said)"
    echo $(($(date +%s) + KIT_SECONDS)) >"$here/due"
    printf '%s\n' "$KIT_ID" >"$here/armed.new" && sync "$here"/* 2>/dev/null
    mv -- "$here/armed.new" "$here/armed" && sync "$here" 2>/dev/null
    # From here on a boot restores; now the clock runs too.
    run systemctl daemon-reload && run systemctl start "$unit_name.timer" || {
        rm -f -- "$here/armed"
        remove_units
        failed watchdog_impossible systemd "$(last_said)"
    }
    rm -f -- "$report"
    answer 'done'
}

# The moment it puts things back by itself, as seconds from now.
due() {
    left=$(($(cat "$here/due" 2>/dev/null || echo 0) - $(date +%s)))
    if [ "$left" -lt 0 ]; then left=0; fi
    echo "$left"
}

keep() {
    number=0
    : >"$here/kept" || return 1
    each "$KIT_FILES" keep_file || return 1
    each "$KIT_PATTERNS" keep_attributes || return 1
    each "$KIT_UNITS" keep_unit || return 1
    each "$KIT_VALUES" keep_value || return 1
    each "$KIT_INTERFACES" keep_interfaces || return 1
    each "$KIT_KEYS" keep_keys || return 1
    each "$KIT_RELOADS" keep_reload || return 1
    keep_firewall
}

# each TEXT FUNCTION: the function for each line.
each() {
    rest=$1
    while [ -n "$rest" ]; do
        line=${rest%%"$breaks_line"*}
        rest=${rest#*"$breaks_line"}
        "$2" "$line" || return 1
    done
}
breaks_line='
'

# Wildcards stand for what is there now; what comes by then is found by them again and goes.
keep_file() {
    case $1 in
        *'*'*)
            echo "pattern 0 $1" >>"$here/kept"
            for one in $1; do
                [ ! -e "$one" ] && [ ! -L "$one" ] || keep_one "$one" || return 1
            done ;;
        *) keep_one "$1" ;;
    esac
}

# A link is kept as a link, and what it leads to as well: lines are changed there.
keep_one() {
    path=$(real_place "$1")
    if [ -L "$path" ]; then
        number=$((number + 1))
        cp -P -- "$path" "$here/$number" || return 1
        echo "link $number $path" >>"$here/kept" || return 1
        real=$(readlink -f -- "$path") && [ "$real" != "$path" ] || return 0
        keep_one "$real"
    elif [ -f "$path" ]; then
        number=$((number + 1))
        cp -p -- "$path" "$here/$number" && cmp -s -- "$path" "$here/$number" || return 1
        echo "file $number $path" >>"$here/kept"
    elif [ ! -e "$path" ]; then
        folder=${path%/*}
        while [ -n "$folder" ] && [ ! -e "$folder" ]; do folder=${folder%/*}; done
        echo "absent ${folder:-/} $path" >>"$here/kept"
    fi
}

# real_place PATH: with no link on the way to it, as far as that is there.
real_place() {
    folder=${1%/*} last=${1##*/}
    while [ -n "$folder" ] && [ ! -e "$folder" ]; do
        last=${folder##*/}/$last
        folder=${folder%/*}
    done
    folder=$(readlink -f -- "${folder:-/}") && printf '%s/%s\n' "${folder%/}" "$last"
}

# Keys stand in a folder of the account: they are read and put back with its own rights.
keep_keys() {
    home=$(getent passwd "$1" | cut -d: -f6)
    [ -n "$home" ] || return 0
    for name in authorized_keys authorized_keys2; do
        number=$((number + 1))
        if setpriv --reuid "$1" --regid "$(id -g "$1")" --init-groups --inh-caps=-all \
            cat -- "$home/.ssh/$name" >"$here/$number" 2>/dev/null; then
            echo "keys $number $1 $home/.ssh/$name" >>"$here/kept"
        else
            echo "nokeys $number $1 $home/.ssh/$name" >>"$here/kept"
        fi
    done
}

keep_attributes() {
    IFS=''
    # shellcheck disable=SC2086 # to be expanded, and by nothing else than file names
    set -- "${1%%:*}" ${1#*:}
    unset IFS
    kind=$1
    shift
    for path in "$@"; do
        [ ! -L "$path" ] || continue
        if [ "$kind" = directory ]; then [ -d "$path" ]; else [ -f "$path" ]; fi || continue
        stat -c 'attributes %u:%g:%a %n' -- "$path" >>"$here/kept" || return 1
    done
}

keep_unit() {
    run systemctl show --property=LoadState,UnitFileState,ActiveState -- "$1" || return 1
    file=$(sed -n 's/^UnitFileState=//p' "$KIT_DIR/run")
    if grep -qx LoadState=not-found "$KIT_DIR/run"; then file=absent; fi
    case $(sed -n 's/^ActiveState=//p' "$KIT_DIR/run") in
        active | reloading | activating) active=yes ;;
        *) active=no ;;
    esac
    echo "unit ${file:-none} $active $1" >>"$here/kept"
}

keep_value() {
    [ -f "$1" ] || return 0
    # shellcheck disable=SC2046,SC2005 # blanks become one
    echo "value $1 $(echo $(tr '\t' ' ' <"$1"))" >>"$here/kept"
}

keep_interfaces() {
    for path in "${1%%:*}"/*; do keep_value "$path/${1#*:}" || return 1; done
}

keep_reload() {
    echo "reload $1" >>"$here/kept"
}

keep_firewall() {
    command -v nft >/dev/null 2>&1 || return 0
    nft -s list table inet esms_kit >"$here/table.nft" 2>/dev/null || : >"$here/table.nft"
    [ "$KIT_WHOLE" != yes ] || nft -s list ruleset >"$here/ruleset.nft"
}

write_units() {
    cat >"$units/$unit_name.service" <<END || return 1
[Unit]
Description=esms-kit: puts the former state back, for nobody has confirmed the new one
StartLimitIntervalSec=600
StartLimitBurst=20

[Service]
Type=oneshot
ExecStart=/bin/sh $here/restore
Restart=on-failure
RestartSec=10
END
    cat >"$units/$unit_name.timer" <<END || return 1
[Unit]
Description=esms-kit: watches over changes that may cut the way in

[Timer]
OnActiveSec=${KIT_SECONDS}s
AccuracySec=100ms
END
    cat >"$units/$unit_name-boot.service" <<END || return 1
[Unit]
Description=esms-kit: puts the former state back when changes were not confirmed before a boot
DefaultDependencies=no
ConditionPathExists=$here/armed
RequiresMountsFor=$here
After=local-fs.target
Wants=network-pre.target
Before=sysinit.target systemd-sysctl.service network-pre.target esms-kit-firewall.service
Before=nftables.service ssh.service ssh.socket
Conflicts=shutdown.target
Before=shutdown.target

[Service]
Type=oneshot
ExecStart=/bin/sh $here/restore boot

[Install]
WantedBy=sysinit.target
END
    run chmod 0644 "$units/$unit_name.service" "$units/$unit_name.timer" "$units/$unit_name-boot.service" &&
        run mkdir -p -m 0755 "$units/sysinit.target.wants" &&
        run ln -sf "$units/$unit_name-boot.service" "$units/sysinit.target.wants/$unit_name-boot.service" &&
        sync "$units/$unit_name.service" "$units/$unit_name-boot.service"
}

remove_units() {
    rm -f -- "$units/$unit_name.service" "$units/$unit_name.timer" "$units/$unit_name-boot.service" \
        "$units/sysinit.target.wants/$unit_name-boot.service"
    rmdir -- "$units/sysinit.target.wants" 2>/dev/null
}

disarm() {
    [ -e "$here/armed" ] && [ "$(cat "$here/armed")" = "$KIT_ID" ] || {
        [ -e "$here/armed" ] || rm -f -- "$lock" # made by this very call
        failed watchdog_expired "$KIT_ID"
    }
    rm -f -- "$here/armed" || failed denied "$here"
    run systemctl stop "$unit_name.timer"
    remove_units
    rm -rf -- "$here"
    rmdir /var/lib/esms-kit 2>/dev/null
    run systemctl daemon-reload
    rm -f -- "$lock"
    answer 'done'
}

# By its unit: it goes on when the connection does not.
restore() {
    if [ -e "$here/armed" ]; then
        echo asked >"$here/why"
        run systemctl start "$unit_name.service" || :
    fi
    tell_report
}

tell_report() {
    told_so_far
    exit 0
}

told_so_far() {
    if [ -e "$here/armed" ]; then printf 'armed %s\n' "$(due)" >&3; fi
    [ ! -f "$report" ] || cat -- "$report" >&3
    echo 'told' >&3
}

clear_left() {
    if [ -e "$here/armed" ] && [ "$(cat "$here/armed")" = "$KIT_ID" ]; then
        echo asked >"$here/why"
        run systemctl start "$unit_name.service" || :
    fi
    told_so_far
    answer 'done'
}

forget() {
    [ ! -e "$here/armed" ] || failed watchdog_armed "$(due)"
    if [ -f "$report" ]; then
        read -r _mark _why _when whose <"$report"
        [ "$whose" != "$KIT_ID" ] || rm -f -- "$report" || failed denied "$report"
    fi
    rmdir /var/lib/esms-kit 2>/dev/null
    answer 'done'
}

# What is loaded, packed: the ruleset, what sshd makes of each address, and the lines that ask for one.
loaded() {
    need gzip
    {
        printf 'groups %s\n' "$(id -Gn -- "$KIT_ACCOUNT")"
        ruleset
        for address in $KIT_ADDRESSES; do
            said="user=$KIT_ACCOUNT,host=$address,addr=$address,laddr=$KIT_LOCAL,lport=$KIT_PORT"
            if sshd -T -C "$said" >"$KIT_DIR/effective"; then
                printf 'sshd %s\n' "$address"
                sed 's/^/: /' "$KIT_DIR/effective"
            fi
        done
        cat /etc/ssh/sshd_config /etc/ssh/sshd_config.d/*.conf 2>/dev/null |
            grep -iE '^[[:blank:]]*"?(match|include|allowusers|denyusers)[[:blank:]"=]' |
            sed 's/^/line /'
        echo end
    } >"$KIT_DIR/loaded"
    gzip -c "$KIT_DIR/loaded" >&3 || failed disk_full "$KIT_DIR"
    exit 0
}

# Without nft the kernel itself is asked whether there is any table; Perl is always there.
ruleset() {
    for tables in /proc/net/ip_tables_names /proc/net/ip6_tables_names; do
        if [ -s "$tables" ] && [ -n "$(cat "$tables")" ]; then echo 'unknown iptables'; fi
    done
    if command -v nft >/dev/null 2>&1; then
        if nft -j list ruleset >"$KIT_DIR/ruleset"; then
            printf 'ruleset %s\n' "$(tr -d '\n' <"$KIT_DIR/ruleset")"
        else
            echo 'unknown nft'
        fi
        return
    fi
    case $(perl -e "$KIT_TABLES") in
        none) echo 'ruleset none' ;;
        *) echo 'unknown nftables' ;;
    esac
}

# NFT_MSG_GETTABLE over netlink (linux/netfilter/nf_tables.h): "none" when the kernel lists no
# table or has no nf_tables at all, anything else otherwise.
KIT_TABLES='
use Socket;
socket(my $s, 16, SOCK_RAW, 12) or do { print "none" if $!{EPROTONOSUPPORT}; exit };
setsockopt($s, SOL_SOCKET, SO_RCVTIMEO, pack("q2", 5, 0));
bind($s, pack("SSLL", 16, 0, 0, 0)) or exit;
send($s, pack("LSSLLCCn", 20, (10 << 8) | 1, 0x301, 1, 0, 0, 0, 0), 0) or exit;
defined(recv($s, my $r, 65536, 0)) or exit;
my ($length, $type) = unpack("LS", $r);
my $error = $type == 2 ? -unpack("l", substr($r, 16, 4)) : 0;
print "none" if $type == 3 || $error == 22 || $error == 95;
'
