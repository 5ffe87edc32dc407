#!/bin/sh
# Mise en service d'un poste Linux : à lancer une fois, en root, depuis la clé USB :
#     sudo sh adopter-linux.sh
# Crée le compte d'administration, y installe la clé publique du gestionnaire (utilisable depuis les
# réseaux d'administration seulement), ouvre le port SSH à ces réseaux si un pare-feu le ferme, et écrit
# sur la clé USB une fiche chiffrée pour le gestionnaire. La clé USB ne contient aucun mot de passe.
# Peut être relancé sans risque. `--install` : depuis un installateur, le système n'étant pas démarré.
#
# What is particular to a site is in `kit/` beside this file, as data: nothing of it is executed.
set -eu
umask 022
LC_ALL=C
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH

stick=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
data=$stick/kit
dmi=/sys/class/dmi/id
state=/var/lib/esms-kit/adoption
sudoers=/etc/sudoers.d/50-esms-kit-management
carriage=$(printf '\r')
language=fr
mode=running
[ "${1:-}" != --install ] || mode=install

# say FRENCH ENGLISH
say() { if [ "$language" = en ]; then printf '%s\n' "$2"; else printf '%s\n' "$1"; fi; }
stop() {
    say "ARRÊT : $1" "STOPPED: $2" >&2
    exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }
# printable TEXT: one line of plain ASCII, 120 characters at most
printable() { printf '%s' "$1" | tr -cd ' -~' | cut -c 1-120; }
# only SET TEXT: whether TEXT is not empty and has no other characters
only() { case $2 in '' | *[!$1]*) return 1 ;; esac; }

read_token() {
    site='' token='' mac_key='' slots='' expires='' account='' sources=''
    [ -r "$data/token.txt" ] || stop "la clé USB est incomplète : $data/token.txt manque." \
        "the stick is not complete: $data/token.txt is missing."
    while IFS= read -r line || [ -n "$line" ]; do
        line=${line%"$carriage"}
        value=${line#*=}
        case ${line%%=*} in
        site) site=$value ;;
        token) token=$value ;;
        mac_key) mac_key=$value ;;
        slots) slots=$value ;;
        expires) expires=$value ;;
        account) account=$value ;;
        sources) sources=$value ;;
        language) language=$value ;;
        esac
    done <"$data/token.txt"
    { only a-z0-9_- "$site" && only a-f0-9 "$token" && only a-f0-9 "$mac_key" && only 0-9 "$slots" &&
        only 0-9 "$expires" && only a-z0-9_- "$account" && only a-fA-F0-9:./, "$sources" &&
        [ "${#mac_key}" = 64 ] && [ "${#token}" = 12 ] && [ "${#slots}" -lt 5 ]; } ||
        stop "la clé USB est abîmée : refaites-la." "the stick is damaged: build it again."
    case $account in root | [!a-z_]*) stop "compte refusé : $account." "account refused: $account." ;; esac
}

check_start() {
    [ "$(id -u)" = 0 ] || stop "lancez : sudo sh $0" "run: sudo sh $0"
    if [ "$(date -u +%s)" -gt "$expires" ]; then
        stop "cette clé USB est périmée (ou l'horloge du poste est fausse) : refaites-la." \
            "this stick has expired (or the clock of this computer is wrong): build it again."
    fi
    mkdir -p "$stick/records" 2>/dev/null || :
    probe=$stick/records/probe.$$
    { : >"$probe" && rm -f "$probe"; } 2>/dev/null ||
        stop "la clé USB est protégée en écriture." "the stick is write-protected."
}

# The programs needed; what is missing is installed, from the network or the installation medium.
check_programs() {
    missing=''
    has openssl || missing="$missing openssl"
    has sudo || missing="$missing sudo"
    has sshd || missing="$missing openssh-server"
    [ -n "$missing" ] || return 0
    say "Installation de :$missing" "Installing:$missing"
    if has apt-get; then
        # shellcheck disable=SC2086 # names, one a word
        DEBIAN_FRONTEND=noninteractive apt-get -qq -y install $missing </dev/null >/dev/null || :
    elif has dnf; then
        # shellcheck disable=SC2086
        dnf -q -y install $missing </dev/null >/dev/null || :
    elif has zypper; then
        # shellcheck disable=SC2086
        zypper -q -n install $missing </dev/null >/dev/null || :
    fi
    { has openssl && has sudo && has sshd && has visudo; } ||
        stop "il manque :$missing. Branchez le réseau ou le support d'installation, et relancez." \
            "missing:$missing. Plug in the network or the installation medium, and run again."
}

