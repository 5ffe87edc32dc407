"""Hardware profiles listed, shown, matched and linted."""

from __future__ import annotations

from pathlib import Path

from kit.errors import Problem
from kit.model.device import DeviceClass
from kit.model.hardware import HardwareProfile
from kit.sites.hardware import (
    find_profile,
    lint_profiles,
    load_profiles,
    profile_folders,
    read_profiles,
)
from kit.sites.matching import Matcher, MatchResult
from kit.sites.workspace import Workspace


def list_profiles(
    workspace: Workspace | None = None, device_class: DeviceClass | None = None
) -> tuple[HardwareProfile, ...]:
    """Every profile, or those of one class, sorted by id."""
    return tuple(
        profile
        for profile in load_profiles(workspace).values()
        if device_class is None or profile.device_class is device_class
    )


def show_profile(name: str, workspace: Workspace | None = None) -> HardwareProfile:
    """One profile by its id or the last part of it; raises ``UsageError`` naming the nearest."""
    return find_profile(load_profiles(workspace), name)


def match_text(text: str, reference: str = "", workspace: Workspace | None = None) -> MatchResult:
    """Which profile a designation or a part number finds."""
    return Matcher(load_profiles(workspace).values()).match(text, reference)


def lint(
    workspace: Workspace | None = None, folder: Path | None = None
) -> tuple[int, tuple[Problem, ...]]:
    """How many profiles there are, and what is wrong between them.

    Raises ``InvalidDocuments`` when a file itself is wrong.
    """
    folders = (folder,) if folder is not None else profile_folders(workspace)
    read = read_profiles(folders)
    return len(read), lint_profiles(read)
