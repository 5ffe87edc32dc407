"""The script that brings PAM's files, and who is in the groups they may name."""

from __future__ import annotations

from typing import Final

# A file that cannot be read may hold any line: the whole answer is then denied.
LOOK: Final = """\
for program in awk grep id getent; do
    command -v "$program" >/dev/null || exit 127
done
[ "$(id -u)" = 0 ] || { [ -r /etc/pam.d ] && [ -x /etc/pam.d ]; } || exit 126
[ -d /etc/pam.d ] || { echo 'no PAM here' >&2; exit 127; }
: >all
text() { # text PREFIX FILE
    [ -r "$2" ] || { echo "$2" >&2; exit 126; }
    prefix=$1 awk '
        /^[ \\t]*(#|$)/ { next }
        { print ENVIRON["prefix"] "\\t" $0 }' "$2" >>all || exit 1
}
for folder in /usr/lib/pam.d /etc/pam.d; do
    for file in "$folder"/*; do
        name=${file##*/}
        case $name in
        *[!A-Za-z0-9_.-]*) continue ;;
        *.pam-new | *.pam-old | *.dpkg-* | *~) continue ;;
        esac
        [ -f "$file" ] || continue
        printf 'file\\t%s\\n' "$name" >>all
        text "line" "$file"
    done
done
for module in /lib/*/security/*.so /lib/security/*.so \\
    /usr/lib/*/security/*.so /usr/lib/security/*.so; do
    [ ! -f "$module" ] || printf 'module\\t%s\\n' "${module##*/}" >>all
done
if [ -f /etc/security/faillock.conf ]; then text lock /etc/security/faillock.conf; fi
if [ -f /etc/pam_pkcs11/pam_pkcs11.conf ]; then text card /etc/pam_pkcs11/pam_pkcs11.conf; fi
# Groups somebody is in, by name or as the first group of an account.
getent passwd >accounts || exit 1
getent group >groups || exit 1
awk -F: '
    FILENAME == "accounts" { first[$4] = 1; next }
    { if ($4 != "" || ($3 in first)) print "filled\\t" $1 }' accounts groups >>all || exit 1
# Whom polkit takes for an administrator, as Debian and Ubuntu have it; whether doas obeys anybody.
awk -F: '
    FILENAME == "accounts" { first[$1] = $4; next }
    $1 ~ /^(admin|sudo)$/ {
        count = split($4, names, ",")
        for (each = 1; each <= count; each++) print names[each]
        for (name in first) if (first[name] == $3) print name
    }' accounts groups >admins || exit 1
while IFS= read -r account; do
    if names=$(id -Gn -- "$account" 2>/dev/null); then
        printf 'admin\\t%s\\t%s\\n' "$account" "$names" >>all
    fi
done <admins
for file in /etc/doas.conf /usr/local/etc/doas.conf /etc/doas.d/*.conf; do
    [ -f "$file" ] || continue
    awk '$1 == "permit" { found = 1 } END { if (found) print "permits" }' "$file" >>all || exit 1
done
# Whom a condition names may be one of those who are asked about.
named=$(awk '/pam_succeed_if/ {
    for (at = 1; at + 2 <= NF; at++)
        if ($at == "user" && $(at + 1) ~ /^(=|!=|in|notin)$/) {
            count = split($(at + 2), names, ":")
            for (each = 1; each <= count; each++)
                if (names[each] ~ /^[A-Za-z0-9_][A-Za-z0-9_.@-]*$/ && !seen[names[each]]++)
                    print names[each]
        }
}' all) || exit 1
for account in __ACCOUNTS__ $named; do
    if names=$(id -Gn -- "$account" 2>/dev/null); then
        printf 'groups\\t%s\\t%s\\n' "$account" "$names" >>all
    fi
done
"""
