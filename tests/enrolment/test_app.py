"""From a list of people to sheets and revocations, with a real vault and real files."""

from __future__ import annotations

import stat
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kit.app.opening import open_site
from kit.app.people import import_people, issue_factors, print_sheet, revoke_factor
from kit.app.person_evidence import findings_of_people, note_first_uses
from kit.app.secret_sources import open_vault
from kit.app.vaults import make_vault
from kit.enrolment.issuing import base32
from kit.errors import InvalidDocuments, UsageError
from kit.model.finding import Provenance
from kit.model.read import Form
from kit.model.snapshot import Answer, Outcome, Snapshot
from kit.model.verdict import Verdict
from kit.reads.oath_users import OathUsers, seed_digest
from kit.redaction import Redactor
from kit.resources.oath_user import KIND
from kit.sites.loading import LoadedSite, load_site
from kit.sites.workspace import Workspace, load_workspace

AT = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
SITE = """\
schema: 1
id: til
name: "EHPAD Les Tilleuls"
test: true
finess_et: "0B0168811"
management: {account: esms}
"""
DEVICES = """\
schema: 1
devices:
  - {id: pc-1, device_class: desktop, platform: linux, os: debian12, state: received}
"""
PEOPLE = "Nom;Prénom;RPPS;Compte\nDurand;Marie;99700366240;mdurand\nMartin;Paul;;pmartin\n"


class Desk:
    """A site with a vault, and what a technician does there."""

    def __init__(self, workspace: Workspace, folder: Path) -> None:
        self.redactor = Redactor()
        make_vault(workspace, "til", self.redactor, folder / "key")
        self.workspace = load_workspace(workspace.root)
        self.folder = folder
        self.list = folder / "liste.csv"
        self.list.write_text(PEOPLE)

    def take(self) -> None:
        import_people(self.workspace, "til", self.list, self.redactor, AT)

    def issue(self, *persons: str, renew: bool = False) -> list[str]:
        done = issue_factors(self.workspace, "til", persons, self.redactor, AT, renew=renew)
        return [one.account for one in done]

    def sheet(self, person: str, path: Path, again: str | None = None) -> Path:
        return print_sheet(
            self.workspace, "til", person, path, self.redactor, AT, "tech@pc", again=again
        )

    def secrets(self) -> dict[str, str]:
        vault = open_vault(self.workspace, "til", self.redactor)
        return {name: one.value.get_secret_value() for name, one in vault.entries().items()}

    @property
    def loaded(self) -> LoadedSite:
        return load_site(self.workspace, "til")


