"""Small Debian packages, built for a test."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import dataclass
from pathlib import Path

from kit.model.artefact import PinnedPackageArtefact


@dataclass(frozen=True)
class Deb:
    """A package file with what pins it."""

    path: Path
    name: str
    version: str

    @property
    def sha256(self) -> str:
        """Of the file as it is now."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    def artefact(self, *launch: str, **others: str) -> PinnedPackageArtefact:
        """The package as it is pinned."""
        values = {"name": self.name, "version": self.version, "sha256": self.sha256}
        return PinnedPackageArtefact(
            **{**values, "file": self.path.name, **others}, launch=tuple(launch)
        )


def build_deb(
    folder: Path,
    name: str = "dui-client",
    version: str = "4.2.1-1",
    *,
    program: str = "#!/bin/sh\necho dui-client 4.2.1\n",
    depends: str = "",
    postinst: str = "",
) -> Deb:
    """A package with one program ``/usr/bin/NAME``."""
    root = folder / f"{name}_{version}"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "usr/bin").mkdir(parents=True)
    binary = root / "usr/bin" / name
    binary.write_text(program)
    binary.chmod(0o755)
    control = [
        f"Package: {name}", f"Version: {version}", "Architecture: all",
        "Maintainer: Nobody <nobody@example.org>", "Description: client of a care record",
    ]  # fmt: skip
    control += [f"Depends: {depends}"] if depends else []
    (root / "DEBIAN/control").write_text("\n".join([*control, ""]))
    if postinst:
        (root / "DEBIAN/postinst").write_text(postinst)
        (root / "DEBIAN/postinst").chmod(0o755)
    path = folder / f"{name}_{version}_all.deb"
    command = ["dpkg-deb", "--root-owner-group", "-Znone", "--build", str(root), str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return Deb(path, name, version)
