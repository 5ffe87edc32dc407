"""Which operating system a new device is expected to run."""

from __future__ import annotations

from typing import Final

from kit.model.hardware import HardwareProfile
from kit.model.platform import Platform
from kit.model.site import Site

_PLATFORM_PREFIXES: Final[tuple[tuple[str, Platform], ...]] = (
    ("windows", Platform.WINDOWS),
    ("debian", Platform.LINUX),
    ("ubuntu", Platform.LINUX),
    ("linux", Platform.LINUX),
    ("android", Platform.ANDROID),
    ("ipados", Platform.IPADOS),
)


def platform_of(os: str) -> Platform | None:
    """The platform an operating system label belongs to."""
    return next((p for prefix, p in _PLATFORM_PREFIXES if os.startswith(prefix)), None)


def choose_system(
    site: Site, profile: HardwareProfile, os: str | None, platform: Platform | None
) -> tuple[Platform, str | None]:
    """What a new device runs: as the note says, else as the site wants, else as delivered."""
    if platform is None:
        wanted = site.default_os.get(profile.device_class)
        wanted_platform = platform_of(wanted) if wanted else None
        if wanted_platform is not None and wanted_platform in profile.platforms:
            return wanted_platform, wanted
        platform = profile.platforms[0]
    if os is None:
        os = next((label for label in profile.os if platform_of(label) is platform), None)
    return platform, os
