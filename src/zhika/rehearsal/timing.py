"""How long each step of a batch took, as bars: from the end of the step before to its own end."""

from collections.abc import Sequence
from datetime import datetime
from html import escape

from zhika.flows.lanes import Lane
from zhika.rehearsal.findings import Row

DAY = 86_400
"""Seconds."""


def spans(rows: Sequence[Row]) -> list[tuple[Row, float, float]]:
    """Each row with its begin and end, in seconds since the first row's end; rows come in order of time.

    >>> first = {"happened_at": "2026-11-23T10:00:00.000+08:00"}
    >>> later = {"happened_at": "2026-11-23T10:00:02.500+08:00"}
    >>> [(begin, end) for _, begin, end in spans([first, later])]
    [(0.0, 0.0), (0.0, 2.5)]
    """
    ends = [datetime.fromisoformat(row["happened_at"]).timestamp() for row in rows]
    begins = [ends[0], *ends[:-1]] if ends else []
    return [(row, begin - ends[0], end - ends[0]) for row, begin, end in zip(rows, begins, ends, strict=True)]


def span(seconds: float) -> str:
    """How long, in seconds, or in days where the calendar was turned meanwhile.

    >>> span(2.54), span(12 * 86400 + 9)
    ('2.5 秒', '12 天')
    """
    return f"{seconds / DAY:.0f} 天" if seconds >= DAY else f"{seconds:.1f} 秒"


def bars(rows: Sequence[Row]) -> str:
    """Bars on a common scale, coloured by lane, with seconds."""
    timed = spans(rows)
    whole = max((end for *_, end in timed), default=0.0) or 1.0
    lines = [
        f"<div><b>{row['number']}</b>{escape(row['title'])}</div>"
        f'<div class="track"><i class="{escape(row["lane"])}" style="left:{100 * begin / whole:.2f}%;'
        f'width:{100 * (end - begin) / whole:.2f}%"></i></div><div class="t">{span(end - begin)}</div>'
        for row, begin, end in timed
    ]
    lanes = dict.fromkeys(row["lane"] for row in rows)
    key = "".join(f'<span><i class="{escape(lane)}"></i>{_title(lane)}</span>' for lane in lanes)
    return f'<div class="lanes">{key}</div><div class="bars">{"".join(lines)}</div>'


def _title(lane: str) -> str:
    return Lane(lane).title if lane in list(Lane) else escape(lane)
