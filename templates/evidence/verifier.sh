#!/bin/sh
# Vérifie ce dossier sans esms-kit. Verifies this folder without esms-kit.
#   sh verifier.sh CLE_PUBLIQUE.pem [EMPREINTE_DE_TETE]
# Besoin de / needs: sh, sed, sort, sha256sum, openssl 3. Rien n'est écrit dans le dossier.
set -u
LC_ALL=C
export LC_ALL
[ $# -ge 1 ] && [ -f "$1" ] || { echo "usage: sh verifier.sh KEY.pem [HEAD]" >&2; exit 2; }
anchor=$(openssl pkey -pubin -in "$1" -outform DER | sha256sum | cut -c1-16)
head=${2-}
cd "$(dirname "$0")" || exit 2
faults=0
fault() { faults=$((faults + 1)); echo "ALTÉRÉ / ALTERED: $*"; }
field() { sed -n "s/^ \"$2\": \"\\{0,1\\}\\([0-9a-f]*\\)\"\\{0,1\\},\\{0,1\\}\$/\\1/p" "$1"; }
digest() { sha256sum <"$1" | cut -c1-64; }
signed() { openssl pkeyutl -verify -pubin -inkey "$1" -rawin -in "$2" -sigfile "$3" >/dev/null 2>&1; }

# Keys: the one given, and those it vouches for, step by step.
trusted=" $anchor "
again=yes
while [ "$again" = yes ]; do
    again=no
    for note in keys/*.by-*.txt; do
        [ -f "$note" ] || continue
        name=${note#keys/}
        new=${name%%.by-*}
        by=${name#*.by-}
        by=${by%.txt}
        case $trusted in *" $new "*) continue ;; esac
        case $trusted in *" $by "*) ;; *) continue ;; esac
        whole=$(openssl pkey -pubin -in "keys/$new.pem" -outform DER | sha256sum | cut -c1-64)
        if [ "$(echo "$whole" | cut -c1-16)" = "$new" ] && grep -q "\"$whole\"" "$note" &&
            signed "keys/$by.pem" "$note" "${note%.txt}.sig"; then
            trusted="$trusted$new "
            again=yes
        fi
    done
done
sealed() { # KEY FILE SEAL
    case $trusted in *" $1 "*) ;; *) return 1 ;; esac
    [ "$(openssl pkey -pubin -in "keys/$1.pem" -outform DER | sha256sum | cut -c1-16)" = "$1" ] &&
        signed "keys/$1.pem" "$2" "$3"
}

sha256sum --strict --quiet -c SHA256SUMS >/dev/null 2>&1 || fault "SHA256SUMS"
listed=$(cut -c67- SHA256SUMS | sort)
there=$(find . ! -type d | sed 's,^\./,,' | grep -v -x -e SHA256SUMS -e SHA256SUMS.sig | sort)
[ "$listed" = "$there" ] || fault "SHA256SUMS: fichiers en trop ou en moins / files added or missing"
whole=$(sed -n 's/.*"key":"\([0-9a-f]\{16\}\)".*/\1/p' dossier.json)
if [ -n "$whole" ]; then
    sealed "$whole" SHA256SUMS SHA256SUMS.sig || fault "SHA256SUMS.sig"
else
    echo "NON SCELLÉ / NOT SEALED: SHA256SUMS"
fi

previous=0000000000000000000000000000000000000000000000000000000000000000
number=0
found=
for entry in chain/*.json; do
    number=$((number + 1))
    expected=$(printf 'chain/%06d.json' "$number")
    [ "$entry" = "$expected" ] || { fault "$expected: manque / missing"; break; }
    [ "$(field "$entry" sequence)" = "$number" ] || fault "$entry: sequence"
    [ "$(field "$entry" previous)" = "$previous" ] || fault "$entry: previous"
    key=$(field "$entry" key)
    if [ -z "$key" ]; then echo "NON SCELLÉ / NOT SEALED: $entry"
    else sealed "$key" "$entry" "${entry%.json}.sig" || fault "${entry%.json}.sig"
    fi
    files=$(printf 'runs/%06d' "$number")
    [ "$(field "$entry" manifest)" = "$(digest "$files/SHA256SUMS")" ] ||
        fault "$files/SHA256SUMS"
    if [ -s "$files/SHA256SUMS" ]; then
        (cd "$files" && sha256sum --strict --quiet --ignore-missing -c SHA256SUMS) >/dev/null 2>&1 ||
            [ -z "$(find "$files" -type f ! -name SHA256SUMS)" ] || fault "$files"
        cut -c67- "$files/SHA256SUMS" | while read -r name; do
            [ -f "$files/$name" ] || echo "$name"
        done | sed 's,/.*,,' | sort -u | while read -r kind; do
            grep -l '"purge": {' chain/*.json 2>/dev/null | tr '\n' ' ' |
                sed "s,^\$,aucun maillon / no entry," |
                sed "s,^,EFFACÉ / PURGED: $files $kind – ,"
            echo
        done
    fi
    previous=$(digest "$entry")
    [ "$previous" = "$head" ] && found=$number
done
echo "Maillons / entries: $number, tête / head: $previous"
if [ -z "$head" ]; then
    echo "Sans empreinte de tête, le retrait des contrôles les plus récents ne peut être exclu."
    echo "Without a head digest, removal of the newest checks cannot be excluded."
elif [ -z "$found" ]; then
    fault "l'empreinte de tête donnée n'est pas dans la chaîne / head digest not in the chain"
fi
[ "$faults" = 0 ] && echo "INTACT" || { echo "FAUTES / FAULTS: $faults"; exit 1; }