# This machine's slot: the one it had from this stick, else the first that is free.
choose_slot() {
    slot=''
    if [ -r "$state" ]; then
        while read -r was_token was_slot _; do
            [ "$was_token" != "$token" ] || slot=$was_slot
        done <"$state"
    fi
    only 0-9 "$slot" || slot=''
    [ -z "$slot" ] || return 0
    number=1
    while [ "$number" -le "$slots" ]; do
        taken=''
        for file in "$stick/records/$token-$number-"*.rec; do [ ! -e "$file" ] || taken=yes; done
        # Its record may have been brought home and deleted here.
        ! grep -qx "$token $number" "$data/slots.txt" 2>/dev/null || taken=yes
        if [ -z "$taken" ]; then
            slot=$number
            return 0
        fi
        number=$((number + 1))
    done
    stop "les $slots places de cette clé USB sont prises : refaites une clé." \
        "the $slots slots of this stick are taken: build another one."
}

start_sshd() {
    ssh-keygen -A >/dev/null
    mkdir -p /run/sshd
    sshd -t || stop "la configuration de sshd est fausse." "sshd's configuration is wrong."
    sshd -T 2>/dev/null | grep -qx 'pubkeyauthentication yes' ||
        stop "sshd refuse les clés publiques." "sshd refuses public keys."
    port=$(sshd -T 2>/dev/null | sed -n 's/^port //p' | head -n 1)
    only 0-9 "$port" || port=22
    [ "$mode" = running ] || return 0
    for unit in ssh.service sshd.service; do
        if systemctl cat "$unit" >/dev/null 2>&1; then
            # Started by its socket where there is one (Ubuntu): then that one is enabled already.
            systemctl is-active --quiet ssh.socket || systemctl enable --now --quiet "$unit"
            return 0
        fi
    done
    stop "le service SSH est introuvable." "the SSH service is not to be found."
}

make_account() {
    if id "$account" >/dev/null 2>&1; then
        [ "$(id -u "$account")" -ge 1000 ] ||
            stop "$account est déjà un compte du système." "$account already is a system account."
    else
        group=--user-group
        ! getent group "$account" >/dev/null || group=--gid=$account
        useradd --create-home "$group" --shell /bin/sh --comment 'esms-kit' "$account"
        # No password opens it; sshd would take a locked one ("!") for a locked account.
        usermod --password '*' "$account"
    fi
    [ ! -x /bin/bash ] || usermod --shell /bin/bash "$account"
    home=$(getent passwd "$account" | cut -d : -f 6)
    [ -d "$home" ] || stop "le compte $account n'a pas de dossier personnel." "$account has no home."
}

# The operator's keys, each good from the management networks only. Other lines of the file stay.
install_keys() {
    folder=$home/.ssh
    file=$folder/authorized_keys
    mkdir -p "$folder"
    chmod 700 "$folder"
    new=$folder/authorized_keys.esms-kit
    : >"$new"
    count=0
    while read -r kind blob _; do
        blob=${blob%"$carriage"}
        { only a-z0-9@.- "$kind" && only A-Za-z0-9+/= "$blob"; } || continue
        [ ! -e "$file" ] || grep -vF -- "$blob" "$file" >"$new.others" || :
        [ ! -e "$new.others" ] || mv -f "$new.others" "$file"
        printf 'from="%s" %s %s esms-kit\n' "$sources" "$kind" "$blob" >>"$new"
        count=$((count + 1))
    done <"$data/management_keys.pub"
    [ "$count" -gt 0 ] || stop "la clé USB ne porte aucune clé publique." "the stick holds no public key."
    [ ! -e "$file" ] || cat "$file" >>"$new"
    chmod 600 "$new"
    mv -f "$new" "$file"
    chown -R "$account:" "$folder"
    if has restorecon; then restorecon -R "$folder" 2>/dev/null || :; fi
}

