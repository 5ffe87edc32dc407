"""The lab's Debian archive as files: packages built from ``packages.yaml``, indexes, signatures."""

from __future__ import annotations

import email.utils
import hashlib
import json
import os
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Final, Literal

from kit.documents_io.validation import validate
from kit.documents_io.yaml import read_yaml
from tests.lab.cache import Cached, LabError, digest_of, provide, run_tool
from tests.lab.recipe import HERE, Record

# Above every version Debian ever had: base packages break old versions of some of these.
VERSIONS: Final = ("9:1.0-1", "9:2.0-1")
SIGNERS: Final = ("lab", "stranger")  # hosts trust the first
DAY: Final = 86_400


class Unit(Record):
    """A systemd unit of a package."""

    name: str
    enabled: bool = False
    listen: str = ""


class Package(Record):
    """A package of the archive. ``copies``: patterns of files it takes from this machine."""

    name: str
    depends: tuple[str, ...] = ()
    executables: tuple[str, ...] = ()
    files: dict[str, str] = {}
    copies: tuple[str, ...] = ()
    units: tuple[Unit, ...] = ()
    postinst: str = ""


class Packages(Record):
    """The content of ``packages.yaml``."""

    schema_: Literal[1]
    packages: tuple[Package, ...]


def load_packages() -> tuple[Package, ...]:
    """The packages; ``InvalidDocuments`` with every mistake and its position."""
    return validate(Packages, read_yaml(HERE / "packages.yaml")).packages


def _unit_text(unit: Unit) -> str:
    if unit.name.endswith(".socket"):
        body = f"[Socket]\nListenStream={unit.listen}\n\n[Install]\nWantedBy=sockets.target\n"
    else:
        body = (
            "[Service]\nExecStart=/usr/bin/sleep infinity\n\n"
            "[Install]\nWantedBy=multi-user.target\n"
        )
    return f"[Unit]\nDescription=lab double of {unit.name}\n\n{body}"


def _scripts(package: Package) -> dict[str, str]:
    """Maintainer scripts, doing with units what debhelper's do."""
    enabled = [unit.name for unit in package.units if unit.enabled]
    names = " ".join(unit.name for unit in package.units)
    lines: dict[str, list[str]] = {"postinst": [], "prerm": [], "postrm": []}
    for name in enabled:
        lines["postinst"] += [
            f"deb-systemd-helper unmask {name} >/dev/null || true",
            f"if deb-systemd-helper --quiet was-enabled {name}; then",
            f"  deb-systemd-helper enable {name} >/dev/null || true",
            f"else deb-systemd-helper update-state {name} >/dev/null || true; fi",
        ]
    if names:
        lines["postinst"] += [
            "if [ -d /run/systemd/system ]; then systemctl --system daemon-reload || true",
            f"  deb-systemd-invoke start {' '.join(enabled)} >/dev/null || true; fi"
            if enabled
            else "fi",
        ]
        lines["prerm"] += [
            'if [ -d /run/systemd/system ] && [ "$1" = remove ]; then',
            f"  deb-systemd-invoke stop {names} >/dev/null || true; fi",
        ]
        lines["postrm"] += [
            "if [ -d /run/systemd/system ]; then systemctl --system daemon-reload || true; fi",
            f'if [ "$1" = remove ]; then deb-systemd-helper mask {names} >/dev/null || true; fi',
            'if [ "$1" = purge ]; then',
            f"  deb-systemd-helper purge {names} >/dev/null || true",
            f"  deb-systemd-helper unmask {names} >/dev/null || true; fi",
        ]
    if package.postinst:
        lines["postinst"].append(package.postinst)
    return {name: "\n".join(["#!/bin/sh", "set -e", *body, ""]) for name, body in lines.items()}


def _control(package: Package, version: str) -> str:
    fields = {
        "Package": package.name,
        "Version": version,
        "Architecture": "all",
        "Maintainer": "the lab <lab@localhost>",
        "Section": "admin",
        "Priority": "optional",
        "Depends": ", ".join(package.depends),
        "Description": f"lab double of {package.name}",
    }
    return "".join(f"{key}: {value}\n" for key, value in fields.items() if value)


def _file_name(name: str, version: str) -> str:
    return f"{name}_{version.partition(':')[2]}_all.deb"


