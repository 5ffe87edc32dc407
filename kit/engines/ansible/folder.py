"""What a run of Ansible needs, as files of one private folder. No secret is among them."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kit.data_folders import data_folder
from kit.documents_io.ansible_vars import Template, dump_variables
from kit.engines.base import Ending, Limits, Work
from kit.engines.failures import Failure, FailureCode
from kit.engines.hops import Hop, NotConnected, device_hop, jump_hop
from kit.engines.pyinfra.executors import order_of
from kit.engines.pyinfra.order import compose
from kit.model.artefact import PinnedPackageArtefact
from kit.model.device import Access, Sudo
from kit.model.known_host import PinnedKey, certificate_sha256
from kit.planning.schedule import Step, step_data, steps
from kit.planning.watching import guarded, watch_of

PERSISTENT_SECONDS: Final = 30
"""How long a connection that nobody uses stays open; tasks of a host follow each other closely."""
TELLING_SECONDS: Final = 60
"""What Ansible waits for a task beyond the time that its module is itself told to keep to."""
EVENT_BYTES: Final = 64 * 1024 * 1024
"""ansible-runner leaves results out of events that are larger: ours must always be told."""
WINRM_PLUGIN: Final = "kit_winrm"
WINRM_PLUGINS: Final = "kit_windows/connection_plugins"
PASSWORD: Final = Template("{{ kit_engine_passwords[inventory_hostname] }}")


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run. Everything in it is readable by its owner only."""

    path: Path

    @property
    def inventory(self) -> Path:
        """The hosts and what each is to become."""
        return self.path / "inventory.yml"

    @property
    def secrets(self) -> Path:
        """A pipe: all secrets are handed over through it and are never a file."""
        return self.path / "secrets.yml"

    @property
    def go(self) -> Path:
        """As long as it is there hosts begin with further steps; gone with the folder."""
        return self.path / "go"

    def settled(self, device: str) -> Path:
        """How the proof of the way in ended on a device; written once it has."""
        return self.path / f"{device}.settled"

    def write(
        self,
        works: Sequence[Work],
        limits: Limits,
        identity: str,
        impossible: Mapping[str, str],
    ) -> Mapping[str, NotConnected]:
        """Make everything; the devices that cannot be connected to as they are described.

        ``identity`` names the run to the watchdogs; ``impossible``: device -> why none may be
        armed there.
        """
        refused: dict[str, NotConnected] = {}
        blocks: list[str] = []
        hosts: dict[str, Any] = {}
        for work in works:
            try:
                if work.connection.access is Access.WINRM:
                    hosts[work.device] = _over_winrm(work, limits)
                    continue
                blocks += self._ssh_blocks(work)
            except NotConnected as error:
                refused[work.device] = error
                continue
            hosts[work.device] = self._host_variables(work, limits)
            if impossible.get(work.device):
                hosts[work.device]["kit_artefacts_impossible"] = impossible[work.device]
        variables = {
            "ansible_python_interpreter": "/usr/bin/python3",
            "kit_artefacts_go_file": str(self.go),
            "kit_artefacts_change_seconds": limits.change_seconds,
            "kit_artefacts_lock_seconds": limits.lock_seconds,
            "kit_artefacts_login_seconds": limits.login_seconds,
            "kit_artefacts_packages": str(self._packages(works)),
            "kit_artefacts_package_seconds": limits.package_seconds,
            "kit_artefacts_watchdog_seconds": limits.watchdog_seconds,
            "kit_artefacts_watchdog_id": identity,
        }
        text = dump_variables({"all": {"hosts": hosts, "vars": variables}})
        self._write("inventory.yml", text)
        self._write("ssh_config", "".join(blocks) + _common_ssh(limits))
        self._write("ansible.cfg", "")  # the operator's own must not decide how this runs
        self._write("go", "")
        os.mkfifo(self.secrets, 0o600)
        return refused

    def _packages(self, works: Sequence[Work]) -> Path:
        """The files that go to devices, under the names the steps have for them."""
        folder = self.path / "packages"
        folder.mkdir(mode=0o700)
        wanted = {
            change.artefact.file: work.payloads[change.artefact.sha256]
            for work in works
            for change in work.changes
            if isinstance(change.artefact, PinnedPackageArtefact)
            and change.artefact.sha256 in work.payloads
        }
        for name, payload in wanted.items():
            (folder / name).symlink_to(payload)
        return folder

    def _write(self, name: str, text: str) -> Path:
        path = self.path / name
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        return path

    def _host_variables(self, work: Work, limits: Limits) -> dict[str, Any]:
        planned = steps(work.changes)
        variables: dict[str, Any] = {
            "ansible_host": work.device,  # its block of ssh_config
            "ansible_become": work.connection.sudo is not Sudo.ROOT,
            "kit_artefacts_on_failure": work.on_failure,
            "kit_artefacts_steps": [step_data(step) for step in planned],
            "kit_artefacts_watch": watch_of(guarded(planned)).model_dump(mode="json"),
            "kit_artefacts_settled_file": str(self.settled(work.device)),
        }
        scripts = {step.target: _script(step, limits) for step in planned if _is_held(step)}
        if scripts:
            variables["kit_artefacts_scripts"] = scripts
        if work.connection.sudo is Sudo.PASSWORD:
            variables["ansible_become_password"] = PASSWORD
        return variables

    def _ssh_blocks(self, work: Work) -> list[str]:
        identity = _identity(work)
        jump = jump_hop(work)
        if jump is None:
            return [self._ssh_block(work.device, work.device, device_hop(work), identity)]
        through = f"{work.device}--jump"
        options = [*identity, self._proxy(work)]
        return [
            self._ssh_block(through, jump.name, jump, identity),
            self._ssh_block(work.device, work.device, device_hop(work), options),
        ]

    def _proxy(self, work: Work) -> str:
        """As ProxyJump does, but what the jump host has to say is kept: ssh would drop it."""
        config = shlex.quote(str(self.path / "ssh_config"))
        kept = shlex.quote(str(self._proxy_log(work)))
        words = f"ssh -F {config} -W [%h]:%p {work.device}--jump 2>{kept}"
        return f"ProxyCommand {words}"

    def _proxy_log(self, work: Work) -> Path:
        return self.path / f"{work.device}.jump"

    def overheard(self, work: Work) -> str:
        """What was said on the way to the jump host of a device, and there."""
        path = self._proxy_log(work)
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def _ssh_block(self, name: str, subject: str, hop: Hop, options: Iterable[str]) -> str:
        """The pins stand under the block's own name, whatever the address is."""
        if not hop.keys:
            failure = Failure(code=FailureCode.NOT_TRUSTED, subject=subject)
            raise NotConnected(Ending.FAILED, failure)
        lines = "".join(f"{name} {pin.algorithm} {pin.key}\n" for pin in hop.keys)
        pins = self._write(f"{name}.known_hosts", lines)
        said = [
            f"HostName {hop.address}",
            f"Port {hop.port}",
            f"User {hop.account}",
            f"HostKeyAlias {name}",
            f'UserKnownHostsFile "{pins}"',
            f"HostKeyAlgorithms {','.join(algorithms(hop.keys))}",
            *options,
        ]
        return "".join(f"{line}\n" for line in [f"Host {name}", *(f"  {one}" for one in said)])


