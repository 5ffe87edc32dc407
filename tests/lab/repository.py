"""The apt repository that a lab's hosts install from, and the ways it can be out of order."""

from __future__ import annotations

import email.utils
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.archive import DAY, SIGNERS, VERSIONS, provide_archive, write_indexes
from tests.lab.cache import LabError, kill_inside
from tests.lab.recipe import load_recipe
from tests.lab.warden import SERVICES

if TYPE_CHECKING:
    from tests.lab.bench import Lab

KEYRING = "usr/share/keyrings/lab-archive-keyring.gpg"
_SIGN = 'gpg --homedir "$HOME" --batch --quiet'


class Repository:
    """A signed apt repository on the lab's switch. Unpublished until ``publish``."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._archive = provide_archive()
        self._folder = lab.folder / "repository"
        self._server: subprocess.Popen[bytes] | None = None

    def client_files(self) -> dict[str, tuple[bytes, int]]:
        """What makes a host install from here and from nowhere else, for ``pack``."""
        sources = (
            f"Types: deb\nURIs: http://{SERVICES}/debian\nSuites: {load_recipe().suite}\n"
            f"Components: main\nSigned-By: /{KEYRING}\n"
        )
        keyring = (self._archive.folder / "keyring.gpg").read_bytes()
        return {
            "etc/apt/sources.list.d/lab.sources": (sources.encode(), 0o644),
            KEYRING: (keyring, 0o644),
        }

    def names(self, version: str = VERSIONS[0]) -> list[str]:
        """The packages there are."""
        return sorted(json.loads((self._archive.folder / "stanzas.json").read_text())[version])

    def publish(
        self,
        *,
        version: str = VERSIONS[0],
        without: Collection[str] = (),
        signer: str = SIGNERS[0],
        expired: bool = False,
    ) -> None:
        """Put a state of the archive in place of the present one, and serve it.

        Another ``version`` makes the lists hosts have fetched stale: what they name is gone.
        ``without`` leaves packages out, ``signer="stranger"`` signs with a key no host trusts,
        ``expired`` dates the end of its validity to yesterday.
        """
        now = time.time()
        beside = self._folder / "debian.new"
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        release = write_indexes(
            self._archive.folder, beside,
            suite=load_recipe().suite, version=version, without=without, now=now,
        )  # fmt: skip
        if expired:
            date = email.utils.formatdate(now - DAY, usegmt=True)
            release.write_text(f"Valid-Until: {date}\n{release.read_text()}")
        self._sign(release, signer)
        place = self._folder / "debian"
        shutil.rmtree(place, ignore_errors=True)
        beside.rename(place)
        self.start()

    def _sign(self, release: Path, signer: str) -> None:
        """Sign inside the lab, where the agent that gpg leaves running ends with it."""
        home = f"/run/gnupg-{signer}"  # the lab's own /run; short, for it holds a socket
        script = (
            f"mkdir -p -m 700 {home} && export HOME={home} && "
            f"{{ [ -e {home}/done ] || {_SIGN} --import {self._archive.folder / signer}.key; }} && "
            f"touch {home}/done && "
            f"{_SIGN} --yes --output {release.with_name('InRelease')} --clearsign {release}"
        )
        self._lab.enter(["sh", "-c", script])

    def start(self) -> None:
        """Serve; thaws a frozen server, too."""
        self._frozen.unlink(missing_ok=True)
        if self._server is not None and self._server.poll() is None:
            return
        script = str(self._lab.here / "apt_server.py")
        inside = ["nsenter", "--net=/run/netns/switch", sys.executable, script]
        argv = [*inside, str(self._folder), SERVICES, "80"]
        self._server = self._lab.enter_long(argv, stdout=subprocess.PIPE)
        if self._server.stdout is None or self._server.stdout.readline() != b"ready\n":
            raise LabError(f"the repository did not start:\n{self._lab.log()}")

    def stop(self) -> None:
        """Go down: connections are refused."""
        if self._server is not None:
            kill_inside(self._server)
            self._server = None

    def freeze(self) -> None:
        """Accept connections and answer nothing."""
        self._frozen.touch()

    @property
    def _frozen(self) -> Path:
        return self._folder / "frozen"

    def close(self) -> None:
        """Let the cache sweep the archive again."""
        self._archive.release()
