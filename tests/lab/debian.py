"""Real packages of the real Debian on a lab host, fetched from the controller's own mirror.

The lab's archive serves packages without programs; where a program itself is what is tried, it
comes from Debian, with what it depends on. Needs the network: for tests marked ``full``.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.lab.hosts import Host


def install_debian(host: Host, folder: Path, *names: str) -> None:
    """Fetch the packages and what the host lacks for them into ``folder``, and install all."""
    (folder / "partial").mkdir(parents=True)
    (folder / "status").write_bytes(host.read("/var/lib/dpkg/status"))
    places = {"State::status": folder / "status", "Cache::archives": folder}
    options = [word for name, path in places.items() for word in ("-o", f"Dir::{name}={path}")]
    plain = ["--yes", "--no-install-recommends", "--download-only", "-o", "Debug::NoLocking=1"]
    done = subprocess.run(
        ["apt-get", "-q", *options, *plain, "install", *names],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    for number, path in enumerate(sorted(folder.glob("*.deb"))):
        host.write(f"/root/debian/{number}.deb", path.read_bytes())
    script = "DEBIAN_FRONTEND=noninteractive dpkg --install /root/debian/*.deb"
    host.run(["sh", "-c", script], timeout=300)


def files_of_debian(folder: Path, name: str, under: str) -> dict[str, bytes]:
    """The files a real package has below a path: path on the device -> content."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["apt-get", "-q", "download", name],
        cwd=folder, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    (package,) = folder.glob(f"{name}_*.deb")
    root = folder / name
    subprocess.run(["dpkg-deb", "--extract", str(package), str(root)], check=True, timeout=60)
    found = [path for path in sorted((root / under).rglob("*")) if path.is_file()]
    return {f"/{path.relative_to(root)}": path.read_bytes() for path in found}
