"""How the files of ``AuthorizedKeysFile`` are found and read on a device, as sshd does it."""

from __future__ import annotations

from typing import Final

# ``effective CONTEXT`` is ``sshd -T -C``: it wants the folder of sshd's unprivileged half, which
# only a running sshd has: a mount of this process alone stands in for it.
EFFECTIVE: Final = r"""
effective() {
    if [ -d /run/sshd ]; then "$sshd" -T -C "$1"
    else
        command -v unshare >/dev/null || return 127
        unshare --mount sh -c 'mount -t tmpfs -o mode=0755 tmpfs /run && mkdir /run/sshd &&
            exec "$0" -T -C "$1"' "$sshd" "$1"
    fi
}
"""

# ``keys FILE``: of each line its number, type, key and options; comments, which name people, stay
# where they are. The names of types are all those sshkey_read() of OpenSSH takes; it skips other
# blanks in a key. ``expanded FILE`` puts $home, $name and $number in the place of sshd's marks.
KEYS: Final = r"""
keys() {
    awk -v OFS='\t' '
        {
            line = $0; options = ""
            gsub(/[\f\r\v]/, "", line)
            gsub(/\t/, " ", line); sub(/^ +/, "", line)
            if (line == "" || substr(line, 1, 1) == "#") next
            if (line !~ /^(ssh-|ecdsa-|rsa-sha2-|sk-|webauthn-)/) {
                quoted = 0
                for (at = 1; at <= length(line); at++) {
                    sign = substr(line, at, 1)
                    if (sign == "\\" && substr(line, at + 1, 1) == "\"") { at++; continue }
                    if (sign == "\"") quoted = !quoted
                    if (!quoted && sign == " ") break
                }
                options = substr(line, 1, at - 1)
                line = substr(line, at)
                sub(/^ +/, "", line)
            }
            split(line, words, / +/)
            if (words[1] ~ /^(ssh-|ecdsa-|rsa-sha2-|sk-|webauthn-)[a-z0-9@.-]+$/ &&
                words[2] ~ /^[A-Za-z0-9+\/=]+$/)
                print "key", NR, words[1], words[2], options
        }' "$1"
}
expanded() {
    file=$(printf '%s\n' "$1" | home=$home name=$name number=$number awk '{
        out = ""
        for (at = 1; at <= length($0); at++) {
            sign = substr($0, at, 1)
            if (sign == "%") {
                sign = substr($0, ++at, 1)
                if (sign == "h") sign = ENVIRON["home"]
                else if (sign == "u") sign = ENVIRON["name"]
                else if (sign == "U") sign = ENVIRON["number"]
            }
            out = out sign
        }
        print out }')
    case $file in
    /*) printf '%s\n' "$file" ;;
    *) printf '%s\n' "$home/$file" ;;
    esac
}
"""
