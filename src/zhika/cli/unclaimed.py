"""`zhika unclaimed`: whose cards wait to be collected, and for how long."""

import json
from typing import Annotated

import typer

from zhika.cli.screen import OUT, Json, show
from zhika.cli.seat import here
from zhika.errors import ConfigurationError


def unclaimed(
    weeks: Annotated[int, typer.Option("--weeks", help="只看至少放了这么多周的")] = 0,
    as_json: Json = False,
) -> None:
    """各单位未领的卡及周数, 久者在前。例: zhika -C demo/platform unclaimed --weeks 4"""
    seat = here()
    if not seat.platform:
        raise ConfigurationError("未领的卡在平台席位查看")
    from django.utils import timezone

    from zhika.engine.unclaimed import WEEK, stays
    from zhika.ledger.places import SHANGHAI

    after = seat.distribution.recall_days
    rows = [
        {
            "unit": stay.holder, "name": stay.name, "office": stay.office, "batch": stay.batch,
            "subject": stay.subject, "since": stay.since.astimezone(SHANGHAI).isoformat(), "days": stay.days,
            "weeks": stay.weeks, "n": stay.n, "recall": stay.days >= after,
        }
        for stay in stays(timezone.now(), least=weeks * WEEK)
    ]  # fmt: skip
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    shown = [
        (
            row["name"], row["unit"], row["subject"], str(row["since"])[:10], row["weeks"], f"{row['n']:,}",
            "应退回" if row["recall"] else "",
        )
        for row in rows
    ]  # fmt: skip
    columns = ("单位", "编号", "交接包", "收到日期", "周数", "未领", "须办")
    show(f"{seat.title} 未领卡", columns, shown, "没有未领的卡。", ("周数", "未领"))
    if rows:
        OUT.print(f"共 {sum(int(str(row['n'])) for row in rows):,} 张。满 {after} 天应退回 (zhika todo)。")
