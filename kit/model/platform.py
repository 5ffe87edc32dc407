"""What a device runs, as far as reading and hardening it is concerned."""

from enum import StrEnum


class Platform(StrEnum):
    """The closed list of platforms; ``NONE`` is an asset without an operating system of its own."""

    LINUX = "linux"
    WINDOWS = "windows"
    ANDROID = "android"
    IPADOS = "ipados"
    NETWORK = "network"
    NONE = "none"
