"""The root file system every host stands on: built once with mmdebstrap, then only overlaid."""

from __future__ import annotations

import os
from pathlib import Path

from tests.lab.cache import Cached, LabError, digest_of, provide, run_tool
from tests.lab.recipe import HERE, Recipe, load_recipe

# Measured on two cores shared with other work: 32 s, 315 MB, of which mmdebstrap is all but 1 s.
_FINISH = HERE / "rootfs_finish.sh"


def archive_uri() -> str:
    """Where this machine's own apt fetches Debian from."""
    listed = run_tool(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)|$(LABEL)", "Created-By: Packages"]
    ).stdout.decode()
    for line in listed.splitlines():
        uri, _, label = line.partition("|")
        if label == "Debian":
            return uri
    raise LabError("this machine's apt knows no Debian archive: run apt-get update and try again.")


def base_digest() -> str:
    """Names the root file system of today's recipe; what is not in it does not count."""
    recipe = load_recipe().model_dump_json(exclude={"qemu_packages", "dropped_capabilities"})
    return digest_of(recipe, _FINISH.read_bytes())


def provide_base() -> Cached:
    """``base/`` (the root file system), ``id_ed25519`` and ``id_ed25519.pub`` (the lab's key)."""
    if os.geteuid() != 0:
        raise LabError("the lab needs root: namespaces, mounts and mmdebstrap.")
    return provide("rootfs", base_digest(), lambda folder: _build(folder, load_recipe()))


def _build(folder: Path, recipe: Recipe) -> None:
    base = folder / "base"
    run_tool(
        [
            *("unshare", "--mount"),  # its mounts end with it, also when it is killed
            "mmdebstrap",
            f"--variant={recipe.variant}",
            f"--include={','.join(recipe.packages)}",
            recipe.suite,
            base,
            archive_uri(),
        ],
        timeout=900,
    )
    key = folder / "id_ed25519"
    run_tool(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", key])
    accounts = "".join(
        f"{account.name}\t{int(account.key)}\t{account.sudo}\t{account.password or '-'}\t"
        f"{account.comment}\n"
        for account in recipe.accounts
    )
    public = (folder / "id_ed25519.pub").read_text().strip()
    run_tool(["bash", _FINISH, base, public], input=accounts.encode())