def _over_winrm(work: Work, limits: Limits) -> dict[str, Any]:
    """How Ansible reaches a Windows device: its certificate pinned, its password from the pipe."""
    pin = certificate_sha256(work.host_keys, work.device)
    if not pin:
        failure = Failure(code=FailureCode.CERTIFICATE_NOT_PINNED, subject=work.device)
        raise NotConnected(Ending.FAILED, failure)
    return {
        "ansible_connection": WINRM_PLUGIN,
        "ansible_host": work.connection.address,
        "ansible_port": work.connection.port,
        "ansible_user": work.account,
        "ansible_password": PASSWORD,
        "kit_winrm_certificate_sha256": pin,
        "kit_winrm_connect_seconds": limits.connect_seconds,
    }


def _is_held(step: Step) -> bool:
    return step.artefact.kind == "held"


def _script(step: Step, limits: Limits) -> str:
    """The other engine's own script: what is put back is put back in one way."""
    return compose(order_of(step, limits)).decode()


def algorithms(keys: Iterable[PinnedKey]) -> list[str]:
    """What to negotiate, so that the device shows a key that is pinned and no other of its own."""
    wanted: dict[str, None] = {}
    for pin in keys:
        # SHA-1 signatures are no proof; the same RSA key signs with SHA-2.
        rsa = pin.algorithm == "ssh-rsa"
        wanted |= dict.fromkeys(["rsa-sha2-512", "rsa-sha2-256"] if rsa else [pin.algorithm])
    return list(wanted)