@pytest.fixture
def desk(workspace, put, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    put("til/site.yaml", SITE)
    put("til/devices.yaml", DEVICES)
    return Desk(workspace, tmp_path_factory.mktemp("outside"))


def text_of(path: Path) -> str:
    return subprocess.run(
        ["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True
    ).stdout


def test_a_seed_stands_in_the_vault_alone(desk: Desk) -> None:
    desk.take()
    assert desk.issue() == ["mdurand", "pmartin"]
    assert desk.issue() == []
    found = desk.secrets()
    loaded = desk.loaded
    folder = desk.workspace.site_folder("til")
    plain = b"".join(path.read_bytes() for path in folder.glob("*.yaml"))
    for enrolment in loaded.enrolments.enrolments:
        seed = found[enrolment.secret]
        assert len(bytes.fromhex(seed)) == 20
        assert enrolment.digest == seed_digest(loaded.enrolments.digest_key or "", seed)
        assert seed.encode() not in plain
    assert len({found[one.secret] for one in loaded.enrolments.enrolments}) == 2
    for name in ("people.yaml", "enrolments.yaml", "vault.yaml"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600


def test_a_sheet_is_printed_once_outside_and_for_its_owner_alone(desk: Desk) -> None:
    desk.take()
    desk.issue()
    path = desk.sheet("mdurand", desk.folder / "fiche.pdf")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (enrolment,) = (one for one in desk.loaded.enrolments.enrolments if one.prints)
    seed = desk.secrets()[enrolment.secret]
    words = text_of(path)
    assert "Marie Durand" in words
    assert base32(_secret(seed)) in words.replace(" ", "")
    with pytest.raises(UsageError, match="was printed on 2026-11-27"):
        desk.sheet("mdurand", desk.folder / "again.pdf")
    assert not (desk.folder / "again.pdf").exists()
    desk.sheet("mdurand", desk.folder / "again.pdf", again="feuille perdue")
    (enrolment,) = (one for one in desk.loaded.enrolments.enrolments if one.prints)
    assert [one.reason for one in enrolment.prints] == [None, "feuille perdue"]
    assert base32(_secret(seed)) not in desk.redactor(f"typed: {base32(_secret(seed))}")


def _secret(seed: str):
    from kit.secrets.reference import SecretStr

    return SecretStr(seed)


@pytest.mark.parametrize("inside", ["workspace", "repository", "link"])
def test_a_sheet_is_not_written_where_it_would_spread(
    desk: Desk, tmp_path_factory: pytest.TempPathFactory, inside: str
) -> None:
    desk.take()
    desk.issue()
    place = desk.workspace.root / "reports"
    if inside == "repository":
        place = tmp_path_factory.mktemp("repository")
        (place / ".git").mkdir()
        place = place / "below"
        place.mkdir()
    elif inside == "link":
        link = desk.folder / "link"
        link.symlink_to(desk.workspace.root)
        place = link
    with pytest.raises(UsageError, match="not written into the workspace"):
        desk.sheet("mdurand", place / "fiche.pdf")
    assert not any(one.prints for one in desk.loaded.enrolments.enrolments)


def test_a_factor_is_revoked_and_another_one_issued(desk: Desk) -> None:
    desk.take()
    desk.issue()
    before = desk.secrets()
    revoke_factor(desk.workspace, "til", "mdurand", desk.redactor, AT)
    assert len(desk.secrets()) == len(before) - 1
    with pytest.raises(UsageError, match="no second factor"):
        desk.sheet("mdurand", desk.folder / "fiche.pdf")
    assert desk.issue() == ["mdurand"]
    assert desk.issue("mdurand", renew=True) == ["mdurand"]
    person = next(one for one in desk.loaded.people or () if one.account == "mdurand")
    own = [one for one in desk.loaded.enrolments.enrolments if one.person == person.id]
    assert len({one.digest for one in own}) == len(own) == 3
    assert [one.revoked_at is None for one in own].count(True) == 1
    standing = desk.loaded.enrolments.of(person.id)
    assert standing is not None
    key = desk.loaded.enrolments.digest_key or ""
    assert standing.digest == seed_digest(key, desk.secrets()[standing.secret])


def test_a_faulty_list_changes_nothing(desk: Desk) -> None:
    desk.take()
    before = desk.loaded.people
    desk.list.write_text(PEOPLE + "X;Y;12;xx\n")
    with pytest.raises(InvalidDocuments):
        desk.take()
    assert desk.loaded.people == before


def test_documents_that_contradict_each_other_do_not_load(desk: Desk) -> None:
    desk.take()
    desk.issue()
    path = desk.workspace.site_folder("til") / "people.yaml"
    text = path.read_text()
    path.write_text(text.replace("account: pmartin", "account: mdurand"))
    with pytest.raises(InvalidDocuments, match="mistakes") as caught:
        _ = desk.loaded
    assert any("stands twice" in str(one) for one in caught.value.problems)
    path.write_text("schema: 1\npeople: []\n")
    with pytest.raises(InvalidDocuments) as caught:
        _ = desk.loaded
    assert len(caught.value.problems) == 2


def used(desk: Desk, origin: str) -> dict[str, Snapshot]:
    """A reading in which everybody has used the factor issued, an hour after it was."""
    codes = {one.person: one.digest for one in desk.loaded.enrolments.enrolments}
    lines = []
    for person in desk.loaded.people or ():
        lines.append(f"value\tline {person.account}\t{KIND} {codes[person.id]}")
        lines.append(f"value\tused {person.account}\t{int(AT.timestamp()) + 3600}")
    said = "\n".join([*lines, f"end\t{len(lines)}", ""]).encode()
    keys = tuple(sorted(line.split("\t")[1] for line in lines))
    answer = Answer(
        read=OathUsers.id, form=Form.POSIX, keys=keys, stdout=said, exit_status=0, ended=True
    )
    return {
        "pc-1": Snapshot.model_validate(
            {"device": "pc-1", "taken_at": AT, "collector": "ssh", "origin": origin,
             "tool_version": "1", "outcome": Outcome.DONE, "answers": (answer,)}
        )
    }  # fmt: skip


@pytest.mark.parametrize("origin", ["from_file", "on_site", "imported", "constructed"])
def test_what_a_file_says_of_a_use_is_told_as_such_and_not_kept(desk: Desk, origin: str) -> None:
    desk.take()
    desk.issue()
    snapshots = used(desk, origin)
    site = open_site(desk.workspace, "til")
    found = findings_of_people(site, snapshots, AT)
    assert {(one.verdict, one.provenance) for one in found} == {(Verdict.PASS, Provenance(origin))}
    note_first_uses(site, snapshots)
    again = findings_of_people(open_site(desk.workspace, "til"), {}, AT)
    assert {(one.verdict, one.provenance) for one in again} == {
        (Verdict.NOT_CHECKED, Provenance.NONE)
    }


def test_a_use_this_kit_has_read_is_kept(desk: Desk) -> None:
    desk.take()
    desk.issue()
    snapshots = used(desk, "measured")
    note_first_uses(open_site(desk.workspace, "til"), snapshots)
    found = findings_of_people(open_site(desk.workspace, "til"), {}, AT)
    assert {(one.verdict, one.provenance) for one in found} == {(Verdict.PASS, Provenance.MEASURED)}
