"""From a parsed document to frozen records: every mistake at once, each with its position."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from kit.documents_io.yaml import Document, Path_
from kit.errors import InvalidDocuments, Problem
from kit.i18n import N_, _

T = TypeVar("T")

# pydantic error type -> (message, remedy); placeholders come from the error's own context.
_MESSAGES: Final[Mapping[str, tuple[str, str]]] = {
    "missing": (N_("the key “{key}” is missing."), N_("Add it.")),
    "extra_forbidden": (N_("the key “{key}” is unknown."), N_("Remove it or check its spelling.")),
    "string_type": (N_("text is expected here."), N_("Put the value in quotes.")),
    "int_type": (N_("a whole number is expected here."), N_("Write digits, without quotes.")),
    "int_parsing": (N_("a whole number is expected here."), N_("Write digits, without quotes.")),
    "int_from_float": (N_("a whole number is expected here."), N_("Write it without decimals.")),
    "float_type": (N_("a number is expected here."), N_("Write digits, without quotes.")),
    "bool_type": (N_("true or false is expected here."), N_("Write true or false.")),
    "list_type": (N_("a list is expected here."), N_("Write one item per line after a dash.")),
    "tuple_type": (N_("a list is expected here."), N_("Write one item per line after a dash.")),
    "set_type": (N_("a list is expected here."), N_("Write one item per line after a dash.")),
    "frozen_set_type": (N_("a list is expected here."), N_("Write one item per line.")),
    "dict_type": (N_("a block of “key: value” lines is expected here."), N_("Indent it.")),
    "model_type": (N_("a block of “key: value” lines is expected here."), N_("Indent it.")),
    "model_attributes_type": (N_("a block of “key: value” lines is expected here."), ""),
    "literal_error": (N_("the value must be {expected}."), N_("Choose one of these.")),
    "enum": (N_("the value must be {expected}."), N_("Choose one of these.")),
    "union_tag_invalid": (N_("“{tag}” is unknown here; known: {expected_tags}."), ""),
    "union_tag_not_found": (N_("the key {discriminator} is missing."), N_("Add it.")),
    "string_pattern_mismatch": (N_("the value does not have the form {pattern}."), ""),
    "string_too_short": (N_("the text is too short (at least {min_length})."), ""),
    "string_too_long": (N_("the text is too long (at most {max_length})."), ""),
    "too_short": (N_("at least {min_length} items are needed."), ""),
    "too_long": (N_("at most {max_length} items are allowed."), ""),
    "greater_than_equal": (N_("the number must be at least {ge}."), ""),
    "less_than_equal": (N_("the number must be at most {le}."), ""),
    "greater_than": (N_("the number must be greater than {gt}."), ""),
    "less_than": (N_("the number must be less than {lt}."), ""),
    "date_from_datetime_parsing": (N_("this is not a date."), N_("Write YYYY-MM-DD.")),
    "date_parsing": (N_("this is not a date."), N_("Write YYYY-MM-DD.")),
    "date_type": (N_("this is not a date."), N_("Write YYYY-MM-DD.")),
    "datetime_from_date_parsing": (N_("this is not a date and time."), ""),
    "datetime_parsing": (N_("this is not a date and time."), ""),
    "none_required": (N_("nothing is expected here."), N_("Remove the value.")),
}


def explain(error: ErrorDetails) -> tuple[str, str]:
    """The translated message and remedy of one pydantic error."""
    context = dict(error.get("ctx") or {})
    if error["type"] == "value_error":  # raised by our own validators, already translated
        return str(context.get("error", error["msg"])), ""
    message, remedy = _MESSAGES.get(error["type"], ("", ""))
    if not message:
        return _("the value is not accepted ({detail}).").format(detail=error["msg"]), ""
    context.setdefault("key", error["loc"][-1] if error["loc"] else "")
    try:
        return _(message).format(**context), _(remedy)
    except KeyError:
        return _("the value is not accepted ({detail}).").format(detail=error["msg"]), ""


def problems_of(
    error: ValidationError, document: Document, prefix: Path_ = ()
) -> tuple[Problem, ...]:
    """Every error of a failed validation as a problem with its position in the document."""
    found = []
    for details in error.errors(include_url=False):
        loc = (*prefix, *details["loc"])
        path = _real_path(document, loc, named_last=details["type"] == "missing")
        message, remedy = explain(details)
        dotted = ".".join(str(part) for part in path)
        shown = f"{dotted}: {message}" if dotted else message
        found.append(Problem(document.position(path), shown, remedy))
    return tuple(found)


def _real_path(document: Document, loc: Path_, *, named_last: bool) -> Path_:
    """``loc`` without the union tags pydantic inserts, which are no keys of the document.

    ``named_last`` keeps a last part that is not there: a missing key is named by it.
    """
    real: Path_ = ()
    for index, part in enumerate(loc):
        kept = named_last and index == len(loc) - 1
        if (*real, part) in document.positions or kept:
            real = (*real, part)
    return real


def validate(record: type[T], document: Document, data: Any = ..., prefix: Path_ = ()) -> T:  # noqa: ANN401
    """Build a frozen record from (a part of) a document, strictly.

    Raises ``InvalidDocuments`` with every mistake and its position.
    """
    content = document.data if data is ... else data
    try:
        return TypeAdapter(record).validate_json(json.dumps(content), strict=True)
    except ValidationError as error:
        raise InvalidDocuments(
            _("The document is not valid."),
            problems_of(error, document, prefix),
            remedy=_("Correct it and run again."),
        ) from error


def gather(steps: Iterable[Callable[[], T]], *, message: str, remedy: str) -> list[T]:
    """Run every step; when any failed, raise all their problems as one error."""
    done: list[T] = []
    problems: list[Problem] = []
    for step in steps:
        try:
            done.append(step())
        except InvalidDocuments as error:
            problems.extend(error.problems)
    if problems:
        raise InvalidDocuments(message, problems, remedy=remedy)
    return done
