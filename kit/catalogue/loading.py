"""Load the catalogue: every file, every problem at once, each with file and line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import Field

from kit.catalogue.frameworks import validate_frameworks
from kit.catalogue.validation import validate_declared, validate_rules
from kit.documents_io.validation import validate
from kit.documents_io.yaml import Document, Path_, read_yaml
from kit.errors import InvalidDocuments, Position, Problem
from kit.i18n import _
from kit.model.catalogue import Catalogue, DeclaredRule, StandingRule
from kit.model.framework import Framework, Unmapped
from kit.model.record import Record
from kit.model.rule import Baseline, Parameter, Rule

SHIPPED: Final = Path(__file__).parent.parent / "baseline"


class _RuleFile(Record):
    schema_: int = Field(alias="schema", ge=1, le=1)
    rules: tuple[Rule, ...]


class _StandingFile(Record):
    schema_: int = Field(alias="schema", ge=1, le=1)
    rules: tuple[StandingRule, ...]


class _DeclaredFile(Record):
    schema_: int = Field(alias="schema", ge=1, le=1)
    rules: tuple[DeclaredRule, ...]


class _ParameterFile(Record):
    schema_: int = Field(alias="schema", ge=1, le=1)
    parameters: tuple[Parameter, ...]


class _BaselineFile(Record):
    schema_: int = Field(alias="schema", ge=1, le=1)
    baselines: tuple[Baseline, ...]


class _FrameworkFile(Record):
    schema_: int = Field(alias="schema", ge=1, le=1)
    frameworks: tuple[Framework, ...]


class _UnmappedFile(Record):
    schema_: int = Field(alias="schema", ge=1, le=1)
    rules: tuple[Unmapped, ...]


class _Loader:
    """Reads files one after the other and keeps every problem instead of stopping at the first."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.problems: list[Problem] = []
        self.data: dict[str, Any] = {}
        self.positions: dict[str, Position] = {}
        self.paths: dict[str, tuple[Document, Path_]] = {}

    def items(
        self, paths: Iterable[Path], shape: type[Record], key: str, kind: str
    ) -> Iterator[tuple[str, Any]]:
        """``(theme, item)`` of the list ``key`` of every file; an id used twice is a problem."""
        for path in paths:
            shown = str(path.relative_to(self.root.parent))
            try:
                document = read_yaml(path, shown)
                found = getattr(validate(shape, document), key)
            except InvalidDocuments as error:
                self.problems.extend(error.problems)
                continue
            self.data[shown] = document.data
            for index, item in enumerate(found):
                if self._place(f"{kind}:{item.id}", item.id, document, (key, index)):
                    yield path.stem, item

    def _place(self, key: str, name: str, document: Document, path: Path_) -> bool:
        position = document.position((*path, "id"))
        taken = self.positions.get(key)
        if taken is None:
            self.positions[key] = position
            self.paths[key] = (document, path)
            return True
        self.problems.append(
            Problem(
                position,
                _("“{id}” is already used at {place}.").format(id=name, place=taken),
                _("Give it another id."),
            )
        )
        return False


def load_catalogue(root: Path = SHIPPED) -> Catalogue:
    """Load and validate a catalogue folder.

    Raises ``InvalidDocuments`` with every problem of every file.
    """
    loader = _Loader(root)
    rules = {
        rule.id: rule.model_copy(update={"theme": rule.theme or theme})
        for theme, rule in loader.items(
            sorted(root.glob("rules/*.yaml")), _RuleFile, "rules", "rule"
        )
    }
    standing = _by_id(loader.items([root / "standing.yaml"], _StandingFile, "rules", "rule"))
    files = sorted(root.glob("declared.yaml"))
    declared = _by_id(loader.items(files, _DeclaredFile, "rules", "rule"))
    parameters = _by_id(
        loader.items([root / "parameters.yaml"], _ParameterFile, "parameters", "parameter")
    )
    files = sorted(root.glob("baselines/*.yaml"))
    baselines = _by_id(loader.items(files, _BaselineFile, "baselines", "baseline"))
    files = sorted(root.glob("frameworks/*.yaml"))
    frameworks = _by_id(loader.items(files, _FrameworkFile, "frameworks", "framework"))
    files = sorted(root.glob("unmapped.yaml"))
    unmapped = _by_id(loader.items(files, _UnmappedFile, "rules", "unmapped"))
    loader.problems.extend(validate_rules(rules, standing, parameters, baselines, loader.paths))
    known = {**rules, **standing}
    loader.problems.extend(validate_declared(declared, known, loader.paths))
    loader.problems.extend(validate_frameworks(frameworks, unmapped, known, loader.paths))
    if loader.problems:
        raise InvalidDocuments(
            _("The catalogue is not valid."), loader.problems, remedy=_("Correct these files.")
        )
    content = json.dumps(loader.data, sort_keys=True, ensure_ascii=False).encode()
    return Catalogue(
        rules,
        standing,
        parameters,
        baselines,
        hashlib.sha256(content).hexdigest(),
        loader.positions,
        frameworks,
        unmapped,
        declared=declared,
    )


def _by_id(items: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    return {item.id: item for _theme, item in items}


@cache
def shipped_catalogue() -> Catalogue:
    """The catalogue that comes with the kit."""
    return load_catalogue()
