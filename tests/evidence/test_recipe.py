"""Evidence verified without the kit: a shell, sha256sum and openssl."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kit.app.evidence_folder import add_stamp, verify
from kit.errors import InvalidInput
from kit.evidence.verification import FaultKind, NoticeKind
from kit.model.evidence import digest_of
from tests.evidence.made import Files, Made, save


def recipe(folder: Path, key: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(folder / "verifier.sh"), str(key), *more],
        capture_output=True, text=True, timeout=60, check=False, cwd="/",
    )  # fmt: skip


@pytest.fixture
def key(chained: Made, tmp_path: Path) -> Path:
    return chained.public(tmp_path / "scellement.pem")


def test_the_recipe_says_whole_and_tells_the_head(exported: Path, key: Path, whole: Files) -> None:
    head = digest_of(whole["chain/000003.json"])
    done = recipe(exported, key, head)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "INTACT" in done.stdout
    assert head in done.stdout
    assert "newest" not in done.stdout
    assert "newest" in recipe(exported, key).stdout


SNAPSHOT = "runs/000002/snapshots/til-pc-001.snapshot.json"


def edited(files: Files) -> None:
    files[SNAPSHOT] = files[SNAPSHOT].replace(b"done", b"dona", 1)
    files.relist(2)
    files.edit("chain/000002.json", manifest=digest_of(files["runs/000002/SHA256SUMS"]))
    files.edit("chain/000003.json", previous=digest_of(files["chain/000002.json"]))


@pytest.mark.parametrize(
    "attack",
    [
        lambda f: f.update({SNAPSHOT: f[SNAPSHOT] + b" "}),
        lambda f: f.pop(SNAPSHOT),
        lambda f: f.update({"runs/000001/findings/x.json": b"{}"}),
        lambda f: f.pop("chain/000002.json"),
        lambda f: f.update({"chain/000003.sig": f["chain/000002.sig"]}),
        edited,
    ],
)
def test_the_recipe_catches_what_the_kit_catches(
    files: Files, key: Path, tmp_path: Path, attack: Callable[[Files], object]
) -> None:
    attack(files)
    files.reindex()
    done = recipe(save(files, tmp_path / "evidence"), key)
    assert done.returncode == 1, done.stdout
    assert "ALTERED" in done.stdout


def test_the_recipe_wants_the_deposited_key_and_follows_endorsements(
    made: Made, tmp_path: Path, exported: Path
) -> None:
    made.make_keys()
    first = made.public(tmp_path / "first.pem")
    assert recipe(exported, first).returncode == 1
    made.check()
    made.rotate()
    made.check()
    folder = made.export(tmp_path / "evidence")
    done = recipe(folder, first, "0" * 64)
    assert done.returncode == 1
    assert "not in the chain" in done.stdout
    assert recipe(folder, first).returncode == 0
    assert recipe(folder, made.public(tmp_path / "second.pem")).returncode == 1


def test_the_recipe_goes_on_where_files_had_their_time(made: Made, tmp_path: Path) -> None:
    from datetime import timedelta

    from kit.app.evidence import seal_of
    from kit.app.purging import purge, retention

    made.make_keys()
    made.check()
    made.clock.at += timedelta(days=500)
    made.check()
    link = purge(
        made.site.loaded, made.store, retention(None, None), made.clock(),
        seal_of(made.root, made.ring),
    )  # fmt: skip
    folder = made.export(tmp_path / "evidence")
    done = recipe(folder, made.public(tmp_path / "key.pem"), link.digest)
    assert done.returncode == 0, done.stdout
    assert "PURGED" in done.stdout


def openssl(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["openssl", *arguments], capture_output=True, text=True, timeout=60, check=True, cwd=cwd
    )


CONFIG = """\
[tsa]
default_tsa = here
[here]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A time-stamping authority of our own."""
    here = tmp_path_factory.mktemp("authority")
    (here / "tsa.cnf").write_text(CONFIG)
    (here / "serial").write_text("01\n")
    openssl(
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-keyout", "tsa.key", "-out", "tsa.pem", "-subj", "/CN=authority", "-days", "2",
        "-addext", "extendedKeyUsage=critical,timeStamping", cwd=here,
    )  # fmt: skip
    return here


def stamped(here: Path, data: Path, name: str, digest: str = "-sha256") -> Path:
    openssl("ts", "-query", "-data", str(data), digest, "-cert", "-out", f"{name}.tsq", cwd=here)
    openssl(
        "ts", "-reply", "-queryfile", f"{name}.tsq", "-config", "tsa.cnf", "-out", f"{name}.tsr",
        cwd=here,
    )  # fmt: skip
    openssl("ts", "-reply", "-in", f"{name}.tsr", "-token_out", "-out", f"{name}.tok", cwd=here)
    return here / f"{name}.tsr"


def test_a_time_stamp_is_kept_beside_its_entry_and_verified(
    made: Made, tmp_path: Path, authority: Path
) -> None:
    made.make_keys()
    made.check()
    first = made.export(tmp_path / "first")
    answer = stamped(authority, first / "chain" / "000001.json", "one")
    number, stamp = add_stamp(made.store, "example", answer)
    assert number == 1
    assert add_stamp(made.store, "example", authority / "one.tok")[1] == stamp
    folder = made.export(tmp_path / "second")
    found = verify(folder, [made.public(tmp_path / "key.pem")])
    assert found.faults == ()
    assert (NoticeKind.STAMPED, stamp.at.isoformat()) in {(n.kind, n.detail) for n in found.notices}
    openssl(
        "ts", "-verify", "-data", "chain/000001.json", "-in", "chain/000001.tsr", "-token_in",
        "-CAfile", str(authority / "tsa.pem"), cwd=folder,
    )  # fmt: skip


def test_a_time_stamp_over_something_else_is_refused(
    made: Made, tmp_path: Path, authority: Path
) -> None:
    made.check()
    other = tmp_path / "other"
    other.write_text("something else")
    with pytest.raises(InvalidInput, match="no entry"):
        add_stamp(made.store, "example", stamped(authority, other, "other"))
    with pytest.raises(InvalidInput, match="SHA-256"):
        add_stamp(made.store, "example", stamped(authority, other, "long", "-sha512"))
    for junk in (b"", b"\x30", b"\x30\x84\xff\xff\xff\xff", b"x" * 200_000, b"\x30\x80" * 999):
        other.write_bytes(junk)
        with pytest.raises(InvalidInput):
            add_stamp(made.store, "example", other)
    folder = made.export(tmp_path / "evidence")
    (folder / "chain" / "000001.tsr").write_bytes((authority / "other.tsr").read_bytes())
    faults = verify(folder).faults
    assert (FaultKind.BAD_STAMP, "chain/000001.tsr") in {(one.kind, one.place) for one in faults}
