"""A plan as a file: written by ``plan -o``, read back with the position of every mistake."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeVar

from pydantic import ValidationError

from kit.app.opening import OpenSite
from kit.documents_io.validation import validate
from kit.documents_io.yaml import Document, read_yaml
from kit.errors import InvalidDocuments, Position, Problem, UsageError
from kit.i18n import _
from kit.i18n.system_errors import system_reason
from kit.model.plan import Plan
from kit.model.record import Record

MOST_BYTES: Final = 64 * 1024 * 1024
R = TypeVar("R", bound=Record)


def read_record(kind: type[R], path: Path) -> R:
    """A record from a JSON file of the kit's own; raises ``InvalidDocuments`` with positions."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UsageError(
                _("the file is larger than {size} MiB.").format(size=MOST_BYTES // 1024 // 1024),
                where=str(path),
                remedy=_("Check its path and its content."),
            )
        text = path.read_bytes()
    except OSError as error:
        raise UsageError(
            _("the file cannot be opened ({detail}).").format(detail=system_reason(error)),
            where=str(path),
            remedy=_("Check its path and its rights."),
        ) from error
    try:
        return kind.model_validate_json(text, strict=True)
    except (ValidationError, ValueError):
        # Slowly, to say where.
        return validate(kind, read_yaml(path))


def read_plan(path: Path, site: OpenSite) -> Plan:
    """The plan in a file, if it is one of this site made with this catalogue.

    Raises ``InvalidDocuments`` with every mistake and its position.
    """
    plan = read_record(Plan, path)
    document = _positions(path)
    problems = list(_foreign(plan, site, document))
    if problems:
        raise InvalidDocuments(
            _("This plan cannot be used here."),
            problems,
            remedy=_("Make the plan again: esms-kit plan {site} -o FILE").format(
                site=site.loaded.site.id
            ),
        )
    return plan


def _positions(path: Path) -> Document:
    try:
        return read_yaml(path)
    except InvalidDocuments:  # too large, or signs that only JSON knows: then without lines
        return Document(str(path), None, {(): Position(str(path))})


def _foreign(plan: Plan, site: OpenSite, document: Document) -> Iterator[Problem]:
    loaded = site.loaded
    if plan.site != loaded.site.id:
        message = _("this plan is of the site “{site}”.").format(site=plan.site)
        yield Problem(document.position(("site",)), message)
    baseline = f"{site.baseline.id} {site.baseline.version}"
    if plan.baseline != baseline:
        message = _("it was made with baseline {theirs}; the site has {ours}.")
        yield Problem(
            document.position(("baseline",)), message.format(theirs=plan.baseline, ours=baseline)
        )
    if plan.baseline_digest != site.catalogue.digest:
        message = _("it was made with another catalogue of rules.")
        yield Problem(document.position(("baseline_digest",)), message)
    known = {one.id for one in loaded.devices}
    seen: set[str] = set()
    for index, device in enumerate(plan.devices):
        position = document.position(("devices", index, "device"))
        if device.device not in known:
            message = _("the site has no device “{device}”.").format(device=device.device)
            yield Problem(position, message)
        elif device.device in seen:
            message = _("the device “{device}” stands twice.").format(device=device.device)
            yield Problem(position, message)
        seen.add(device.device)
