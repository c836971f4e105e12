"""One county's office on a day, as a sheet: what waits there, for how long, and whom to ask."""

from datetime import date, datetime

from zhika.annexes import annex6, annex7
from zhika.annexes.county import Matters, matters, standing
from zhika.ledger.batches import Organisation
from zhika.ledger.places import today
from zhika.paper.annex import Heading, Row, Section, Sheet

NOTHING_WAITS = ("—", "各步已完成, 待交接或差异了结")


def sheet(office: Organisation, on: date, stuck_days: int) -> Sheet:
    """All that concerns an office: lots overdue, differences, batches that stand still, exceptions not cleared."""
    mine = matters(on, stuck_days).get(office.code, Matters())
    head = annex7.contact(on, office)
    facts = (("办公室主任", f"{head.name} {head.organisation}{head.post} {head.phone}".strip()),) if head else ()
    sections = (
        annex6.overdue(mine.overdue, on), _differences(mine), _stuck(mine, stuck_days), _exceptions(mine, stuck_days)
    )  # fmt: skip
    return Sheet("", f"{office.name} 待处理事项", on, sections, facts=facts)


def _differences(mine: Matters) -> Section:
    headings = (
        Heading("handover", "交接编号"), Heading("kind", "差异"), Heading("n", "张数"), Heading("giver", "移交方"),
        Heading("taker", "接收方"), Heading("since", "起于"), Heading("days", "天数"),
    )  # fmt: skip
    rows = tuple((x.handover, x.kind, x.n, x.giver, x.taker, *_since(x.since)) for x in mine.differences)
    return Section("未结的差异", headings, rows, empty="没有未结的差异。")


def _stuck(mine: Matters, stuck_days: int) -> Section:
    headings = (
        Heading("batch", "批次"), Heading("row", "停在"), Heading("who", "应由谁办"), Heading("since", "最近一步"),
        Heading("days", "天数"),
    )  # fmt: skip
    rows: list[Row] = []
    for batch in mine.stuck:
        for row, who in standing(batch.batch) or [NOTHING_WAITS]:
            rows.append((batch.batch, row, who, *_since(batch.since)))
    return Section(f"停滞的批次（{stuck_days} 天没有新的一步）", headings, tuple(rows), empty="没有停滞的批次。")


def _exceptions(mine: Matters, stuck_days: int) -> Section:
    """Those that stand too long are marked."""
    headings = (
        Heading("cause", "代码"), Heading("title", "原因"), Heading("mended_by", "由谁排除"), Heading("n", "人数"),
        Heading("since", "最早"), Heading("days", "天数"),
    )  # fmt: skip
    rows = tuple((x.cause, x.title, x.mended_by, x.n, *_since(x.since)) for x in mine.exceptions)
    late = frozenset((at, 5) for at, row in enumerate(rows) if int(row[5] or 0) >= stuck_days)
    return Section("原因未排除的异常", headings, rows, marked=late, empty="没有未了的异常。")


def _since(at: datetime) -> tuple[str, int]:
    """The day, and how many days ago it is."""
    return today(at).isoformat(), (today() - today(at)).days