allow_sudo() {
    new=$(mktemp /tmp/esms-kit-sudoers.XXXXXX)
    printf '# esms-kit: the management account; it has no password, its key is bound to networks\n' >"$new"
    printf '%s ALL=(ALL:ALL) NOPASSWD: ALL\n' "$account" >>"$new"
    if ! visudo -c -q -f "$new"; then
        rm -f "$new"
        stop "sudo refuse la règle du compte d'administration." "sudo refuses the management account's rule."
    fi
    mkdir -p /etc/sudoers.d
    cp -f "$new" "$sudoers.new"
    rm -f "$new"
    chown root:root "$sudoers.new"
    chmod 440 "$sudoers.new"
    mv -f "$sudoers.new" "$sudoers"
    if ! visudo -c -q; then
        rm -f "$sudoers"
        stop "la configuration de sudo est fausse ; rien n'y a été laissé." \
            "sudo's configuration is wrong; nothing was left in it."
    fi
    sudo -n -l -U "$account" 2>/dev/null | grep -q 'NOPASSWD: ALL' ||
        stop "/etc/sudoers ne lit pas /etc/sudoers.d." "/etc/sudoers does not read /etc/sudoers.d."
}

# each_source COMMAND...: the command, for each management network, which it gets as last word.
each_source() {
    rest=$sources,
    while [ -n "$rest" ]; do
        "$@" "${rest%%,*}"
        rest=${rest#*,}
    done
}
allow_ufw() { ufw allow proto tcp from "$1" to any port "$port" comment esms-kit >/dev/null; }
allow_firewalld() {
    case $1 in *:*) family=ipv6 ;; *) family=ipv4 ;; esac
    rule="rule family=\"$family\" source address=\"$1\" port port=\"$port\" protocol=\"tcp\" accept"
    firewall-cmd -q --permanent --add-rich-rule="$rule"
    firewall-cmd -q --add-rich-rule="$rule"
}
allow_nft() {
    case $1 in *:*) word=ip6 ;; *) word=ip ;; esac
    case $family in ip | ip6) [ "$family" = "$word" ] || return 0 ;; esac
    nft insert rule "$family" "$table" "$chain" "$word" saddr "$1" tcp dport "$port" accept \
        comment '"esms-kit"'
}
# Chains that see what comes in and may drop it: their policy, or a rule of theirs.
closing_chains() {
    nft list ruleset 2>/dev/null | awk '
        $1 == "table" { family = $2; table = $3 }
        $1 == "chain" { chain = $2; hooked = 0; closing = 0; open = 0 }
        /hook input/ { hooked = 1; if (/policy drop/) closing = 1 }
        hooked && / (drop|reject|jump|goto)/ { closing = 1 }
        hooked && /comment "esms-kit"/ { open = 1 }
        $1 == "}" && hooked { if (closing && !open) print family, table, chain; hooked = 0 }'
}
open_firewall() {
    firewall=none
    [ "$mode" = running ] || return 0
    if has ufw && ufw status 2>/dev/null | grep -q '^Status: active'; then
        firewall=ufw
        each_source allow_ufw
    elif has firewall-cmd && firewall-cmd -q --state 2>/dev/null; then
        firewall=firewalld
        each_source allow_firewalld
    elif has nft; then
        chains=$(closing_chains)
        [ -n "$chains" ] || return 0
        firewall=nftables
        printf '%s\n' "$chains" | while read -r family table chain; do each_source allow_nft; done
        say "Pare-feu nftables : port ouvert jusqu'au redémarrage seulement ; appliquez le référentiel avant." \
            "nftables firewall: the port is open until the next boot only; apply the baseline before."
    fi
}

# firmware FILE: what the firmware says, "" when it says nothing
firmware() { if [ -r "$dmi/$1" ]; then printable "$(cat "$dmi/$1")"; fi; }
release() { sed -n "s/^$1=//p" /etc/os-release 2>/dev/null | tr -d "\"'" | head -n 1; }
cards() {
    found=''
    for card in /sys/class/net/*; do
        if [ -e "$card/device" ] && [ "$(cat "$card/type")" = 1 ]; then
            cat "$card/address"
            found=yes
        fi
    done
    [ -z "$found" ] || return 0
    # A virtual machine's, or a container's.
    for card in /sys/class/net/*; do
        case ${card##*/} in lo | docker* | br-* | virbr* | veth* | tun* | tap*) continue ;; esac
        [ "$(cat "$card/type")" != 1 ] || cat "$card/address"
    done
}
addresses() {
    has ip || return 0
    ip -o addr show scope global 2>/dev/null | sed -n 's/.* inet6\{0,1\} \([0-9a-fA-F.:]*\).*/\1/p'
}
host_keys() {
    sshd -T 2>/dev/null | sed -n 's/^hostkey //p' | while read -r private; do
        if [ -r "$private.pub" ]; then cat "$private.pub"; else ssh-keygen -y -f "$private"; fi
    done | while read -r kind blob _; do printf '%s %s\n' "$kind" "$blob"; done
}
joined() {
    if [ -e /etc/sssd/sssd.conf ] || [ -e /etc/krb5.keytab ]; then echo domain; else echo none; fi
}
# each NAME: one line NAME=... for each line that comes in
each() { while read -r item; do printf '%s=%s\n' "$1" "$(printable "$item")"; done; }

