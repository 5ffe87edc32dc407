"""Reads made-up FINESS files of N establishments in both public forms: seconds and peak memory.

    python -m benchmarks.finess [N]        default 100 000

Each form is read in a process of its own at N and at N / 10; memory that does not grow with the
file is the promise. The figures printed are those of this run on this machine.
"""

from __future__ import annotations

import gzip
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from kit.sites.finess_extracts import read_establishments

DEFAULT = 100_000


def csv_line(rank: int) -> str:
    number = f"{rank:09d}"
    cells = [
        "structureet", number, f"{rank // 3:09d}", f"EHPAD {rank}", f"EHPAD LES TILLEULS {rank}",
        "", "", "12", "R", "DES ESSAIS", "", "", "001", "01", "AIN", "01000 ESSAI", "", "", "500",
        "EHPAD", "4401", "Hébergement", "26010463300011", "8710A", "", "", "", "", "2001-01-01",
        "2001-01-01", "2026-05-12", "",
    ]  # fmt: skip
    return ";".join(cells) + "\n"


def write_csv(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8") as out:
        out.write("finess;etalab;111;2026-05-12\n")
        out.writelines(csv_line(rank) for rank in range(count))
        out.writelines(f"geolocalisation;{rank:09d};1;2;3;2026-05-12\n" for rank in range(count))


def entity(rank: int) -> dict[str, object]:
    address = [{"cogCommune": "01001", "codePostal": "01000", "ligneAcheminement": "ESSAI"}]
    event = {"evenementId": str(rank), "dateEvenement": "2001-01-01", "typeObjet1": "EG"}
    return {
        "informationsGeneralesPMEJ": {"numFinessPm": f"{rank:09d}", "denominationPm": f"PM {rank}"},
        "adresse": address,
        "evenement": [event] * 4,
        "ege": [
            {
                "informationsGeneralesEGE": {
                    "numFinessEge": f"{rank * 2 + place:09d}",
                    "nomEgeLong": f"EHPAD LES TILLEULS {rank}",
                    "siret": "26010463300011",
                },
                "categorieentiteGeographiqueExercice": "500",
                "adresse": address,
                "evenement": [event] * 4,
                "etatObjet": "A",
            }
            for place in range(2)
        ],
        "etatObjet": "A",
    }


def write_json(path: Path, count: int) -> None:
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=1) as out:
        out.write('{"schemaVersion": "v1.0.0", "gcc": [], "gco": [], "pmej": [')
        for rank in range(count // 2):
            out.write(("," if rank else "") + json.dumps(entity(rank)))
        out.write("]}")


def measure(path: Path) -> None:
    started = time.perf_counter()
    count = sum(1 for _found in read_establishments(path))
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"establishments": count, "seconds": seconds, "peak_mib": peak}))


def run(path: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.finess", "--read", str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def main() -> None:
    if sys.argv[1:2] == ["--read"]:
        measure(Path(sys.argv[2]))
        return
    count = int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT
    with tempfile.TemporaryDirectory() as folder:
        for form, write in (("csv", write_csv), ("json.gz", write_json)):
            peaks = []
            for size in (count // 10, count):
                path = Path(folder) / f"finess-{size}.{form}"
                write(path, size)
                result = run(path)
                peaks.append(result["peak_mib"])
                print(
                    f"{form:8} {int(result['establishments']):>8} establishments "
                    f"{path.stat().st_size / 2**20:7.1f} MiB "
                    f"{result['seconds']:6.2f} s {result['peak_mib']:6.1f} MiB peak"
                )
            print(f"{form:8} memory for ten times the file: x {peaks[1] / peaks[0]:.2f}")


if __name__ == "__main__":
    main()
