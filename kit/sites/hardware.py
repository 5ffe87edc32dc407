"""Hardware profiles read from their files, and checked against each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from kit.data_folders import data_folder
from kit.documents_io.validation import gather, validate
from kit.documents_io.yaml import Document, read_yaml
from kit.errors import InvalidDocuments, Position, Problem, UsageError
from kit.i18n import _
from kit.model.hardware import HardwareProfile
from kit.sites.matching import Matcher, words
from kit.sites.workspace import Workspace


@dataclass(frozen=True)
class ReadProfile:
    """A profile and where it stands."""

    profile: HardwareProfile
    document: Document

    def at(self, *path: str | int) -> Position:
        """The position of a part of the profile."""
        return self.document.position(path)


def profile_folders(workspace: Workspace | None = None) -> tuple[Path, ...]:
    """The folder the kit is delivered with, then the workspace's own, which wins."""
    folders = [data_folder("hardware_profiles")]
    if workspace is not None and workspace.profiles.is_dir():
        own = workspace.profiles.resolve()
        if own != folders[0].resolve():
            folders.append(own)
    return tuple(folders)


def _read(folder: Path, path: Path) -> ReadProfile:
    shown = str(path.relative_to(folder.parent))
    document = read_yaml(path, shown)
    profile = validate(HardwareProfile, document)
    expected = f"{path.parent.name}/{path.stem}"
    problems = []
    if profile.id != expected:
        problems.append(
            Problem(
                document.position(("id",)),
                _("the id must be the path, “{path}”.").format(path=expected),
                _("Rename one of the two."),
            )
        )
    if profile.device_class != path.parent.name:
        problems.append(
            Problem(
                document.position(("device_class",)),
                _("the class must be the folder's name, “{name}”.").format(name=path.parent.name),
                _("Move the file, or correct the class."),
            )
        )
    if problems:
        raise InvalidDocuments(
            _("The hardware profiles have mistakes."),
            problems,
            remedy=_("Correct them and run again."),
        )
    return ReadProfile(profile, document)


def read_profiles(folders: Iterable[Path]) -> tuple[ReadProfile, ...]:
    """Every profile of the folders, sorted by id; a later folder wins over an earlier one.

    Raises ``InvalidDocuments`` with every mistake of every file.
    """
    steps: list[Callable[[], ReadProfile]] = [
        partial(_read, folder, path)
        for folder in folders
        for path in sorted(folder.glob("*/*.yaml"))
    ]
    read = gather(
        steps,
        message=_("The hardware profiles have mistakes."),
        remedy=_("Correct them and run again."),
    )
    by_id = {found.profile.id: found for found in read}
    return tuple(by_id[key] for key in sorted(by_id))


def load_profiles(workspace: Workspace | None = None) -> Mapping[str, HardwareProfile]:
    """Every profile by id."""
    read = read_profiles(profile_folders(workspace))
    return {found.profile.id: found.profile for found in read}


def find_profile(profiles: Mapping[str, HardwareProfile], name: str) -> HardwareProfile:
    """A profile by its id or by its last part; raises ``UsageError`` naming the nearest."""
    found = [
        profile for key, profile in sorted(profiles.items()) if name in (key, key.partition("/")[2])
    ]
    if len(found) == 1:
        return found[0]
    close = found or Matcher(profiles.values()).nearest(name.replace("-", " "))
    near = ", ".join(profile.id for profile in close)
    raise UsageError(
        _("there is no hardware profile “{name}”.").format(name=name),
        remedy=_("Nearest: {names}.").format(names=near)
        if near
        else _("Run “esms-kit hardware list”, or add a file under hardware_profiles."),
    )


def lint_profiles(read: Iterable[ReadProfile]) -> tuple[Problem, ...]:
    """What is wrong between profiles: overlapping patterns, examples that find another profile."""
    listed = tuple(read)
    found = [*_same_patterns(listed), *_lost_examples(listed)]
    return tuple(sorted(set(found), key=lambda problem: (problem.position, problem.message)))


def _same_patterns(listed: tuple[ReadProfile, ...]) -> Iterator[Problem]:
    """Two profiles with the same name words, part number or USB id can never be told apart."""
    names: dict[frozenset[str], str] = {}
    others: dict[str, str] = {}
    for item in listed:
        profile = item.profile
        for index, name in enumerate(profile.match.names):
            first = names.setdefault(words(name), profile.id)
            if first != profile.id:
                yield _overlap(item.at("match", "names", index), name, first)
        for index, reference in enumerate(profile.match.references):
            first = others.setdefault(reference, profile.id)
            if first != profile.id:
                yield _overlap(item.at("match", "references", index), reference, first)
        for index, usb_id in enumerate(profile.usb_ids):
            first = others.setdefault(usb_id, profile.id)
            if first != profile.id:
                yield _overlap(item.at("usb_ids", index), usb_id, first)


def _overlap(position: Position, pattern: str, other: str) -> Problem:
    return Problem(
        position,
        _("“{pattern}” also stands in the profile “{other}”.").format(pattern=pattern, other=other),
        _("Make one of the two more precise."),
    )


def _lost_examples(listed: tuple[ReadProfile, ...]) -> Iterator[Problem]:
    """An example must find its own profile, alone."""
    matcher = Matcher(item.profile for item in listed)
    for item in listed:
        for index, example in enumerate(item.profile.match.examples):
            found = tuple(profile.id for profile in matcher.by_name(example))
            if found == (item.profile.id,):
                continue
            shown = ", ".join(found) or _("none")
            yield Problem(
                item.at("match", "examples", index),
                _("“{example}” finds {found}.").format(example=example, found=shown),
                _("Make the names of these profiles more precise, so that it finds only this one."),
            )
