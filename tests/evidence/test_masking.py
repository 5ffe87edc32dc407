"""Numbers of persons, secrets and names do not get into what is kept; no verdict changes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kit.app.collecting import recorded
from kit.checking.rejudging import judged_otherwise
from kit.collectors.records import write_snapshots
from kit.data_folders import data_folder
from kit.evidence.masking import (
    Pseudonyms,
    masked_snapshot,
    name_mask,
    people_of,
    secret_mask,
)
from kit.loop.reading import judge_site
from kit.model.snapshot import Snapshot
from kit.redaction import MASK, Redactor
from tests.evidence.made import DEVICES, START, Made, load

NIR = "1 84 12 76 451 089 46"
SECRET = "Zephyr-48!tournesol"
PLAIN = NIR.replace(" ", "")


def planted(snapshot: Snapshot, text: str) -> Snapshot:
    """The text in every answer where a comment may stand, and on standard error."""
    answers = tuple(
        one.model_copy(update={"stderr": one.stderr + f"\n# {text}\n".encode()})
        for one in snapshot.answers
    )
    return snapshot.model_copy(update={"answers": answers})


def everything(root: Path, made: Made) -> bytes:
    """All that was kept of the runs, unpacked."""
    kept = []
    for run in made.store.runs("example"):
        kept += [one.model_dump_json() for one in made.store.snapshots(run.id).values()]
        kept += [
            one.model_dump_json() for all_ in made.store.findings(run.id).values() for one in all_
        ]
        for answer in (a for s in made.store.snapshots(run.id).values() for a in s.answers):
            kept += [answer.stdout.decode(), answer.stderr.decode()]
    del root
    return "\n".join(kept).encode()


@pytest.mark.parametrize("said", [NIR, PLAIN, SECRET, f"mot de passe {SECRET} du {PLAIN}"])
def test_nothing_of_it_is_stored_or_exported(made: Made, tmp_path: Path, said: str) -> None:
    made.redactor.register(SECRET)
    folder = tmp_path / "planted"
    found = recorded(made.site, [made.root / "snapshots"])
    write_snapshots(folder, [planted(one, said) for one in found.values()])
    result = made.check(folder)
    clean = made.check()
    files = load(made.export(tmp_path / "evidence"))
    stored = everything(made.root, made)
    import base64

    for name, content in files.items():
        if "/snapshots/" in name:
            for answer in json.loads(content)["answers"]:
                stored += base64.b64decode(answer["stdout"]) + base64.b64decode(answer["stderr"])
        stored += content
    for word in (NIR.encode(), PLAIN.encode(), SECRET.encode()):
        assert word not in stored
    assert MASK.encode() in stored
    before = {(d, one.rule): one.verdict for d, all_ in clean.reading.findings().items()
              for one in all_}  # fmt: skip
    after = {(d, one.rule): one.verdict for d, all_ in result.reading.findings().items()
             for one in all_}  # fmt: skip
    assert before == after
    counts = json.loads(files["chain/000001.json"])["counts"]
    assert counts["masked_otherwise"] == 0


def test_masking_changes_no_verdict_of_any_recorded_answer(made: Made) -> None:
    """Every snapshot of the example, with people, numbers and secrets masked, is judged alike."""
    redactor = Redactor([SECRET])
    folder = data_folder("inventories/example") / "snapshots"
    found = recorded(made.site, [folder / f"{one}.snapshot.json" for one in DEVICES])
    context = made.site.context(START)
    judged = judge_site(context, made.site.loaded.devices, {}, found).judged
    spared = {made.site.loaded.site.management.account or "", "root"}
    masked = 0
    for name, snapshot in found.items():
        names = people_of(snapshot, spared)
        for mask in (secret_mask(redactor), name_mask(names, Pseudonyms(b"k" * 32))):
            after, count = masked_snapshot(snapshot, mask)
            masked += count
            assert judged_otherwise(judged[name], snapshot, after) == 0
    assert masked


def test_judged_otherwise_notices_when_a_mask_eats_a_value(made: Made) -> None:
    """The check of the check: a mask that takes words of the document is found out."""
    found = recorded(made.site, [made.root / "snapshots"])
    judged = judge_site(made.site.context(START), made.site.loaded.devices, {}, found).judged
    name = DEVICES[0]
    after, _count = masked_snapshot(found[name], lambda text: text.replace("no", "yes"))
    assert judged_otherwise(judged[name], found[name], after) > 0


ACCOUNTS = (
    "root:x:0:0:root:/root:/bin/bash\n"
    "sshd:x:105:65534::/run/sshd:/usr/sbin/nologin\n"
    "mdurand:x:1001:1001:Marie Durand,,,:/home/mdurand:/bin/bash\n"
    "kit:x:1000:1000::/home/kit:/bin/sh\n"
)


def test_people_are_found_and_put_under_pseudonyms(made: Made) -> None:
    found = recorded(made.site, [made.root / "snapshots"])[DEVICES[0]]
    first = found.answers[0].model_copy(
        update={"stdout": ACCOUNTS.encode() + b"AllowUsers mdurand kit@192.0.2.1 adm*\n\xff\xfe"}
    )
    snapshot = found.model_copy(update={"answers": (first,)})
    names = people_of(snapshot, {"kit", "root"})
    assert names == {"mdurand", "Marie Durand"}
    here, elsewhere = Pseudonyms(b"a" * 32), Pseudonyms(b"b" * 32)
    masked, count = masked_snapshot(snapshot, name_mask(names, here))
    text = masked.answers[0].stdout
    assert count == 1
    assert b"durand" not in text.lower()
    assert text.count(here.of("mdurand").encode()) == 3
    assert b"kit:x:1000" in text
    assert text.endswith(b"\xff\xfe")
    assert here.of("mdurand") == here.of("mdurand") != elsewhere.of("mdurand")


def test_who_ran_the_kit_stands_nowhere_in_what_leaves(whole) -> None:
    assert not [name for name, content in whole.items() if b"jdupont" in content]
    entry = json.loads(whole["chain/000001.json"])
    assert entry["run"]["account"].startswith("u-")
    assert entry["run"]["controller"] == "poste-technique"


def test_the_key_of_the_pseudonyms_is_private_and_stays(made: Made, tmp_path: Path) -> None:
    made.check()
    key = made.root / ".esms-kit" / "pseudonyms" / "example.key"
    assert key.stat().st_mode & 0o077 == 0
    before = json.loads(load(made.export(tmp_path / "a"))["chain/000001.json"])["run"]["account"]
    made.check()
    after = json.loads(load(made.export(tmp_path / "b"))["chain/000002.json"])["run"]["account"]
    assert before == after
    text = key.read_text().strip()
    assert all(text.encode() not in content for content in load(tmp_path / "b").values())


def test_a_report_names_nobody_and_the_annex_says_who(made: Made) -> None:
    from kit.app.pseudonymous import nominative_annex
    from kit.app.report import report

    made.make_keys()
    mark = made.check().evidence.mark
    files = report(made.site, made.store, START, ["json", "html", "csv"], "en")
    for name, content in files.items():
        assert b"jdupont" not in content, name
    data = json.loads(files["report.json"])
    sealed_at = f"{mark.sealed_at:%Y-%m-%dT%H:%M:%SZ}"
    told = {"number": 1, "head": mark.head, "key": mark.key, "sealed_at": sealed_at}
    assert data["evidence"] == told
    made.check()
    again = json.loads(report(made.site, made.store, START, ["json"], "en")["report.json"])
    assert not any(again["history"]["changes"]["kinds"].values()), "a pseudonym is no change"
    annex = nominative_annex(made.site, made.store).decode()
    assert f"{data['run']['account']};jdupont;" in annex


def test_people_of_the_site_are_hidden_in_keys_targets_and_contents(made: Made) -> None:
    """Enrolments ask devices about accounts by name: questions and plans name people too."""
    from kit.app.check import start_run
    from kit.app.evidence import run_context
    from kit.evidence.documents import Found, Told, run_files
    from kit.model.plan import DevicePlan, Refusal
    from kit.model.verdict import Reason, ReasonCode, Verdict
    from tests.checking.test_drift import finding

    reason = Reason(code=ReasonCode.BLOCKED_BY, subject="account:mdurand", detail="mdurand")
    found = finding(DEVICES[0], "rule_a", Verdict.FAIL, "mdurand, kit")
    detail = found.details[0].model_copy(update={"setting": "oath mdurand", "key": "line mdurand"})
    found = found.model_copy(update={"details": (detail,)})
    snapshot = recorded(made.site, [made.root / "snapshots"])[DEVICES[0]]
    asked = snapshot.answers[0].model_copy(update={"keys": ("line mdurand",)})
    snapshot = snapshot.model_copy(update={"answers": (asked,)})
    plan = DevicePlan(
        device=DEVICES[0], snapshot="", refused=(
            Refusal(rules=("rule_a",), target="account:mdurand", reason=reason),
        ),
    )  # fmt: skip
    run = start_run(made.site, made.asked(), "check", START)
    told = Told()
    pseudonyms = Pseudonyms(b"k" * 32, {"mdurand": "p-abcdefghijkl"})
    files = dict(
        run_files(
            Found(
                run_context(made.site, run), {DEVICES[0]: snapshot}, {DEVICES[0]: (found,)},
                {DEVICES[0]: plan},
            ),
            pseudonyms,
            told,
        )
    )  # fmt: skip
    for name, content in files.items():
        assert b"mdurand" not in content, name
    assert b"line p-abcdefghijkl" in files[f"findings/{DEVICES[0]}.json"]
    assert b"account:p-abcdefghijkl" in files[f"plans/{DEVICES[0]}.json"]
    DevicePlan.model_validate_json(files[f"plans/{DEVICES[0]}.json"])


def test_accounts_tell_people_from_services() -> None:
    from kit.model.read import Form, Raw
    from kit.reads.accounts import Accounts

    text = "passwd\tmdurand\t1001\t1001\nseen\tsshd\t105\t65534\nseen\tnobody\t65534\t65534\n"
    assert Accounts().people(Raw(Form.POSIX, text.encode())) == {"mdurand"}
