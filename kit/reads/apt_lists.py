"""How old what apt knows of security updates is, by the archive's own date."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import ClassVar, Final

from kit.model.observation import Absent, Observation, Observed
from kit.model.read import Form, Raw, Read, Script
from kit.reads.counted_lines import END, counted

SECURITY_AGE: Final = "security-age"
_CLOCKS: Final = timedelta(days=1)  # how far apart two clocks may be

# What an archive says of itself stands in its signed index; when a file was written says nothing.
_LOOK: Final = r"""
for program in awk cat date grep id; do command -v "$program" >/dev/null || exit 127; done
[ "$(id -u)" = 0 ] || exit 126
[ -d /var/lib/apt/lists ] || { echo 'no apt here' >&2; exit 127; }
{
    printf 'now\t%s\n' "$(date +%s)"
    for file in /var/lib/apt/lists/*InRelease /var/lib/apt/lists/*_Release; do
        [ -f "$file" ] || continue
        [ -r "$file" ] || exit 126
        awk '
            /^(Label|Suite|Codename):/ && tolower($0) ~ /security/ { security = 1 }
            /^Date:/ { sub(/^Date: */, ""); gsub(/\t/, " "); told = $0 }
            /^(MD5Sum|SHA1|SHA256):/ { exit }
            END { if (security) print "archive\t" told }' "$file" || exit 1
    done
} >all || exit
"""


class AptLists(Read):
    """One key, ``security-age``.

    Observed, whole days between the newest index of an archive of security that apt has brought,
    by the date the archive gives it, and the device's own clock; a clock that is behind makes it
    Unreadable. Absent when apt has none. That apt tried, or that a file was written, is no proof.
    """

    id: ClassVar[str] = "apt_lists"

    def command(self, keys: frozenset[str], form: Form) -> Script:
        """Raises ``ValueError`` for what is no key of this read."""
        if not keys <= {SECURITY_AGE}:
            raise ValueError("apt_lists has one key")
        return Script(form, f"{_LOOK}{END}")

    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        now, *archives = [line.partition("\t") for line in counted(raw.text)]
        if now[0] != "now":
            raise ValueError("the time of the device is not told")
        at = datetime.fromtimestamp(int(now[2]), UTC)
        dates = []
        for mark, _tab, text in archives:
            if mark != "archive":
                raise ValueError(f"not an archive: {mark[:80]!r}")
            told = parsedate_to_datetime(text)
            dates.append(told if told.tzinfo else told.replace(tzinfo=UTC))
        if not dates:
            return dict.fromkeys(keys, Absent())
        if at < max(dates) - _CLOCKS:
            raise ValueError("the clock of the device is behind that of the archive")
        return dict.fromkeys(keys, Observed(max(0, (at - max(dates)).days)))
