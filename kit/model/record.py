"""The base of all records: frozen, strict, closed."""

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """An immutable value; unknown keys and wrong types are errors, nothing is coerced."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", populate_by_name=True)
