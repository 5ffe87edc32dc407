"""The closed list of browser policies, from the data beside this module."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from kit.documents_io.validation import validate
from kit.documents_io.yaml import read_yaml
from kit.model.record import Record
from kit.model.web_address import EVERYWHERE, parse_address
from kit.resources.certificates import authority_file

Browser = Literal["chromium", "firefox"]
Plain = bool | int | str
Concrete = Plain | tuple[Plain, ...]


class Form(StrEnum):
    """How an item is written in a browser's document."""

    URL = "url"  # the one address
    URLS = "urls"  # a list of it
    ORIGIN = "origin"
    HOST = "host"
    CHROMIUM_FILTER = "chromium_filter"
    MATCH_PATTERN = "match_pattern"
    BASE64 = "base64"  # DER
    FILE = "file"  # the path of a file that holds it


class Definition(Record):
    """One policy: words with what each is in a browser, or items with where they go.

    ``outranking``: places that count for more. They say the same, or nothing.
    """

    id: str
    kind: Literal["choice", "address", "addresses", "authorities"] = "choice"
    choices: dict[str, dict[Browser, dict[str, Concrete]]] = {}
    places: dict[Browser, dict[str, Form]] = {}
    outranking: dict[Browser, dict[str, Plain]] = {}
    with_: dict[Browser, dict[str, Concrete]] = Field(alias="with", default={})

    @model_validator(mode="after")
    def _of_its_kind(self) -> Definition:
        if bool(self.choices) is bool(self.places) or bool(self.choices) != (self.kind == "choice"):
            raise ValueError("choices, or places")
        return self

    def browsers(self) -> frozenset[str]:
        """The browsers that have it."""
        found: set[str] = set(self.places)
        for places in self.choices.values():
            found |= set(places)
        return frozenset(found)

    def is_list(self) -> bool:
        """Whether several rules may add to it."""
        return self.kind in {"addresses", "authorities"}

    def concrete(self, browser: Browser, value: str | tuple[str, ...]) -> dict[str, Concrete]:
        """Place -> what stands there for a value in the policy's own words."""
        if self.kind == "choice":
            return {
                place: _sorted(found)
                for place, found in self.choices[str(value)].get(browser, {}).items()
            }
        found = {place: _sorted(one) for place, one in self.with_.get(browser, {}).items()}
        for place, form in self.places.get(browser, {}).items():
            if isinstance(value, str):
                found[place] = (value,) if form is Form.URLS else value
            else:
                found[place] = _sorted(tuple(written(form, item) for item in value))
        return found

    def all_places(self, browser: Browser) -> Iterator[str]:
        """Every place of a browser's document it may set."""
        for choice in self.choices.values():
            yield from choice.get(browser, {})
        yield from self.places.get(browser, {})
        yield from self.with_.get(browser, {})


class _DefinitionFile(Record):
    schema_: int = Field(alias="schema", ge=1, le=1)
    policies: tuple[Definition, ...]


@cache
def definitions() -> Mapping[str, Definition]:
    """Every policy there is, by id."""
    path = Path(__file__).with_name("browser_policies.yaml")
    found = validate(_DefinitionFile, read_yaml(path, path.name))
    return {one.id: one for one in found.policies}


def _sorted(value: Concrete) -> Concrete:
    """Lists without order and repetition: what stands in them has none."""
    return tuple(sorted(dict.fromkeys(value), key=str)) if isinstance(value, tuple) else value


def written(form: Form, item: str) -> str:
    """An address or a certificate as a browser's document has it."""
    if form is Form.BASE64:
        return item
    if form is Form.FILE:
        return authority_file(item)
    if item == EVERYWHERE:
        return "*" if form is Form.CHROMIUM_FILTER else "<all_urls>"
    address = parse_address(item)
    if form is Form.HOST:
        return address.host
    if form is Form.CHROMIUM_FILTER:
        # A dot in front: this host, and none below it.
        dot = "" if address.subdomains else "."
        return f"https://{dot}{address.authority()}{address.path}"
    if form is Form.MATCH_PATTERN:
        # Match patterns have no port: they hold for every port of the host.
        return f"https://{'*.' if address.subdomains else ''}{address.host}{address.path or '/'}*"
    return address.origin() if form is Form.ORIGIN else item
