"""The stock Ansible project and the stock pyinfra deploy of a site, as files. Pure but for `write`.

Roles, playbooks and the deploy are copied as they are; what is generated is data.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from kit import __version__
from kit.collectors.batch import Batch
from kit.data_folders import DataFolder, data_folder
from kit.documents_io.ansible_vars import dump_variables
from kit.documents_io.files import write_files
from kit.errors import UsageError
from kit.generation.inventories import (
    SiteInventory,
    ansible_inventory,
    jump_shown,
    known_hosts,
    pyinfra_inventory,
    winrm_password_files,
)
from kit.i18n import _
from kit.model.device import Device, Sudo
from kit.model.known_host import KeyKind, PinnedKey
from kit.planning.schedule import Step, step_data
from kit.planning.watching import guarded, watch_of

PLACEHOLDER_NONCE: Final = "0" * 32
"""What a script of reads is composed with; the role ``kit_read`` puts a fresh one in its place."""
MANIFEST: Final = ".esms-kit-project.json"
_NOT_COPIED: Final = ("__pycache__", ".ansible")
_HEAD: Final = "# Written by esms-kit; do not edit: run “esms-kit generate” again.\n"


@dataclass(frozen=True)
class HostProject:
    """What one host is to become, and what is to be read of it.

    ``steps`` feed Ansible; ``orders`` the same in the form pyinfra's scripts take them. ``reads``
    was composed with ``PLACEHOLDER_NONCE``. ``purposes``: target -> what its rules are for;
    ``watch``: what pyinfra's watchdog is armed with.
    """

    device: Device
    steps: tuple[Step, ...]
    orders: Sequence[Mapping[str, Any]]
    reads: Batch | None = None
    purposes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    watch: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Project:
    """All that a project is made of. ``left_out``: devices whose desired state is not known.

    ``packages``: the files that packages are installed from, by name.
    """

    inventory: SiteInventory
    hosts: tuple[HostProject, ...]
    scripts: Mapping[str, str]
    baseline: str
    left_out: tuple[str, ...]
    packages: Mapping[str, bytes] = field(default_factory=dict)


def project_files(project: Project) -> dict[str, bytes]:
    """Every file of the project by its path; the same site gives the same bytes."""
    texts = {"README.md": _readme(project), **_ansible(project), **_pyinfra(project)}
    files = {name: text.encode() for name, text in texts.items()}
    files |= {f"packages/{name}": content for name, content in project.packages.items()}
    if project.packages:
        files["packages/SHA256SUMS"] = _sums(project.packages).encode()
    files |= _copied("roles", "ansible/roles")
    files |= _copied("playbooks", "ansible/playbooks")
    files |= _copied("deploys", "", under="ansible")
    files |= _copied("deploys", "", under="pyinfra")
    return dict(sorted(files.items()))


def _sums(packages: Mapping[str, bytes]) -> str:
    """As ``sha256sum -c`` reads it."""
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in packages.items()}
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items()))


def _copied(folder: DataFolder, into: str, *, under: str = "") -> dict[str, bytes]:
    root = data_folder(folder)
    found = {}
    for path in sorted((root / under).rglob("*")):
        parts = path.relative_to(root).parts
        if path.is_file() and not any(part in _NOT_COPIED for part in parts):
            found["/".join([*([into] if into else []), *parts])] = path.read_bytes()
    return found


def _readme(project: Project) -> str:
    site = project.inventory.site
    text = (data_folder("deploys") / "README.md").read_text("utf-8")
    said = {
        "@SITE@": _in_markdown(site.name),
        "@SITE_ID@": site.id,
        "@VERSION@": __version__,
        "@BASELINE@": project.baseline,
        "@LEFT_OUT@": _left_out(project.left_out),
    }
    for mark, words in said.items():
        text = text.replace(mark, words)
    return text


def _left_out(devices: Iterable[str]) -> str:
    """Names only: the document is French whatever language the kit speaks today."""
    lines = [f"- {device}\n" for device in sorted(devices)]
    why = "jamais relevés, sans adresse, ou sous Windows"
    head = f"\nPostes dont l’état voulu n’est pas ici ({why}) :\n\n"
    return "".join([head, *lines]) if lines else ""


def _in_markdown(text: str) -> str:
    """A text that no reader of Markdown takes for a link, a tag or an emphasis."""
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]<>#|!~" else sign for sign in text)


def _ansible(project: Project) -> dict[str, str]:
    inventory = project.inventory
    files = {
        "ansible/inventory/hosts.yml": ansible_inventory(inventory),
        "ansible/known_hosts": known_hosts(inventory),
        "ansible/ssh_config": _ssh_config(inventory),
    }
    passwords = winrm_password_files(inventory)
    files |= {f"ansible/inventory/{path}": text for path, text in passwords.items()}
    for host in project.hosts:
        folder = f"ansible/inventory/host_vars/{host.device.id}"
        steps = [_with_purposes(step, host.purposes.get(step.target, ())) for step in host.steps]
        files[f"{folder}/kit_artefacts.yml"] = _HEAD + dump_variables(
            {
                "kit_artefacts_steps": steps,
                "kit_artefacts_watch": watch_of(guarded(host.steps)).model_dump(mode="json"),
                "kit_artefacts_watchdog_seconds": inventory.site.management.watchdog_seconds,
            }
        )
        if host.reads is not None:
            name, text = _request(host.reads)
            files[f"ansible/inventory/{name}"] = text
            files[f"{folder}/kit_read.yml"] = _HEAD + dump_variables({"kit_read_request": name})
    return files


def _with_purposes(step: Step, purposes: Sequence[str]) -> dict[str, Any]:
    return {**step_data(step), **({"purpose": list(purposes)} if purposes else {})}


def _request(batch: Batch) -> tuple[str, str]:
    """The file that says what to read, named by its content: many hosts share one."""
    limits = batch.limits
    data = {
        "schema": 1,
        "tool_version": __version__,
        "nonce": batch.nonce,
        "reads": [[name, list(keys)] for name, keys in batch.reads],
        "seconds": int(limits.answer_seconds),
        "answer_bytes": limits.answer_bytes,
        "read_bytes": limits.read_bytes,
        "said_bytes": limits.said_bytes,
        "script": batch.script,
    }
    text = json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    return f"reads/{hashlib.sha256(text.encode()).hexdigest()[:16]}.json", text


def _ssh_config(inventory: SiteInventory) -> str:
    """Addresses stand for the devices they are, whose keys are pinned under their own names."""
    blocks = [
        f"Host {device.connection.address}\n  HostKeyAlias {device.id}\n"
        for device in sorted(inventory.hosts, key=lambda one: one.id)
        if device.connection is not None and not device.over_winrm
    ]
    common = (
        "Host *\n  UserKnownHostsFile known_hosts\n  GlobalKnownHostsFile none\n"
        "  StrictHostKeyChecking yes\n  UpdateHostKeys no\n  KexAlgorithms ^curve25519-sha256\n"
    )
    return _HEAD + "".join([*blocks, common])


def _pyinfra(project: Project) -> dict[str, str]:
    inventory = project.inventory
    files = {
        "pyinfra/inventory.json": pyinfra_inventory(inventory),
        "pyinfra/known_hosts": "".join(_by_address(inventory)),
        "pyinfra/ssh_config": "".join(_jumps(inventory)),
    }
    files |= {f"pyinfra/scripts/{name}.sh": text for name, text in project.scripts.items()}
    for host in project.hosts:
        connection = host.device.connection
        data = {
            "kit_sudo": connection is None or connection.sudo is not Sudo.ROOT,
            "kit_steps": list(host.orders),
            "kit_watch": dict(host.watch),
        }
        text = json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        files[f"pyinfra/data/{host.device.id}.json"] = text
    return files


def _by_address(inventory: SiteInventory) -> Iterator[str]:
    """Lines of a known_hosts file: pyinfra looks keys up by address."""
    keys: dict[str, list[PinnedKey]] = {}
    for key in inventory.known_hosts:
        if key.kind is KeyKind.SSH_HOST_KEY:
            keys.setdefault(key.device, []).append(key)
    for device in sorted(inventory.hosts, key=lambda one: one.id):
        connection = device.connection
        if connection is None or device.over_winrm:
            continue
        plain = connection.port == 22
        name = connection.address if plain else f"[{connection.address}]:{connection.port}"
        for key in sorted(keys.get(device.id, ()), key=lambda one: (one.algorithm, one.key)):
            yield f"{name} {key.algorithm} {key.key}\n"


def _jumps(inventory: SiteInventory) -> Iterator[str]:
    for device in sorted(inventory.hosts, key=lambda one: one.id):
        connection = device.connection
        if connection is not None and connection.proxy_jump is not None:
            jump = jump_shown(inventory, connection.proxy_jump)
            yield f"Host {connection.address}\n  ProxyJump {jump}\n"
    yield "Host *\n  UserKnownHostsFile known_hosts\n  StrictHostKeyChecking yes\n"


def write_project(folder: Path, files: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Write the project, all files or none; those of an earlier one that are no more are removed.

    Raises ``UsageError`` when the folder holds something else: nothing is written over there.
    """
    former = _former(folder)
    manifest = json.dumps({"schema": 1, "files": sorted(files)}, indent=1) + "\n"
    whole = {**files, MANIFEST: manifest.encode()}
    write_files({folder / name: content for name, content in whole.items()})
    for name in sorted(former - set(files)):
        (folder / name).unlink(missing_ok=True)
    return tuple(folder / name for name in sorted(files))


def _former(folder: Path) -> frozenset[str]:
    """The files of the project that stands there, if one does."""
    path = folder / MANIFEST
    try:
        names = json.loads(path.read_text("utf-8"))["files"] if path.exists() else None
    except (OSError, ValueError, LookupError):
        names = None
    if names is None:
        if folder.exists() and any(folder.iterdir()):
            raise UsageError(
                _("the folder is not empty and holds no project of esms-kit."),
                where=str(folder),
                remedy=_("Give an empty folder, or one that does not exist yet."),
            )
        return frozenset()
    # Only what is below this folder is ours to remove, whatever the file says.
    paths = [Path(name) for name in names if isinstance(name, str)]
    ours = [path for path in paths if not path.is_absolute() and ".." not in path.parts]
    return frozenset(path.as_posix() for path in ours)
