"""A Debian package that comes from one file, known by its hash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from kit.i18n import _
from kit.model.artefact import (
    Artefact,
    LaunchWord,
    PackageFile,
    PackageName,
    PackageVersion,
    PinnedPackageArtefact,
    Sha256,
)
from kit.model.facts import Facts
from kit.model.meta import Meta, Phase
from kit.model.observation import Observations, Observed
from kit.model.operators import Operator
from kit.model.platform import Platform
from kit.model.setting import Expectation, ReadClass, Setting
from kit.model.target import ArtefactKind, Target
from kit.reads.pinned_packages import PinnedPackages


class PinnedPackage(Setting):
    """One package at exactly one version, from the file with this hash.

    .. code-block:: yaml

        type: pinned_package
        name: dui-client
        version: 4.2.1-1
        sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
        file: dui-client_4.2.1-1_amd64.deb       # in the folder client_packages of the workspace
        launch: [/usr/bin/dui-client, --version] # run once, as nobody, after the installation

    Wanted are the version, and the proof the kit leaves once it has installed this very file and
    its program has started. A package of the same version from elsewhere is none.
    """

    reads: ClassVar[Mapping[Platform, tuple[ReadClass, ...]]] = {Platform.LINUX: (PinnedPackages,)}
    type: Literal["pinned_package"]
    name: PackageName
    version: PackageVersion
    sha256: Sha256
    file: PackageFile
    launch: tuple[LaunchWord, ...] = ()

    @model_validator(mode="after")
    def _program_first(self) -> Self:
        if self.launch and not self.launch[0].startswith("/"):
            raise ValueError(_("the first word is the absolute path of a program."))
        return self

    def slot(self) -> str:
        """``pinned_package:NAME``."""
        return f"{self.type}:{self.name}"

    def _wanted(self) -> dict[str, str]:
        return {
            f"version {self.name}": self.version,
            f"proof {self.name}": f"{self.version} {self.sha256}",
        }

    def keys(self, read: ReadClass) -> frozenset[str]:
        """Its version, and the proof."""
        del read
        return frozenset(self._wanted())

    def expectation(self, read: str, key: str) -> Expectation:
        """Just these."""
        del read
        return Expectation(Operator.EQUALS, self._wanted()[key])

    def enforced(self) -> Mapping[str, Observations]:
        """Both."""
        shown = {key: Observed(value) for key, value in self._wanted().items()}
        return {PinnedPackages.id: shown}

    def targets(self, facts: Facts) -> tuple[Target, ...]:
        """The package."""
        del facts
        return (Target(ArtefactKind.PINNED_PACKAGE, self.name, PinnedPackages.id),)

    def meta(self, facts: Facts) -> Meta:
        """Packages come first. The former version is gone once another one is installed."""
        del facts
        return Meta(phase=Phase.PACKAGES, reversible=False)

    def values_shown(self) -> str:
        """``pinned_package:NAME VERSION``."""
        return f"{self.slot()} {self.version}"

    @staticmethod
    def render(target: Target, settings: Sequence[Setting]) -> Artefact:
        """The one package."""
        one = next(one for one in settings if isinstance(one, PinnedPackage))
        return PinnedPackageArtefact(
            name=target.id,
            version=one.version,
            sha256=one.sha256,
            file=one.file,
            launch=one.launch,
        )
