"""Tidying cells: what a keyboard or a spreadsheet did to a value, undone and reported."""

from collections.abc import Sequence

import polars as pl

from zhika.registers.columns import Column, Kind

DOT = "\u00b7"
"""The middle dot of minority names, as identity documents have it."""
LOOK_ALIKES = (".", "\u2022", "\u2024", "\u2027", "\u2219", "\u22c5", "\u30fb", "\uff0e", "\uff65")
REPAIRS = {
    "blank": "空格已去除",
    "full-width": "全角字符已改为半角",
    "lower-x": "小写 x 已改为大写",
    "dot": "姓名间隔点已统一为“·”",
}
"""Code of each repair, with its text."""
REPAIRS_SCHEMA = {"row": pl.Int64(), "column": pl.String(), "rule": pl.String()}

_WIDE = {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_BLANKS = r"[\s\u200b\u200c\u200d\ufeff]+"
_ENDS = rf"^{_BLANKS}|{_BLANKS}$"
_LATIN = r"[A-Za-z]"

Step = tuple[str, pl.Expr]


def _steps(kind: Kind, name: str) -> tuple[Step, ...]:
    """The repairs of a kind, in the order in which they are made; each works on the column as the last left it."""
    cell = pl.col(name)
    narrow = ("full-width", cell.str.replace_many(list(_WIDE), list(_WIDE.values())))
    trimmed = ("blank", cell.str.replace_all(_ENDS, ""))
    closed = ("blank", cell.str.replace_all(_BLANKS, ""))
    # A Latin name keeps its blanks and full stops (a resident from abroad); elsewhere they are slips of the keyboard.
    latin = cell.str.contains(_LATIN)
    spelled = cell.str.replace_all(_BLANKS, " ").str.strip_chars(" ")
    dotted = cell.str.replace_many(list(LOOK_ALIKES), [DOT] * len(LOOK_ALIKES))
    match kind:
        case Kind.ID:
            return narrow, closed, ("lower-x", cell.str.replace("x$", "X"))
        case Kind.DIGITS:
            return narrow, closed
        case Kind.NAME:
            return (
                ("blank", pl.when(latin).then(spelled).otherwise(cell.str.replace_all(_BLANKS, ""))),
                ("dot", pl.when(latin).then(cell).otherwise(dotted)),
            )
        case Kind.TEXT:
            return (trimmed,)


def tidy(rows: pl.DataFrame, columns: Sequence[Column], *, number: str = "row") -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows with every repair made, and the repairs: row, column, rule (a code of `REPAIRS`).

    `number` is the column with the row number that the repairs name. Columns that the rows lack are passed over.
    Tidying what is tidy changes nothing.

    >>> from zhika.registers.columns import HOUSEHOLD
    >>> rows = pl.DataFrame({"row": [2], "name": ["阿不都•买 买提"], "id_no": ["３５０５０２１９９００１０１００１x"]})
    >>> tidied, repairs = tidy(rows, HOUSEHOLD)
    >>> tidied.row(0)
    (2, '阿不都·买买提', '35050219900101001X')
    >>> repairs.rows()
    [(2, 'name', 'blank'), (2, 'name', 'dot'), (2, 'id_no', 'full-width'), (2, 'id_no', 'lower-x')]
    """
    found = [pl.DataFrame(schema=REPAIRS_SCHEMA)]
    for column in columns:
        if column.name not in rows.columns:
            continue
        for rule, repaired in _steps(column.kind, column.name):
            after = rows.with_columns(repaired.alias(column.name))
            changed = rows[column.name] != after[column.name]
            if changed.any():
                touched = rows.filter(changed).select(pl.col(number).cast(pl.Int64).alias("row"))
                found.append(touched.with_columns(column=pl.lit(column.name), rule=pl.lit(rule)))
                rows = after
    return rows, pl.concat(found)
