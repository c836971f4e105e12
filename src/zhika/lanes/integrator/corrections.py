"""更正通知: what goes back to the unit from a confirmed lot, a row for each column at fault."""

import polars as pl

from zhika.flows.documents import CORRECTION
from zhika.registers.rules import BY_CODE

WHOLE_LINE = "整行"
"""Column of a line that the centre sent back without a reason of the comparison."""


def rows(confirmation: pl.DataFrame) -> pl.DataFrame:
    """更正通知 of the rejected lines of a 数据确认.

    >>> line = {"lot": "L", "line": "2", "id_no": "", "name": "陈阿山", "decision": "reject"}
    >>> rows(pl.DataFrame([{**line, "reasons": "name-differs;not-decided"}])).row(0)
    ('L', '2', '', '陈阿山', '姓名', 'name-differs;not-decided')
    """
    back = confirmation.filter(pl.col("decision") == "reject")
    made = []
    for row in back.iter_rows(named=True):
        codes = [code for code in row["reasons"].split(";") if code]
        columns: dict[str, list[str]] = {}
        for code in codes:
            if code in BY_CODE:
                columns.setdefault(BY_CODE[code].column, []).append(code)
        extra = [code for code in codes if code not in BY_CODE]
        key = {name: row[name] for name in ("lot", "line", "id_no", "name")}
        for column, found in (columns or {WHOLE_LINE: []}).items():
            made.append({**key, "column": column, "reasons": ";".join([*found, *extra]) or "rejected"})
    return pl.DataFrame(made, schema=dict.fromkeys(CORRECTION.columns, pl.String))
