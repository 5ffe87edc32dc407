"""Cases of files made side by side, in a process of their own: forking wants no other threads.

    python -m tests.documents_io.side_by_side_cases FOLDER

Prints what each case gave, as JSON.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from kit.documents_io.side_by_side import Maker, processes, write_side_by_side
from kit.errors import InvalidDocuments, KitError, Position, Problem
from kit.i18n import use_language


class Unportable(Exception):
    """Cannot be made again from what it keeps."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one + two)


def maker(folder: Path, *names: str, then: Callable[[], None] | None = None) -> Maker:
    """Files that hold the number of the process that made them, then perhaps a mishap."""

    def pieces() -> Iterator[bytes]:
        yield str(os.getpid()).encode()

    def mishap() -> Iterator[bytes]:
        yield b"half"
        if then:
            then()

    def make() -> Mapping[Path, Iterator[bytes]]:
        made = {folder / name: pieces() for name in names}
        return {**made, folder / "last": mishap()} if then else made

    return make


def killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def invalid() -> None:
    problem = Problem(Position("site.yaml", 3), "wrong", "Do it right.")
    raise InvalidDocuments("Not valid.", [problem], remedy="Correct it.")


def unportable() -> None:
    raise Unportable("one", "two")


def tried(folder: Path, makers: Sequence[Maker], at_once: int) -> dict[str, object]:
    """What came of it, and what stands in the folder afterwards."""
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "one").write_text("former")
    told: dict[str, object] = {}
    try:
        written = write_side_by_side(makers, at_once=at_once)
        told["written"] = [[str(path.relative_to(folder)) for path in paths] for paths in written]
    except (KitError, RuntimeError) as error:
        told["error"] = [type(error).__name__, str(error)]
        told["traced"] = any("mishap" in note for note in getattr(error, "__notes__", []))
    kept = sorted(path for path in folder.rglob("*") if path.is_file())
    told["kept"] = {str(path.relative_to(folder)): path.read_text() for path in kept}
    return told


def main(root: Path) -> None:
    use_language("en")
    told: dict[str, object] = {"here": str(os.getpid()), "processes": processes()}
    for at_once in (1, 2):
        folder = root / f"fine-{at_once}"
        makers = [maker(folder / part, "one", "two") for part in "abc"]
        told[folder.name] = tried(folder, makers, at_once)
    mishaps = {"killed": killed, "invalid": invalid, "unportable": unportable}
    for name, mishap in mishaps.items():
        folder = root / name
        makers = [maker(folder / "a", "one"), maker(folder / "b", then=mishap)]
        told[name] = tried(folder, [*makers, maker(folder / "c", "one")], 2)
    folder = root / "not-a-folder"
    makers = [maker(folder / "a", "one"), maker(folder / "a" / "one", "below")]
    told[folder.name] = tried(folder, makers, 2)
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
