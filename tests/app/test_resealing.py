"""The break-glass password changed: which one the vault holds, whatever becomes of the work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kit.app import resealing
from kit.app.carrying import Hands
from kit.app.check import Asked
from kit.app.opening import open_site
from kit.app.secret_sources import open_vault, secret_resolver
from kit.app.vaults import make_vault
from kit.documents_io.yaml import dump_yaml
from kit.engines.base import Ending, Outcome, Work
from kit.engines.errands import Errand, Report
from kit.engines.failures import Failure, FailureCode
from kit.errors import UsageError
from kit.model.read import Form
from kit.model.run import Operator
from kit.model.snapshot import Answer, Snapshot
from kit.model.snapshot import Outcome as Reached
from kit.redaction import Redactor
from kit.secrets.reference import SecretReference
from kit.sites.loading import load_site
from kit.sites.workspace import load_workspace

SITE = "lab"
POSTS = ("pc-1", "pc-2")
AT = datetime(2026, 11, 27, 14, 5, tzinfo=UTC)
TODAY = (AT.date() - datetime(1970, 1, 1, tzinfo=UTC).date()).days
ACCOUNTS = """\
passwd|secours|1001|1001|/home/secours|/bin/bash|shadow
shadow|secours|set|{day}|
first|1000
seen|secours|1001|1001|/home/secours|/bin/bash|shadow
end 4
""".replace("|", "\t")


class Posts:
    """Two posts, an engine and a collector: what each post has, and what fails there."""

    def __init__(self, root: Path) -> None:
        self.passwords: dict[str, str] = {}
        self.refuses: set[str] = set()
        self.away: set[str] = set()
        self.without: set[str] = set()
        self.redactor = Redactor()
        folder = root / "inventories" / SITE
        folder.mkdir(parents=True)
        (root / "esms-kit.toml").write_text('schema = 1\n[vault]\nkey = {file = "../key"}\n')
        management = {"account": "esms", "sources": ["192.0.2.0/28"]}
        site = {"schema": 1, "id": SITE, "name": "L", "test": True, "finess_et": "0B0168811"}
        self.write(folder / "site.yaml", {**site, "management": management})
        devices = [
            {"id": name, "device_class": "desktop", "platform": "linux", "os": "debian12",
             "state": "adopted", "connection": {"address": f"192.0.2.{number}"}}
            for number, name in enumerate(POSTS, 20)
        ]  # fmt: skip
        self.write(folder / "devices.yaml", {"schema": 1, "devices": devices})
        self.write(folder / "break_glass.yaml", {"schema": 1, "account": "secours"})
        self.root = root
        self.folder = folder
        workspace = load_workspace(root)
        make_vault(workspace, SITE, self.redactor)
        self.vault = open_vault(workspace, SITE, self.redactor)

    @staticmethod
    def write(path: Path, data: Mapping[str, Any]) -> None:
        path.write_text(dump_yaml(dict(data)))

    def held(self) -> dict[str, str]:
        found = self.vault.entries().items()
        return {name: one.value.get_secret_value() for name, one in found}

    def collect(self, orders: Sequence[Any]) -> dict[str, Snapshot]:
        return {device.id: self._snapshot(device.id) for device, _requests in orders}

    def _snapshot(self, name: str) -> Snapshot:
        day = TODAY if name in self.passwords else TODAY - 30
        text = ACCOUNTS.format(day=day) if name not in self.without else "first\t1000\nend 1\n"
        keys = tuple(f"account secours {one}" for one in ("changed", "password", "state"))
        answer = Answer(
            read="accounts", form=Form.POSIX, keys=keys, stdout=text.encode(), exit_status=0,
            ended=True,
        )  # fmt: skip
        reached = Reached.NOT_REACHED if name in self.away else Reached.DONE
        return Snapshot(
            device=name, taken_at=AT, device_clock=AT, collector="ssh", tool_version="1",
            outcome=reached, answers=() if name in self.away else (answer,),
        )  # fmt: skip

    def run(self, works: Sequence[Work], secrets: Any, _limits: Any, _tell: Any) -> Any:
        """As an engine does it."""
        outcomes = {}
        for work in works:
            (change,) = work.changes
            assert isinstance(change.artefact.password, SecretReference)  # type: ignore[union-attr]
            value = secrets.resolve(change.artefact.password).get_secret_value()  # type: ignore[union-attr]
            failure = Failure(code=FailureCode.PASSWORD_REFUSED, subject="secours")
            if work.device in self.refuses:
                outcomes[work.device] = Outcome(
                    device=work.device, ending=Ending.FAILED, failure=failure
                )
                continue
            self.passwords[work.device] = value
            outcomes[work.device] = Outcome(device=work.device, ending=Ending.DONE)
        return outcomes

    def send(self, errands: Sequence[Errand]) -> dict[str, Report]:
        return {one.device.id: Report() for one in errands}

    def reseal(self, reason: str | None = None, *, yes: bool = True) -> resealing.Result:
        workspace = load_workspace(self.root)
        asked = Asked(Operator(account="tech", controller="pc"), lambda: AT, lambda: "abcdef")
        hands = Hands(
            collect=self.collect, send=self.send, agreed=lambda _planned: True,
            secrets=secret_resolver(workspace, SITE, self.redactor), redactor=self.redactor,
            on_event=lambda _event: None,
        )  # fmt: skip
        site = open_site(workspace, SITE)
        return resealing.reseal(site, asked, None, reason, hands, lambda _account, _names: yes)


@pytest.fixture
def posts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Posts:
    made = Posts(tmp_path / "workspace")

    def work(device: Any, plan: Any) -> Work:
        return Work(
            device=device.id, connection=device.connection, account="esms", host_keys=(),
            changes=plan.changes,
        )  # fmt: skip

    monkeypatch.setattr(resealing, "engine_named", lambda _name, _redactor: made)
    monkeypatch.setattr(resealing, "workable_for", lambda _site: work)
    return made


def test_each_post_has_its_own_and_the_vault_that_one_alone(posts: Posts) -> None:
    done = posts.reseal("code perdu")
    assert done.exit_code == 0
    assert posts.held() == {f"break-glass/{name}": posts.passwords[name] for name in POSTS}
    assert len(set(posts.passwords.values())) == 2
    declared = load_site(load_workspace(posts.root), SITE).break_glass
    assert declared is not None
    assert [one.since for one in declared.sealed] == ["2026-11-27T14:05:00Z"] * 2
    assert {one.reason for one in declared.sealed} == {"code perdu"}


def test_where_it_fails_the_former_one_stays_and_the_next_run_goes_on(posts: Posts) -> None:
    posts.reseal()
    before = dict(posts.passwords)
    posts.refuses = {"pc-2"}
    assert posts.reseal().exit_code == 5
    held = posts.held()
    assert held["break-glass/pc-1"] == posts.passwords["pc-1"] != before["pc-1"]
    assert held["break-glass/pc-2"] == before["pc-2"]
    begun = held["break-glass-next/pc-2"]
    assert "break-glass-next/pc-1" not in held

    posts.refuses = set()
    posts.reseal()
    assert posts.passwords["pc-2"] == begun
    assert posts.held()["break-glass/pc-2"] == begun


def test_changed_and_not_read_back_both_stay_in_the_vault(
    posts: Posts, monkeypatch: pytest.MonkeyPatch
) -> None:
    posts.reseal()
    before = dict(posts.passwords)
    given = posts.run

    def and_gone(*arguments: Any) -> Any:
        outcomes = given(*arguments)
        posts.away = {"pc-1"}
        return outcomes

    monkeypatch.setattr(posts, "run", and_gone)
    done = posts.reseal()
    assert done.exit_code == 4
    held = posts.held()
    assert held["break-glass/pc-1"] == before["pc-1"]
    assert held["break-glass-next/pc-1"] == posts.passwords["pc-1"]
    assert held["break-glass/pc-2"] == posts.passwords["pc-2"]


def test_a_post_without_the_account_is_left_alone(posts: Posts) -> None:
    posts.without = {"pc-1"}
    done = posts.reseal()
    codes = [one.failure.code if one.failure else None for one in done.devices]
    assert codes == [FailureCode.ACCOUNT_MISSING, None]
    assert "pc-1" not in posts.passwords


def test_nothing_is_begun_without_a_yes_or_an_account(posts: Posts) -> None:
    assert not posts.reseal(yes=False).agreed
    assert (posts.held(), posts.passwords) == ({}, {})
    (posts.folder / "break_glass.yaml").unlink()
    with pytest.raises(UsageError):
        posts.reseal()
