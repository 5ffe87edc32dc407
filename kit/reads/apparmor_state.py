"""Whether the kernel that runs has AppArmor in force, and with which profiles."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar, Final

from kit.model.observation import Observation, Observed, ObservedValue
from kit.model.read import Form, Raw, Read, Script
from kit.reads.counted_lines import END, counted

ENABLED: Final = "enabled"
ENFORCED: Final = "enforced"
COMPLAINING: Final = "complaining"
_KEYS: Final = frozenset({COMPLAINING, ENABLED, ENFORCED})
_PROFILE: Final = re.compile(r"(.+) \(([a-z]+)\)\Z")
_HOLDS: Final = frozenset({"enforce", "kill"})

# Nothing is known where the kernel's security files are not to be seen (a container): that there is
# no AppArmor among its modules is proven only by its own list.
_LOOK: Final = r"""
for program in awk cat grep id; do command -v "$program" >/dev/null || exit 127; done
[ "$(id -u)" = 0 ] || exit 126
folder=/sys/kernel/security
[ -r "$folder/lsm" ] || { echo "$folder/lsm is not to be seen here" >&2; exit 1; }
{
    case ,$(cat "$folder/lsm"), in
    *,apparmor,*)
        enabled=$(cat /sys/module/apparmor/parameters/enabled) || exit 1
        printf 'enabled\t%s\n' "$enabled"
        if [ "$enabled" = Y ]; then
            awk '{ gsub(/\t/, " "); print "profile\t" $0 }' "$folder/apparmor/profiles" || exit 1
        fi
        ;;
    *) printf 'enabled\tN\n' ;;
    esac
} >all || exit
"""


class ApparmorState(Read):
    """The kernel's own word. Keys:

    - ``enabled``: Observed ``yes`` or ``no``;
    - ``enforced``: Observed, how many profiles are loaded that hold what they confine;
    - ``complaining``: Observed, the sorted names of profiles that only write down what they would
      refuse.
    """

    id: ClassVar[str] = "apparmor_state"

    def command(self, keys: frozenset[str], form: Form) -> Script:
        """Raises ``ValueError`` for what is no key of this read."""
        if not keys <= _KEYS:
            raise ValueError("not a key of apparmor_state")
        return Script(form, f"{_LOOK}{END}")

    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        enabled, *profiles = [line.partition("\t") for line in counted(raw.text)]
        if enabled[0] != ENABLED or enabled[2] not in {"Y", "N"}:
            raise ValueError(f"not whether AppArmor is enabled: {enabled[2][:80]!r}")
        modes: dict[str, str] = {}
        for mark, _tab, text in profiles:
            found = _PROFILE.match(text)
            if mark != "profile" or found is None:
                raise ValueError(f"not a profile: {text[:80]!r}")
            modes[found[1]] = found[2]
        values: Mapping[str, ObservedValue] = {
            ENABLED: "yes" if enabled[2] == "Y" else "no",
            ENFORCED: sum(mode in _HOLDS for mode in modes.values()),
            COMPLAINING: tuple(sorted(name for name, mode in modes.items() if mode == "complain")),
        }
        return {key: Observed(values[key]) for key in keys}
