"""People of a site and their second factors: taken in, issued, handed over, followed, revoked."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kit.app.generate import last_snapshots
from kit.app.opening import OpenSite
from kit.app.person_evidence import linux_posts, local_day, standings_of
from kit.app.secret_sources import open_vault
from kit.documents_io.files import write_file
from kit.documents_io.tables import read_file_bytes
from kit.enrolment.columns import plain
from kit.enrolment.contributions import exempt_accounts, works_on
from kit.enrolment.evidence import Standing
from kit.enrolment.importing import People, Surroundings, take_people
from kit.enrolment.issuing import base32, issue, otpauth
from kit.enrolment.pseudonyms import SITE_KEY, digest_key, pseudonym, random_site_key
from kit.errors import UsageError
from kit.generation.enrolment_sheets import Sheet, sheet_pdf
from kit.i18n import _
from kit.model.enrolment import Enrolment, SheetPrint
from kit.model.person import Person
from kit.redaction import Redactor
from kit.secrets.reference import SecretStr
from kit.secrets.vault import Vault
from kit.sites.loading import LoadedSite, load_site
from kit.sites.people import save_enrolments, save_people
from kit.sites.saving import hold_site
from kit.sites.workspace import Workspace
from kit.store.store import Store


def _site_key(vault: Vault, at: datetime, *, keep: bool) -> SecretStr:
    """The key pseudonyms hang on: that of the vault, else a new one, kept there if ``keep``."""
    found = vault.entries().get(SITE_KEY)
    if found is not None:
        return found.value
    made = random_site_key(secrets.token_bytes)
    if keep:
        vault.put({SITE_KEY: made}, at)
    return made


def import_people(
    workspace: Workspace,
    site: str,
    file: Path,
    redactor: Redactor,
    at: datetime,
    *,
    dry_run: bool = False,
) -> People:
    """Take a list of people in, all or nothing. Raises ``InvalidDocuments`` with every mistake."""
    raw = read_file_bytes(file, file.name)
    load_site(workspace, site)
    with hold_site(workspace, site):
        loaded = load_site(workspace, site)
        key = _site_key(open_vault(workspace, site, redactor), at, keep=not dry_run)
        around = Surroundings(
            devices=frozenset(one.id for one in loaded.devices),
            reserved=frozenset(exempt_accounts(loaded.site, loaded.enrolments.policy)),
            name=lambda identity: pseudonym(key, identity),
            test=loaded.site.test,
        )
        done = take_people(raw, file.name, loaded.people or (), around)
        if not dry_run and (loaded.people is None or done.people != loaded.people):
            save_people(workspace, site, done.people)
    return done


def find_person(loaded: LoadedSite, word: str) -> Person:
    """One person by pseudonym, login name or name; raises ``UsageError``."""
    people = loaded.people or ()
    found = [one for one in people if word in {one.id, one.account}]
    found = found or [one for one in people if plain(one.name) == plain(word)]
    if len(found) == 1:
        return found[0]
    raise UsageError(
        _("nobody of this site, or more than one, is “{word}”.").format(word=word),
        where=loaded.site.id,
        remedy=_("Give a login name; “esms-kit enrol status {site}” lists them.").format(
            site=loaded.site.id
        ),
    )


def issue_factors(
    workspace: Workspace,
    site: str,
    persons: Sequence[str],
    redactor: Redactor,
    at: datetime,
    *,
    renew: bool = False,
) -> tuple[Person, ...]:
    """Make a second factor for those named, or for everybody who has none; who got one.

    ``renew``: those named who have one get another, and the former counts no more.
    """
    load_site(workspace, site)
    with hold_site(workspace, site):
        loaded = load_site(workspace, site)
        today = local_day(loaded.site, at)
        vault = open_vault(workspace, site, redactor)
        key = digest_key(_site_key(vault, at, keep=True))
        enrolments = loaded.enrolments.model_copy(update={"digest_key": key})
        chosen = [find_person(loaded, word) for word in persons] or list(loaded.people or ())
        seeds: dict[str, SecretStr] = {}
        given = []
        for person in chosen:
            standing = enrolments.of(person.id)
            has = standing is not None and standing.revoked_at is None
            if person.gone(today) or (has and not (renew and persons)):
                continue
            if has and standing is not None:
                former = standing.model_copy(update={"revoked_at": at.replace(microsecond=0)})
                enrolments = enrolments.with_one(former)
            made = issue(person, key, at, secrets.token_bytes)
            seeds[made.enrolment.secret] = made.seed
            enrolments = enrolments.with_one(made.enrolment)
            given.append(person)
        if seeds:
            vault.put(seeds, at)  # first: a factor that is noted has its seed
            save_enrolments(workspace, site, enrolments)
    return tuple(given)


def _standing(loaded: LoadedSite, person: Person) -> Enrolment:
    found = loaded.enrolments.of(person.id)
    if found is None or found.revoked_at is not None:
        raise UsageError(
            _("this person has no second factor: {person}.").format(person=person.id),
            where=loaded.site.id,
            remedy=_("Run: esms-kit enrol issue {site} --person {person}").format(
                site=loaded.site.id, person=person.account
            ),
        )
    return found


def print_sheet(
    workspace: Workspace,
    site: str,
    word: str,
    output: Path,
    redactor: Redactor,
    at: datetime,
    by: str,
    *,
    again: str | None = None,
) -> Path:
    """Write the sheet of one person, for the owner's eyes alone, and note that it was printed.

    Raises ``UsageError`` for a second printing without a reason, and for a place from which the
    file would spread: the workspace, or a Git repository.
    """
    place = output.expanduser().absolute()
    _refuse_shared(workspace, place)
    load_site(workspace, site)
    with hold_site(workspace, site):
        loaded = load_site(workspace, site)
        person = find_person(loaded, word)
        enrolment = _standing(loaded, person)
        if enrolment.prints and again is None:
            raise UsageError(
                _("the sheet of this person was printed on {day}.").format(
                    day=f"{enrolment.prints[-1].at:%Y-%m-%d}"
                ),
                where=person.id,
                remedy=_("Say why with --again, or make a new factor: enrol issue --renew."),
            )
        seed = open_vault(workspace, site, redactor).get(enrolment.secret)
        address = otpauth(seed, person.account, loaded.site.name)
        for value in (address, SecretStr(base32(seed))):
            redactor.register(value)
        posts = tuple(sorted(one.id for one in linux_posts(loaded) if works_on(person, one)))
        sheet = Sheet(
            loaded.site, person.name, person.account, posts, address, base32(seed),
            len(enrolment.prints) + 1,
        )  # fmt: skip
        pdf = sheet_pdf(sheet, at)
        note = SheetPrint(at=at.replace(microsecond=0), by=by, reason=again)
        printed = enrolment.model_copy(update={"prints": (*enrolment.prints, note)})
        save_enrolments(workspace, site, loaded.enrolments.with_one(printed))
        write_file(place, pdf, mode=0o600)
    return place


def _refuse_shared(workspace: Workspace, place: Path) -> None:
    real = place.parent.resolve() / place.name
    inside = real.is_relative_to(workspace.root.resolve())
    if inside or any((folder / ".git").exists() for folder in real.parents):
        raise UsageError(
            _("a sheet is a key, and is not written into the workspace or a repository."),
            where=str(place),
            remedy=_("Give a place outside, print it, then delete the file."),
        )


def revoke_factor(
    workspace: Workspace, site: str, word: str, redactor: Redactor, at: datetime
) -> Person:
    """Take the second factor of one person back: out of the vault now, off posts at next apply."""
    load_site(workspace, site)
    with hold_site(workspace, site):
        loaded = load_site(workspace, site)
        person = find_person(loaded, word)
        enrolment = _standing(loaded, person)
        revoked = enrolment.model_copy(update={"revoked_at": at.replace(microsecond=0)})
        save_enrolments(workspace, site, loaded.enrolments.with_one(revoked))
        open_vault(workspace, site, redactor).remove([enrolment.secret])
    return person


@dataclass(frozen=True)
class Status:
    """Where everybody stands, and the exit code: 1 when somebody has no proven factor."""

    standings: tuple[Standing, ...]
    exit_code: int


def status(site: OpenSite, store: Store, at: datetime) -> Status:
    """Everybody's second factor, as the last readings of the posts show it. Reads only."""
    found = standings_of(site, last_snapshots(store, site.loaded.site.id), at)
    good = all(one.state == "active" for one in found)
    return Status(found, 0 if good else 1)
