"""The course of score and coverage as inline SVG, with a text for who does not see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from kit.checking.drift import HistoryEntry
from kit.i18n import _
from kit.reporting.text import show_share, show_short_time

_WIDTH: Final = 720
_HEIGHT: Final = 220
_LEFT: Final = 48
_TOP: Final = 12
_BOTTOM: Final = 190
_MOST: Final = 60
"""Runs drawn; what is older stands in the table."""


def score_chart(entries: Sequence[HistoryEntry], timezone: str) -> Markup:
    """A line of the runs of the whole site that ended; empty with fewer than two of them."""
    row = [one for one in entries if one.ended and not one.side.selection][-_MOST:]
    if len(row) < 2:
        return Markup("")
    step = (_WIDTH - _LEFT - 20) / (len(row) - 1)
    places = [round(_LEFT + index * step, 1) for index in range(len(row))]
    parts = [_grid()]
    for dashed in (True, False):
        parts += [_polyline(one, dashed=dashed) for one in _lines(row, places, dashed=dashed)]
    first, last = (show_short_time(one.side.started_at, timezone) for one in (row[0], row[-1]))
    parts.append(_label(_LEFT, _BOTTOM + 22, first, "start"))
    parts.append(_label(_WIDTH - 20, _BOTTOM + 22, last, "end"))
    told = _("From {first} to {last}: score {low} to {high}, last {score} at coverage {coverage}.")
    shares = [one.side.score.ratio for one in row if one.side.score.ratio is not None]
    title = told.format(
        first=first, last=last, low=show_share(min(shares, default=None)),
        high=show_share(max(shares, default=None)), score=show_share(row[-1].side.score.ratio),
        coverage=show_share(row[-1].side.score.coverage),
    )  # fmt: skip
    head = Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}" width="{}" height="{}">')
    return head.format(_WIDTH, _HEIGHT, title, _WIDTH, _HEIGHT) + Markup("").join(parts) + Markup(
        "</svg>"
    )  # fmt: skip


def _y(share: float) -> float:
    return round(_BOTTOM - share * (_BOTTOM - _TOP), 1)


def _lines(
    row: Sequence[HistoryEntry], places: Sequence[float], *, dashed: bool
) -> list[list[tuple[float, float]]]:
    """Points in pieces: a run that cannot be compared with the one before begins a new piece."""
    pieces: list[list[tuple[float, float]]] = []
    for index, (one, x) in enumerate(zip(row, places, strict=True)):
        share = one.side.score.coverage if dashed else one.side.score.ratio
        if share is None or index == 0 or one.why_not:
            pieces.append([])
        if share is not None:
            pieces[-1].append((x, _y(share)))
    return [piece for piece in pieces if piece]


def _polyline(points: Sequence[tuple[float, float]], *, dashed: bool) -> Markup:
    drawn = " ".join(f"{x},{y}" for x, y in points)
    dash = Markup(' stroke-dasharray="6 4"') if dashed else Markup("")
    colour = "#4d5966" if dashed else "#1c3f67"
    line = Markup('<polyline points="{}" fill="none" stroke="{}" stroke-width="2.5"{}/>').format(
        drawn, colour, dash
    )
    dots = Markup("").join(
        Markup('<circle cx="{}" cy="{}" r="3.5" fill="{}"/>').format(x, y, colour)
        for x, y in points
    )
    return line + dots


def _grid() -> Markup:
    parts = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = _y(share)
        parts.append(
            Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="#cbd3db"/>').format(
                _LEFT, y, _WIDTH - 20, y
            )
        )
        parts.append(_label(_LEFT - 6, y + 4, show_share(share), "end"))
    return Markup("").join(parts)


_TEXT: Final = Markup(
    '<text x="{}" y="{}" font-size="12" text-anchor="{}" fill="#4d5966">{}</text>'
)


def _label(x: float, y: float, text: str, anchor: str) -> Markup:
    return _TEXT.format(x, y, anchor, text)
