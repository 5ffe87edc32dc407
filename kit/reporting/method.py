"""How a report came about, in sentences: verdicts, shares and grade, limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kit.checking.labels import label
from kit.checking.scores import STEPS, WEIGHTS
from kit.i18n import N_, _, ngettext
from kit.model.verdict import Verdict
from kit.reporting.data import NoticeCode, ReportData, Standing
from kit.reporting.text import counted, show_share

_MEANINGS: Final = {
    Verdict.PASS: N_("The value was read and is as expected."),
    Verdict.FAIL: N_("The value was read and is not as expected, or is proven to be missing."),
    Verdict.ERROR: N_("The device answered, but this could not be read or judged."),
    Verdict.NOT_CHECKED: N_(
        "Nobody looked: device not reached, value of the site missing, evidence awaited, equipment"
        " administered by a third party or not covered."
    ),
    Verdict.NOT_APPLICABLE: N_("The rule has nothing to ask of this device; this was proven."),
}


def meanings() -> tuple[tuple[Verdict, str], ...]:
    """Each verdict with what it means."""
    return tuple((verdict, _(_MEANINGS[verdict])) for verdict in Verdict)


def scoring(data: ReportData) -> Iterator[str]:
    """How shares and grades are computed, with the figures in use."""
    weights = ", ".join(f"{label(one).lower()} {weight}" for one, weight in WEIGHTS.items())
    yield _("Each finding weighs by the severity of its rule: {weights}.").format(weights=weights)
    yield _(
        "Share that complies: weight of what complies over weight of everything applicable."
        " What is undetermined or was not checked stays in the denominator."
    )
    *higher, (_floor, lowest) = STEPS
    told = [_("{grade} from {share}").format(grade=grade, share=show_share(floor))
            for floor, grade in higher]  # fmt: skip
    below = _("{grade} below").format(grade=lowest)
    steps = ", ".join([*told, below])
    yield _("Grades: {steps}. One critical non-compliance caps the grade at C.").format(steps=steps)
    yield _("There is no grade as long as anything applicable was not judged.")
    if data.reference is not None:
        yield _(
            "The share at the values of the baseline is what the same readings give when every"
            " value the site changed is set back and every rule it disabled is wanted; what was not"
            " read for a disabled rule counts as undetermined."
        )


def limits(data: ReportData) -> Iterator[str]:
    """What this report does not say."""
    yield _(
        "The findings show each device at the moment it was read; nothing is known of the time"
        " since."
    )
    days = data.site.oldest_reading_days
    message = ngettext(
        "A reading more than {count} day old when the check was made counts as not checked.",
        "A reading more than {count} days old when the check was made counts as not checked.",
        days,
    )
    yield counted(message, days)
    if data.summary.standings[Standing.NOT_COVERED]:
        yield _("This version reads part of the equipment only; the rest is listed as not covered.")
    if any(one.code is NoticeCode.CONSTRUCTED for one in data.notices):
        yield _("Findings marked as constructed come from no real device.")
    yield _("The account that ran the check is the one the controller named; it is no proof.")
    yield _(
        "The report tells compliance with the baseline named above, and with no law or"
        " certification."
    )
