"""`zhika unclaimed`: whose cards wait to be collected, and for how long."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from zhika.cli.seat import here
from zhika.errors import ConfigurationError

OUT = Console(highlight=False)


def unclaimed(
    weeks: Annotated[int, typer.Option("--weeks", help="只看至少放了这么多周的")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="机器可读")] = False,
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
    if not rows:
        OUT.print("没有未领的卡。")
        return
    table = Table(title=f"{seat.title} 未领卡", title_justify="left")
    for title in ("单位", "编号", "交接包", "收到日期", "周数", "未领", ""):
        table.add_column(title, justify="right" if title in ("周数", "未领") else "left", overflow="fold")
    for row in rows:
        table.add_row(
            str(row["name"]), str(row["unit"]), str(row["subject"]), str(row["since"])[:10], str(row["weeks"]),
            f"{row['n']:,}", "[red]应退回[/]" if row["recall"] else "",
        )  # fmt: skip
    OUT.print(table)
    OUT.print(f"共 {sum(int(str(row['n'])) for row in rows):,} 张。满 {after} 天应退回 (zhika todo)。")
