"""The base of all records: frozen, strict, closed."""

import json

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """An immutable value; unknown keys and wrong types are errors, nothing is coerced."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", populate_by_name=True)


def canonical(record: Record) -> bytes:
    """The one JSON form of a record that digests are computed from."""
    data = record.model_dump(mode="json", by_alias=True)
    return json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