def _identity(work: Work) -> list[str]:
    name = work.connection.identity_file
    if name is None:
        return []
    # ssh_config has no escape for these, and takes % for a token.
    if any(sign in name for sign in '"\n\r\\') or not Path(name).expanduser().is_file():
        failure = Failure(code=FailureCode.IDENTITY_UNUSABLE, subject=name)
        raise NotConnected(Ending.FAILED, failure)
    return [f'IdentityFile "{name.replace("%", "%%")}"', "IdentitiesOnly yes"]


def _common_ssh(limits: Limits) -> str:
    said = (
        "GlobalKnownHostsFile none",
        "StrictHostKeyChecking yes",
        "UpdateHostKeys no",
        "CheckHostIP no",
        "BatchMode yes",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "ForwardAgent no",
        "ForwardX11 no",
        "PermitLocalCommand no",
        f"ConnectTimeout {limits.connect_seconds}",
        "ServerAliveInterval 15",
        "ServerAliveCountMax 3",
        # A tenth of the CPU of OpenSSH 9's first choice.
        "KexAlgorithms ^curve25519-sha256",
        "LogLevel ERROR",
    )
    return "".join(f"{line}\n" for line in ["Host *", *(f"  {one}" for one in said)])


def environment(folder: RunFolder, limits: Limits) -> dict[str, str]:
    """What tells Ansible how to run; everything that a file could decide is decided here."""
    longest = limits.package_seconds + limits.lock_seconds + TELLING_SECONDS
    return {
        "ANSIBLE_CONFIG": str(folder.path / "ansible.cfg"),
        "ANSIBLE_HOME": str(folder.path / "home"),
        "ANSIBLE_LOCAL_TEMP": str(folder.path / "tmp"),
        "ANSIBLE_ROLES_PATH": str(data_folder("roles")),
        "ANSIBLE_CONNECTION_PLUGINS": str(data_folder("roles") / WINRM_PLUGINS),
        "ANSIBLE_GATHERING": "explicit",
        "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_HOST_KEY_CHECKING": "1",
        "ANSIBLE_SSH_ARGS": (
            f"-F {shlex.quote(str(folder.path / 'ssh_config'))} -o ControlMaster=auto"
            f" -o ControlPersist={PERSISTENT_SECONDS}s"
        ),
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(folder.path / "cp"),
        # By name, not by address: a device never speaks over the connection of another one, which
        # would have shown another key.
        "ANSIBLE_SSH_CONTROL_PATH": "%(directory)s/%%n",
        "ANSIBLE_SSH_RETRIES": "0",
        "ANSIBLE_TIMEOUT": str(limits.connect_seconds),
        "ANSIBLE_TASK_TIMEOUT": str(longest),
        "ANSIBLE_NO_TARGET_SYSLOG": "1",
        "ANSIBLE_RETRY_FILES_ENABLED": "0",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_DEPRECATION_WARNINGS": "0",
        "ANSIBLE_LOCALHOST_WARNING": "0",
        "ANSIBLE_DISPLAY_FAILED_STDERR": "0",
        "MAX_EVENT_RES": str(EVENT_BYTES),
        "LC_ALL": "C.UTF-8",
    }
