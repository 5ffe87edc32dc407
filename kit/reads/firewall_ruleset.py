"""The firewall as it runs: everything nftables does to what comes in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import ClassVar, Final

from kit.model.observation import Absent, Observation, Observed, Unread, Unreadable
from kit.model.read import Form, Raw, Read, Script
from kit.reads.counted_lines import END, counted
from kit.reads.firewall_answers import answers, checked_key
from kit.reads.nft_input import Ruleset

MANAGER_KEY: Final = "manager"

# A ruleset is loaded by whoever runs it; the two managers are known by what they load, and by
# being switched on while nothing is loaded. Rules of the older iptables are invisible to nft.
_LIST: Final = r"""
command -v nft >/dev/null || exit 127
[ "$(id -u)" = 0 ] || exit 126
nft -j list ruleset >ruleset || exit 1
{
    if [ -e /etc/ufw/ufw.conf ]; then
        enabled=$(sed -n 's/^[[:blank:]]*ENABLED=//p' /etc/ufw/ufw.conf) || exit
        case $enabled in *[Yy][Ee][Ss]*) echo 'manager ufw' ;; esac
    fi
    if [ -d /run/systemd/system ]; then
        systemctl show firewalld.service -p ActiveState >firewalld || exit
        if grep -qx ActiveState=active firewalld; then echo 'manager firewalld'; fi
    fi
    for tables in /proc/net/ip_tables_names /proc/net/ip6_tables_names; do
        if [ -e "$tables" ]; then
            names=$(cat "$tables") || exit
            if [ -n "$names" ]; then echo 'manager iptables'; fi
        fi
    done
    printf 'ruleset %s\n' "$(tr -d '\n' <ruleset)"
} >all || exit
"""


class FirewallRuleset(Read):
    """``nft -j list ruleset``. Keys: those of ``firewall_answers``, and ``manager``.

    ``manager``: Observed ``ufw``, ``firewalld``, ``iptables`` (the older one, beside nftables) or
    several of them, when such a program rules the firewall; else Absent.
    A key is Unreadable where the answer depends on rules that are not understood.
    """

    id: ClassVar[str] = "firewall_ruleset"

    def command(self, keys: frozenset[str], form: Form) -> Script:
        """The same for every set of keys; raises ``ValueError`` for what is no key."""
        for key in keys - {MANAGER_KEY}:
            checked_key(key)
        return Script(form, f"{_LIST}{END}")

    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        *managers, ruleset = counted(raw.text)
        word, _blank, text = ruleset.partition(" ")
        names = {line.removeprefix("manager ") for line in managers}
        if word != "ruleset" or not all(line.startswith("manager ") for line in managers):
            raise ValueError("not the answer of firewall_ruleset")
        found = dict(_surveyed(text, keys - {MANAGER_KEY}))
        if "iptables" in names:
            why = Unreadable(Unread.UNPARSABLE, "rules of the older iptables are in force as well")
            found = dict.fromkeys(found, why)
        names |= _loaded_by(text)
        found[MANAGER_KEY] = Observed(", ".join(sorted(names))) if names else Absent()
        return found


@lru_cache(maxsize=64)
def _surveyed(text: str, keys: frozenset[str]) -> Mapping[str, Observation]:
    return answers(Ruleset(json.loads(text)), keys)


@lru_cache(maxsize=64)
def _loaded_by(text: str) -> frozenset[str]:
    """The managers whose tables and chains are in the ruleset."""
    items = json.loads(text)["nftables"]
    chains = {item["chain"]["name"] for item in items if "chain" in item}
    tables = {item["table"]["name"] for item in items if "table" in item}
    found = {"ufw"} if any(name.startswith(("ufw-", "ufw6-")) for name in chains) else set()
    return frozenset(found | ({"firewalld"} if "firewalld" in tables else set()))