def copied(package: Package) -> list[Path]:
    """The files of this machine that a package takes; ``LabError`` when one is not installed."""
    found: list[Path] = []
    for pattern in package.copies:
        paths = sorted(Path("/").glob(pattern.lstrip("/")))
        if not paths:
            raise LabError(f"{package.name}: {pattern} is not on this machine (packages.test)")
        found += paths
    return found


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def _build_package(package: Package, version: str, trees: Path, pool: Path) -> str:
    """Build one .deb into the pool; its stanza for an index."""
    tree = trees / f"{package.name}_{version}"
    control = _control(package, version)
    _write(tree / "DEBIAN/control", control)
    for name, text in _scripts(package).items():
        _write(tree / "DEBIAN" / name, text, 0o755)
    conffiles = sorted(path for path in package.files if path.startswith("/etc/"))
    if conffiles:
        _write(tree / "DEBIAN/conffiles", "".join(f"{path}\n" for path in conffiles))
    for path, text in package.files.items():
        _write(tree / path.lstrip("/"), text.replace("@VERSION@", version))
    for path in copied(package):
        place = tree / path.relative_to("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place, follow_symlinks=False)
    for path in package.executables:
        _write(tree / path.lstrip("/"), "#!/bin/sh\nexit 0\n", 0o755)
    for unit in package.units:
        _write(tree / "lib/systemd/system" / unit.name, _unit_text(unit))
    deb = pool / _file_name(package.name, version)
    build = ["dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, deb]
    run_tool(build, env={**os.environ, "SOURCE_DATE_EPOCH": "0"})
    content = deb.read_bytes()
    return (
        f"{control}Filename: pool/{deb.name}\nSize: {len(content)}\n"
        f"SHA256: {hashlib.sha256(content).hexdigest()}\n"
    )


def _build_keys(folder: Path) -> None:
    """A signing key for each signer, and the keyring that trusts the first."""
    home = folder / "g"
    home.mkdir(mode=0o700)
    gpg = ["gpg", "--homedir", home, "--batch", "--quiet"]
    try:
        for signer in SIGNERS:
            make = ["--passphrase", "", "--quick-gen-key", f"{signer}@localhost", "ed25519"]
            run_tool([*gpg, *make, "sign", "never"])
            run_tool([*gpg, "--output", folder / f"{signer}.key", "--export-secret-keys", signer])
        run_tool([*gpg, "--output", folder / "keyring.gpg", "--export", SIGNERS[0]])
    finally:
        run_tool(["gpgconf", "--homedir", home, "--kill", "gpg-agent"])


def _build(folder: Path) -> None:
    pool = folder / "pool"
    pool.mkdir()
    stanzas = {
        version: {
            package.name: _build_package(package, version, folder / "trees", pool)
            for package in load_packages()
        }
        for version in VERSIONS
    }
    _write(folder / "stanzas.json", json.dumps(stanzas))
    _build_keys(folder)


def provide_archive() -> Cached:
    """``pool/*.deb``, ``stanzas.json``, ``keyring.gpg`` and ``<signer>.key``. Measured: 1.5 s."""
    parts = [(HERE / name).read_bytes() for name in ("packages.yaml", "archive.py")]
    parts += [path.read_bytes() for package in load_packages() for path in copied(package)]
    return provide("archive", digest_of(*parts), _build)


def write_indexes(
    archive: Path, target: Path, *, suite: str, version: str, without: Collection[str], now: float
) -> Path:
    """Write ``target/dists`` and ``target/pool``; the unsigned Release. ``now``: Unix seconds.

    The pool holds this version only, as an archive that has moved on does.
    """
    stanzas: dict[str, str] = json.loads((archive / "stanzas.json").read_text())[version]
    chosen = {name: text for name, text in stanzas.items() if name not in without}
    index = "\n".join(text for _, text in sorted(chosen.items())).encode()
    dists = target / "dists" / suite
    (dists / "main/binary-amd64").mkdir(parents=True)
    (dists / "main/binary-amd64/Packages").write_bytes(index)
    pool = target / "pool"
    pool.mkdir()
    for name in chosen:
        file = _file_name(name, version)
        os.link(archive / "pool" / file, pool / file)
    release = dists / "Release"
    release.write_text(
        f"Origin: lab\nLabel: lab\nSuite: {suite}\nCodename: {suite}\n"
        "Architectures: amd64 all\nComponents: main\n"
        f"Date: {email.utils.formatdate(now, usegmt=True)}\n"
        "SHA256:\n"
        f" {hashlib.sha256(index).hexdigest()} {len(index)} main/binary-amd64/Packages\n"
    )
    return release
