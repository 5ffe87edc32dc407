"""Names and asset numbers of devices: from a pattern of the site, never from a person.

A name, once given, stays with its device; a number is never given twice, even after removal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from kit.errors import UsageError
from kit.i18n import _
from kit.model.device import DeviceClass
from kit.model.identifiers import NAME_LENGTH, check_device_id
from kit.model.site import Site
from kit.sites.finess import NumberFault

CLASS_CODES: Final[Mapping[DeviceClass, str]] = {
    DeviceClass.DESKTOP: "pc",
    DeviceClass.LAPTOP: "pt",
    DeviceClass.THIN_CLIENT: "cl",
    DeviceClass.SERVER: "srv",
    DeviceClass.TABLET: "tab",
    DeviceClass.SMARTPHONE: "tel",
    DeviceClass.SWITCH: "sw",
    DeviceClass.ACCESS_POINT: "ap",
    DeviceClass.FIREWALL: "fw",
    DeviceClass.READER: "lec",
    DeviceClass.SECURITY_KEY: "cle",
}
_PLACEHOLDERS: Final = ("site", "class", "number", "department")
_TOKEN: Final = re.compile(r"\{([^{}]*)\}|([^{}]+)|([{}])")
_LITERAL: Final = re.compile(r"[a-z0-9-]+\Z")
_LONGEST_NUMBER: Final = "999"
CODE_LENGTH: Final = 6


def default_code(site_id: str) -> str:
    """A short code for a site: three letters of the first word, then one of each other word."""
    words = [word for word in re.split(r"[-_]+", site_id) if word]
    whole = "".join(words)
    if len(whole) <= CODE_LENGTH:
        return whole
    return (words[0][:3] + "".join(word[0] for word in words[1:]))[:CODE_LENGTH]


def _values(site: Site) -> dict[str, str]:
    number = site.finess_et or ""
    return {
        "site": site.code or default_code(site.id),
        "department": number[:2].lower() if number else "",
    }


def _tokens(pattern: str) -> list[tuple[str, str]]:
    """``(placeholder, literal)`` pairs, one part empty; ``("?", text)`` where it is malformed."""
    found = []
    for match in _TOKEN.finditer(pattern):
        placeholder, literal, stray = match.groups()
        if placeholder is not None and placeholder in _PLACEHOLDERS:
            found.append((placeholder, ""))
        elif literal and _LITERAL.match(literal):
            found.append(("", literal))
        else:
            found.append(("?", stray or literal or f"{{{placeholder}}}"))
    return found


def pattern_fault(site: Site) -> NumberFault | None:
    """Why the site's name pattern cannot give names, or ``None``."""
    tokens = _tokens(site.name_pattern)
    remedy = _("Use {{site}}, {{class}}, {{number}}, {{department}}, letters, digits, hyphens.")
    remedy = remedy.replace("{{", "{").replace("}}", "}")
    for placeholder, text in tokens:
        if placeholder == "?":
            return NumberFault(
                _("“{text}” has no meaning in a name pattern.").format(text=text), remedy
            )
    if [token for token, _text in tokens].count("number") != 1:
        return NumberFault(_("a name pattern needs its number, once."), remedy)
    for device_class in DeviceClass:
        name = _compose(site, device_class, _LONGEST_NUMBER)
        try:
            check_device_id(name)
        except ValueError as error:
            return NumberFault(str(error), _("Shorten the pattern or the site's code."))
    return None


def _compose(site: Site, device_class: DeviceClass, number: str) -> str:
    values = {**_values(site), "class": CLASS_CODES[device_class], "number": number}
    return "".join(
        values[placeholder] if placeholder else text
        for placeholder, text in _tokens(site.name_pattern)
    )


def _recognise(site: Site, device_class: DeviceClass) -> re.Pattern[str]:
    """Names this pattern has given to this class (to all, when the pattern has no class)."""
    values = {**_values(site), "class": CLASS_CODES[device_class]}
    parts = []
    for placeholder, text in _tokens(site.name_pattern):
        if placeholder == "number":
            parts.append(r"(\d+)")
        else:
            parts.append(re.escape(values[placeholder] if placeholder else text))
    return re.compile("".join(parts) + r"\Z")


def allocate_names(
    site: Site, taken: Iterable[str], classes: Sequence[DeviceClass]
) -> tuple[str, ...]:
    """A new name for each of ``classes``, in their order, none of them in ``taken``.

    ``taken`` must hold the names of removed devices too. Raises ``UsageError`` when the pattern
    is wrong or has no name left.
    """
    fault = pattern_fault(site)
    if fault is not None:
        raise UsageError(f"name_pattern: {fault.message}", remedy=fault.remedy)
    used = set(taken)
    highest: dict[str, int] = {}
    given = []
    for device_class in classes:
        pattern = _recognise(site, device_class)
        if pattern.pattern not in highest:
            numbers = [int(found[1]) for name in used if (found := pattern.match(name))]
            highest[pattern.pattern] = max(numbers, default=0)
        while True:
            highest[pattern.pattern] += 1
            name = _compose(site, device_class, f"{highest[pattern.pattern]:03d}")
            if name not in used:
                break
        if len(name) > NAME_LENGTH:
            raise UsageError(
                _("the name “{name}” would be longer than 15 characters.").format(name=name),
                remedy=_("Shorten “name_pattern” or “code” in site.yaml."),
            )
        used.add(name)
        given.append(name)
    return tuple(given)


_ASSET: Final = re.compile(r"[A-Z0-9]+-(\d{4,6})\Z")


def allocate_asset_ids(site: Site, taken: Iterable[str], count: int) -> tuple[str, ...]:
    """``count`` asset numbers, unique in the country: the site's FINESS or SIRET and a rank."""
    prefix = site.finess_et or site.siret or site.id.upper()
    ranks = [
        int(found[1])
        for asset in taken
        if asset.startswith(f"{prefix}-") and (found := _ASSET.match(asset))
    ]
    first = max(ranks, default=0) + 1
    return tuple(f"{prefix}-{rank:04d}" for rank in range(first, first + count))
