"""Evidence that was touched does not verify, and the place is told."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kit.evidence.chain import clock
from kit.evidence.verification import FaultKind, NoticeKind, ReserveKind
from kit.evidence.verifying import verify
from kit.evidence.words import fault_words, notice_words, reserve_words
from kit.i18n import language
from kit.model.evidence import digest_of
from kit.store.chain import Chain
from tests.evidence.made import Files, Made, load

MUTATIONS = 1000
ENTRY = "chain/{:06d}.json"
SEAL = "chain/{:06d}.sig"


def anchor(chained: Made) -> str:
    return chained.ring().sealing.id


def head(files: Files) -> str:
    return digest_of(files[ENTRY.format(3)])


def places(files: Files, chained: Made, given: str | None = None) -> set[tuple[FaultKind, str]]:
    found = verify(files, [anchor(chained)], given)
    return {(one.kind, one.place) for one in found.faults}


def test_what_was_sealed_verifies_whole(whole: Files, chained: Made) -> None:
    found = verify(whole, [anchor(chained)], head(whole))
    assert (found.faults, found.reserves, found.notices) == ((), (), ())
    assert (found.site, found.entries, found.head) == ("example", 3, head(whole))


def test_without_head_and_without_key_it_says_what_cannot_be_excluded(whole: Files) -> None:
    found = verify(whole)
    assert [one.kind for one in found.reserves] == [ReserveKind.NO_ANCHOR]
    assert [one.kind for one in found.notices] == [NoticeKind.NO_HEAD_GIVEN]
    assert "newest" in notice_words(found.notices[0])


def test_an_older_head_is_in_the_chain_and_says_how_much_follows(
    whole: Files, chained: Made
) -> None:
    found = verify(whole, [anchor(chained)], digest_of(whole[ENTRY.format(1)]))
    assert found.faults == ()
    assert [(one.kind, one.detail) for one in found.notices] == [(NoticeKind.HEAD_LATER, "2")]


def flip(files: Files, name: str, place: int = 100) -> None:
    content = bytearray(files[name])
    content[place % len(content)] ^= 1
    files[name] = bytes(content)


def swap(files: Files, one: str, other: str) -> None:
    files[one], files[other] = files[other], files[one]


def remove(files: Files, number: int) -> None:
    for name in list(files):
        if name.startswith((f"chain/{number:06d}.", f"runs/{number:06d}/")):
            del files[name]


def move(files: Files, number: int, to: int) -> None:
    for name in list(files):
        if name.startswith((f"chain/{number:06d}", f"runs/{number:06d}")):
            files[name.replace(f"{number:06d}", f"{to:06d}", 1)] = files.pop(name)


SNAPSHOT = "runs/000002/snapshots/til-pc-001.snapshot.json"
FINDING = "runs/000002/findings/til-pc-001.json"


@pytest.mark.parametrize("again", [False, True], ids=["as it is", "lists made again"])
@pytest.mark.parametrize(
    ("attack", "kind", "place"),
    [
        (lambda f: flip(f, SNAPSHOT), FaultKind.CHANGED, SNAPSHOT),
        (lambda f: swap(f, SNAPSHOT, FINDING), FaultKind.CHANGED, FINDING),
        (lambda f: f.pop(FINDING), FaultKind.MISSING, FINDING),
        (
            lambda f: f.update({"runs/000002/findings/x.json": b"{}"}),
            FaultKind.ADDED,
            "runs/000002/findings/x.json",
        ),
        (lambda f: remove(f, 2), FaultKind.REMOVED, ENTRY.format(2)),
        (lambda f: remove(f, 1), FaultKind.REMOVED, ENTRY.format(1)),
        (
            lambda f: (remove(f, 2), move(f, 3, 2)),
            FaultKind.REORDERED,
            ENTRY.format(2),
        ),
        (
            lambda f: (move(f, 1, 9), move(f, 2, 1), move(f, 9, 2)),
            FaultKind.REORDERED,
            ENTRY.format(1),
        ),
        (lambda f: f.pop(SEAL.format(3)), FaultKind.SEAL_MISSING, SEAL.format(3)),
        (
            lambda f: f.update({SEAL.format(3): Ed25519PrivateKey.generate().sign(b"x")}),
            FaultKind.SEAL_WRONG,
            SEAL.format(3),
        ),
        (
            lambda f: swap(f, SEAL.format(2), SEAL.format(3)),
            FaultKind.SEAL_WRONG,
            SEAL.format(2),
        ),
        (
            lambda f: f.edit(ENTRY.format(3), made_at="2026-11-21T09:00:00Z"),
            FaultKind.SEAL_WRONG,
            SEAL.format(3),
        ),
        (
            lambda f: f.edit(ENTRY.format(2), key=None),
            FaultKind.UNLINKED,
            ENTRY.format(3),
        ),
        (lambda f: f.pop("dossier.json"), FaultKind.MISSING, "dossier.json"),
        (lambda f: f.pop("keys/ring.yaml"), FaultKind.KEY_UNKNOWN, SEAL.format(1)),
    ],
)  # fmt: skip
def test_tampering_is_told_with_its_place(
    files: Files, chained: Made, attack: Callable[[Files], object], kind, place: str, again: bool
) -> None:
    attack(files)
    if again:
        files.reindex()
    found = places(files, chained)
    assert (kind, place) in found
    if again and place != "dossier.json":  # and the seal of the whole list fits no more
        assert any(one == "SHA256SUMS.sig" for _kind, one in found)


def test_lists_made_again_all_the_way_up_end_at_a_seal(files: Files, chained: Made) -> None:
    """A finding is turned into a pass, and everything without a key is made anew."""
    files[FINDING] = files[FINDING].replace(b'"verdict":"fail"', b'"verdict":"pass"')
    files.relist(2)
    files.edit(ENTRY.format(2), manifest=digest_of(files["runs/000002/SHA256SUMS"]))
    files.edit(ENTRY.format(3), previous=digest_of(files[ENTRY.format(2)]))
    about = json.loads(files["dossier.json"])
    about["head"] = digest_of(files[ENTRY.format(3)])
    files["dossier.json"] = (
        json.dumps(about, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
        + b"\n"
    )
    files.reindex()
    found = places(files, chained)
    assert (FaultKind.SEAL_WRONG, SEAL.format(2)) in found
    assert (FaultKind.SEAL_WRONG, SEAL.format(3)) in found
    assert (FaultKind.SEAL_WRONG, "SHA256SUMS.sig") in found
    assert (FaultKind.MISCOUNTED, ENTRY.format(2)) in found


def test_everything_sealed_anew_with_another_key_fails_at_the_deposited_one(
    files: Files, chained: Made, made: Made, tmp_path: Path
) -> None:
    """The whole chain is written again by somebody with a key of their own."""
    made.make_keys()
    for _run in range(3):
        made.check()
    forged = load(made.export(tmp_path / "forged"))
    assert verify(forged, [made.ring().sealing.id]).faults == ()
    found = verify(forged, [anchor(chained)])
    assert {one.kind for one in found.faults} == {FaultKind.KEY_UNKNOWN}
    # Put beside the true ones, without an endorsement, the foreign key changes nothing.
    found = verify(forged, [])
    assert [one.kind for one in found.reserves] == [ReserveKind.NO_ANCHOR]


def test_newest_runs_removed_are_caught_with_the_head(
    chained: Made, made: Made, tmp_path: Path
) -> None:
    made.make_keys()
    made.check()
    made.check()
    earlier = load(made.export(tmp_path / "earlier"))
    made.check()
    later = load(made.export(tmp_path / "later"))
    trusted = [made.ring().sealing.id]
    assert verify(earlier, trusted).faults == ()
    assert NoticeKind.NO_HEAD_GIVEN in {one.kind for one in verify(earlier, trusted).notices}
    found = verify(earlier, trusted, digest_of(later[ENTRY.format(3)]))
    assert [one.kind for one in found.faults] == [FaultKind.NO_HEAD]


def test_rotated_keys_are_followed_and_held_to_their_time(made: Made, tmp_path: Path) -> None:
    made.make_keys()
    first = made.ring().sealing.id
    made.check()
    made.rotate()
    made.check()
    files = load(made.export(tmp_path / "evidence"))
    assert verify(files, [first]).faults == ()
    second = made.ring().sealing.id
    # Whoever was given the second key alone has no reason to trust the first.
    found = verify(files, [second])
    assert {(one.kind, one.place) for one in found.faults} == {
        (FaultKind.KEY_UNKNOWN, SEAL.format(1))
    }
    # The old key is not in use any more when the second run was made.
    ring = files["keys/ring.yaml"].decode()
    retired = next(line for line in ring.splitlines() if "retired_at" in line)
    files["keys/ring.yaml"] = ring.replace(
        retired, retired.split(":")[0] + ': "2026-11-21T08:00:01Z"'
    ).encode()
    found = verify(files, [first])
    assert (FaultKind.KEY_NOT_IN_USE, SEAL.format(1)) in {
        (one.kind, one.place) for one in found.faults
    }


def test_a_run_without_a_key_is_never_silently_fine(made: Made, tmp_path: Path) -> None:
    assert made.check().evidence.mark.key is None
    found = verify(load(made.export(tmp_path / "one")))
    assert {one.kind for one in found.reserves} >= {
        ReserveKind.UNSEALED, ReserveKind.INDEX_UNSEALED,
    }  # fmt: skip
    made.make_keys()
    assert made.check().evidence.mark.key == made.ring().sealing.id
    found = verify(load(made.export(tmp_path / "two")), [made.ring().sealing.id])
    assert (found.faults, found.reserves) == ((), ())
    assert (NoticeKind.SEALED_LATER, "2") in {(one.kind, one.detail) for one in found.notices}


def test_a_key_that_cannot_be_opened_says_so_and_keeps_the_run(made: Made) -> None:
    made.make_keys()
    for path in (made.root / "keys" / "private").iterdir():
        path.unlink()
    chained = made.check().evidence
    assert chained.mark.key is None
    assert "private key" in chained.why_unsealed


def test_the_clock_that_went_back_is_told(made: Made, tmp_path: Path) -> None:
    made.make_keys()
    made.clock.at += timedelta(days=10)
    made.check()
    made.clock.at -= timedelta(days=3)
    made.check()
    found = verify(load(made.export(tmp_path / "evidence")), [made.ring().sealing.id])
    assert found.faults == ()
    told = {(one.kind, one.place) for one in found.notices}
    assert (NoticeKind.CLOCK_WENT_BACK, ENTRY.format(2)) in told


def test_a_check_beside_a_longer_run_is_no_clock_that_went_back(made: Made) -> None:
    made.check()
    (first,) = Chain(made.store, "example").links()
    at = first.read().made_at
    assert clock(at - timedelta(seconds=1), first, ()).went_back
    assert not clock(at + timedelta(seconds=1), first, ()).went_back
    assert not clock(at, None, ()).went_back


def test_every_word_exists_in_both_languages(files: Files, chained: Made) -> None:
    flip(files, SNAPSHOT)
    remove(files, 1)
    found = verify(files)
    for lang in ("fr", "en"):
        with language(lang):
            assert all(map(fault_words, found.faults))
            assert all(map(reserve_words, found.reserves))
            assert all(map(notice_words, found.notices))


def flipped(content: bytes, at: int, chance: random.Random) -> bytes:
    changed = content[at : at + 1] or b"\0"
    return content[:at] + bytes([changed[0] ^ 1 << chance.randrange(8)]) + content[at + 1 :]


CONTENTS: dict[str, Callable[[bytes, int, random.Random], bytes]] = {
    "flip": flipped,
    "set": lambda content, at, chance: content[:at] + chance.randbytes(4) + content[at + 4 :],
    "cut": lambda content, at, _chance: content[:at],
    "insert": lambda content, at, chance: content[:at] + chance.randbytes(1) + content[at:],
    "delete": lambda content, at, _chance: content[:at] + content[at + 1 :],
    "digit": lambda content, _at, _chance: content.replace(b"0", b"1", 1) + b"\n",
}


def mutate(files: Files, chance: random.Random) -> str:
    """One random change to a random file, or to which files there are; lists made again or not."""
    names = sorted(files)
    name = chance.choice(names)
    what = chance.choice([*CONTENTS, "drop", "copy", "swap", "rename"])
    if what in CONTENTS:
        at = chance.randrange(len(files[name])) if files[name] else 0
        files[name] = CONTENTS[what](files[name], at, chance)
    elif what == "drop":
        del files[name]
    elif what == "copy":
        files[name + chance.choice([".bak", "~", "2"])] = files[name]
    elif what == "swap":
        swap(files, name, chance.choice(names))
    else:
        files[f"chain/{chance.randrange(1, 9):06d}.json"] = files.pop(name)
    if chance.random() < 0.5:
        files.reindex()
    if chance.random() < 0.3:
        files.relist(chance.randrange(1, 4))
    return f"{what} {name}"


def test_a_thousand_random_mutations_none_accepted(whole: Files, chained: Made) -> None:
    chance = random.Random(20261127)  # noqa: S311 - the same mutations in each run
    trusted = [anchor(chained)]
    done = 0
    while done < MUTATIONS:
        files = Files(whole)
        try:
            what = mutate(files, chance)
        except (KeyError, ValueError):
            continue  # the list of an entry that was dropped
        if files == whole:
            continue
        done += 1
        found = verify(files, trusted)
        assert found.faults, what