# Lines of NAME=VALUE, plain ASCII.
write_record() {
    printf 'esms-kit-record 1\n'
    printf 'site=%s\ntoken=%s\nslot=%s\nnonce=%s\n' "$site" "$token" "$slot" "$nonce"
    printf 'platform=linux\naccess=ssh\naccount=%s\nport=%s\n' "$account" "$port"
    printf 'serial=%s\n' "$(firmware product_serial)"
    printf 'uuid=%s\n' "$(firmware product_uuid)"
    printf 'maker=%s\n' "$(firmware sys_vendor)"
    printf 'model=%s\n' "$(firmware product_name)"
    printf 'os=%s\n' "$(printable "$(release ID)$(release VERSION_ID)")"
    printf 'os_name=%s\n' "$(printable "$(release PRETTY_NAME)")"
    printf 'os_build=%s\n' "$(printable "$(uname -r)")"
    printf 'join=%s\nfirewall=%s\n' "$(joined)" "$firewall"
    printf 'written_at=%s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
    cards | sort -u | each mac
    addresses | sort -u | each address
    # Whole, however long: part of a key is no key.
    host_keys | tr -cd ' -~\n' | while read -r line; do printf 'host_key=%s\n' "$line"; done
    printf 'end=1\n'
}

# block KEY BYTE: the 64 bytes HMAC begins with. The key is on no command line.
block() {
    rest=${1}0000000000000000000000000000000000000000000000000000000000000000
    while [ -n "$rest" ]; do
        more=${rest#??}
        printf '%b' "\\0$(printf '%03o' "$((0x${rest%"$more"} ^ $2))")"
        rest=$more
    done
}
digest() { openssl dgst -sha256 -binary; }
# authenticate FILE: HMAC-SHA256 of a file, hexadecimal
authenticate() {
    { block "$mac_key" 54; cat "$1"; } | digest >"$work/inner"
    { block "$mac_key" 92; cat "$work/inner"; } | digest | od -A n -v -t x1 | tr -d ' \n'
}

leave_record() {
    nonce=$(od -A n -v -N 16 -t x1 /dev/urandom | tr -d ' \n')
    work=$(mktemp -d /tmp/esms-kit.XXXXXX)
    trap 'rm -rf "$work"' EXIT
    write_record >"$work/record"
    openssl cms -encrypt -binary -aes-256-cbc -outform DER -in "$work/record" \
        -out "$work/sealed" "$data/operator.pem" ||
        stop "la fiche ne peut pas être chiffrée." "the record cannot be encrypted."
    {
        printf 'esms-kit-adoption 1\n'
        printf 'token=%s\nslot=%s\nnonce=%s\n' "$token" "$slot" "$nonce"
        printf 'cms=%s\n' "$(openssl base64 -A -in "$work/sealed")"
    } >"$work/envelope"
    printf 'mac=%s\n' "$(authenticate "$work/envelope")" >"$work/mac"
    name=$token-$slot-$(printf '%s' "$nonce" | cut -c 1-8).rec
    cat "$work/envelope" "$work/mac" >"$stick/records/$name.new"
    for file in "$stick/records/$token-$slot-"*.rec; do [ ! -e "$file" ] || rm -f "$file"; done
    mv -f "$stick/records/$name.new" "$stick/records/$name"
    grep -qx "$token $slot" "$data/slots.txt" 2>/dev/null ||
        printf '%s %s\n' "$token" "$slot" >>"$data/slots.txt"
    mkdir -p "${state%/*}"
    printf '%s %s\n' "$token" "$slot" >"$state"
    sync
    say "Fiche écrite : records/$name (place $slot sur $slots)" \
        "Record written: records/$name (slot $slot of $slots)"
}

read_token
check_start
choose_slot
check_programs
start_sshd
make_account
install_keys
allow_sudo
open_firewall
leave_record
say "Terminé. Empreinte à comparer si on vous la demande :" "Done. Fingerprint, should you be asked:"
host_keys | while read -r line; do printf '%s\n' "$line" | ssh-keygen -lf - ; done
say "Vous pouvez retirer la clé USB." "You may remove the stick."
