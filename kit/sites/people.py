"""``people.yaml`` and ``enrolments.yaml`` of a site: their form, their checks, their writing.

Both hold personal data: readable by their owner alone, in nothing that leaves the operator.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Literal

from pydantic import Field

from kit.documents_io.files import write_files
from kit.documents_io.yaml import Document, dump_yaml
from kit.errors import Problem
from kit.i18n import _
from kit.model.enrolment import Enrolments, ordered
from kit.model.person import Person
from kit.model.record import Record
from kit.sites.workspace import Workspace

PEOPLE_FILE: Final = "people.yaml"
ENROLMENTS_FILE: Final = "enrolments.yaml"
_HEAD: Final = "# Written by esms-kit. Personal data: keep it private (mode 0600), share no copy.\n"


class PeopleFile(Record):
    """``inventories/<id>/people.yaml``."""

    schema_: Literal[1] = Field(alias="schema")
    people: tuple[Person, ...] = ()


class EnrolmentsFile(Enrolments):
    """``inventories/<id>/enrolments.yaml``."""

    schema_: Literal[1] = Field(alias="schema")

    def enrolled(self) -> Enrolments:
        """Without the number of its form."""
        return Enrolments(**{name: getattr(self, name) for name in Enrolments.model_fields})


def people_problems(
    people: tuple[PeopleFile, Document] | None,
    enrolments: tuple[EnrolmentsFile, Document] | None,
    devices: frozenset[str],
) -> Iterator[Problem]:
    """What contradicts itself in the two files, or the site's devices."""
    ids: set[str] = set()
    if people is not None:
        file, document = people
        yield from _twice(file.people, document)
        ids = {person.id for person in file.people}
        for index, person in enumerate(file.people):
            for place, post in enumerate(person.posts):
                if post not in devices:
                    yield Problem(
                        document.position(("people", index, "posts", place)),
                        _("the site has no device “{device}”.").format(device=post),
                        _("Correct the name; “esms-kit inventory SITE” lists them."),
                    )
    if enrolments is not None:
        for index, one in enumerate(enrolments[0].enrolments):
            if one.person not in ids:
                yield Problem(
                    enrolments[1].position(("enrolments", index, "person")),
                    _("nobody in people.yaml is “{id}”.").format(id=one.person),
                    _("Put the person back (left_on says who is gone), or take this entry out."),
                )


def _twice(people: Iterable[Person], document: Document) -> Iterator[Problem]:
    first: dict[tuple[str, str], int] = {}
    for index, person in enumerate(people):
        gone = person.left_on is not None
        values = {"id": person.id, "rpps": person.rpps, "adeli": person.adeli,
                  "account": None if gone else person.account}  # fmt: skip
        for name, value in values.items():
            if value is None:
                continue
            if (name, value) in first:
                yield Problem(
                    document.position(("people", index, name)),
                    _("“{value}” stands twice.").format(value=value),
                    _("Each person stands once, with a login name of their own."),
                )
            first.setdefault((name, value), index)


def people_document(people: Iterable[Person]) -> str:
    """``people.yaml``, sorted by account."""
    listed = [
        person.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        for person in sorted(people, key=lambda one: (one.account, one.id))
    ]
    return _HEAD + dump_yaml({"schema": 1, "people": listed})


def enrolments_document(enrolments: Enrolments) -> str:
    """``enrolments.yaml``; the policy in full, so that it can be seen and edited."""
    data = {
        "schema": 1,
        "digest_key": enrolments.digest_key,
        "policy": enrolments.policy.model_dump(mode="json"),
        "enrolments": [
            one.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
            for one in ordered(enrolments.enrolments)
        ],
    }
    return _HEAD + dump_yaml({name: value for name, value in data.items() if value is not None})


def save_people(workspace: Workspace, site: str, people: Iterable[Person]) -> None:
    """Write the people of a site, for their owner's eyes alone."""
    path = workspace.site_folder(site) / PEOPLE_FILE
    write_files({path: people_document(people).encode()}, mode=0o600)


def save_enrolments(workspace: Workspace, site: str, enrolments: Enrolments) -> None:
    """Write the second factors of a site, for their owner's eyes alone."""
    path = workspace.site_folder(site) / ENROLMENTS_FILE
    write_files({path: enrolments_document(enrolments).encode()}, mode=0o600)
