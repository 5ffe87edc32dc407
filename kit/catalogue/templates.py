"""Settings as rules write them, with named parameters still to be filled in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from pydantic import JsonValue

from kit.catalogue.registry import setting_adapter
from kit.model.setting import Setting

Values = Mapping[str, JsonValue]


def parameter_names(data: JsonValue) -> Iterator[str]:
    """Every parameter a piece of a rule refers to, as ``{parameter: NAME}``."""
    if isinstance(data, Mapping):
        name = data.get("parameter")
        if len(data) == 1 and isinstance(name, str):
            yield name
            return
        for value in data.values():
            yield from parameter_names(value)
    elif isinstance(data, Sequence) and not isinstance(data, str):
        for value in data:
            yield from parameter_names(value)


def fill(data: JsonValue, values: Values) -> JsonValue:
    """``data`` with each ``{parameter: NAME}`` replaced by its value.

    Raises ``KeyError`` with the name when a value is missing: a parameter is a whole value, never
    a hole in a line.
    """
    if isinstance(data, Mapping):
        name = data.get("parameter")
        if len(data) == 1 and isinstance(name, str):
            return values[name]
        return {key: fill(value, values) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [fill(value, values) for value in data]
    return data


def build(data: JsonValue, values: Values) -> Setting:
    """The frozen setting; raises ``KeyError`` (parameter) or pydantic's ``ValidationError``."""
    return _built(json.dumps(fill(data, values), sort_keys=True))


@lru_cache(maxsize=4096)
def _built(filled: str) -> Setting:
    """Settings are frozen: the same data gives the same object."""
    setting: Setting = setting_adapter().validate_json(filled, strict=True)
    return setting
