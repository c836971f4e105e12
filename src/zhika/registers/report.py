"""What the unit gets back: counts by reason, every line that something stands against, and where to mend it."""

from pathlib import Path

import polars as pl
import xlsxwriter

from zhika.errors import Fault, Refused
from zhika.registers.rules import BY_CODE, RULES, SEVERITY

PROPOSALS = {"accept": "通过", "ask": "待确认", "reject": "退回"}
MENDERS = {"unit": "单位（村）", "centre": "经办机构"}
TITLES = {
    "lot": "批次",
    "line": "行号",
    "id_no": "公民身份号码",
    "name": "姓名",
    "given": "采集值",
    "found": "比对值",
    "sources": "来源",
    "proposal": "建议",
    "reasons": "疑点代码",
    "explained": "疑点",
    "mended_by": "由谁更正",
}
_WIDTHS = (26, 7, 20, 12, 36, 36, 10, 8, 24, 48, 20)

_LISTED = pl.col("reasons").str.split(";")


def summary(checked: pl.DataFrame) -> pl.DataFrame:
    """Lines by reason: code, title, mended_by, proposal, lines; in the order of `RULES`, reasons that occur only.

    >>> checked = pl.DataFrame({"reasons": ["no-photo", "", "name-repaired;no-photo"]})
    >>> summary(checked).select("code", "proposal", "lines").rows()
    [('no-photo', 'reject', 2), ('name-repaired', 'accept', 1)]
    """
    rules = pl.DataFrame(
        [(rule.code, rule.title, rule.mended_by, rule.proposal.value) for rule in RULES],
        schema=["code", "title", "mended_by", "proposal"],
        orient="row",
    )
    codes = checked.select(_LISTED.explode().alias("code")).filter(pl.col("code") != "")
    counts = codes.group_by("code").agg(pl.len().cast(pl.Int64).alias("lines"))
    return rules.join(counts, on="code", how="inner", maintain_order="left")


def lines(checked: pl.DataFrame) -> pl.DataFrame:
    """Every line with a reason, the gravest first, then by lot and line; columns of `TITLES`, all text."""
    rank = pl.col("proposal").replace_strict(list(SEVERITY), list(range(len(SEVERITY))), return_dtype=pl.Int64)
    number = pl.col("line").cast(pl.Int64, strict=False)
    shown = checked.filter(pl.col("reasons") != "").sort(-rank, "lot", number, "line")
    return shown.with_columns(
        pl.col("proposal").replace(PROPOSALS),
        _translated({rule.code: rule.title for rule in RULES}).alias("explained"),
        _translated({rule.code: MENDERS[rule.mended_by] for rule in RULES}).alias("mended_by"),
    ).select(*TITLES)


def corrections(checked: pl.DataFrame) -> pl.DataFrame:
    """更正通知: the lines that go back, a row for each column at fault: lot, line, id_no, name, column, reasons.

    >>> line = {"lot": "L", "line": "2", "id_no": "", "name": "陈阿山", "proposal": "reject"}
    >>> corrections(pl.DataFrame([{**line, "reasons": "no-id;no-photo"}])).select("line", "column", "reasons").rows()
    [('2', '公民身份号码', 'no-id'), ('2', '照片', 'no-photo')]
    """
    back = checked.filter(pl.col("proposal") == "reject").with_columns(_LISTED).explode("reasons")
    of = {code: rule.column for code, rule in BY_CODE.items()}
    back = back.with_columns(pl.col("reasons").replace_strict(of, return_dtype=pl.String).alias("column"))
    keys = ("lot", "line", "id_no", "name", "column")
    return back.group_by(keys, maintain_order=True).agg(pl.col("reasons").str.join(";"))


def write(checked: pl.DataFrame, path: Path) -> int:
    """Write the report for the unit as CSV (UTF-8 with BOM, so that spreadsheets open it) or XLSX; how many lines.

    Every cell is text: nothing that looks like a number or a formula is taken for one. Raises Refused for another
    kind of file.
    """
    shown = lines(checked)
    match path.suffix.lower():
        case ".csv":
            shown.rename(TITLES).write_csv(path, include_bom=True)
        case ".xlsx":
            _workbook(shown, summary(checked), path)
        case _:
            raise Refused([Fault(path.name, "报告只能写成 .csv 或 .xlsx")])
    return shown.height


def _translated(words: dict[str, str]) -> pl.Expr:
    """The reasons in words, each word once, in their order."""
    said = pl.element().replace_strict(words, return_dtype=pl.String).unique(maintain_order=True)
    return _LISTED.list.eval(said).list.join("；")


def _workbook(shown: pl.DataFrame, counts: pl.DataFrame, path: Path) -> None:
    book = xlsxwriter.Workbook(path)
    head = book.add_format({"bold": True, "bg_color": "#DDE7F0", "border": 1})
    text = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
    sheet = book.add_worksheet("汇总")
    sheet.write_row(0, 0, ("疑点代码", "疑点", "由谁更正", "建议", "行数", "告知参保人"), head)
    for number, (code, title, mender, proposal, count) in enumerate(counts.rows(), start=1):
        row = (code, title, MENDERS[mender], PROPOSALS[proposal])
        for place, value in enumerate(row):
            sheet.write_string(number, place, value, text)
        sheet.write_number(number, len(row), count)
        sheet.write_string(number, len(row) + 1, BY_CODE[code].citizen, text)
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 40)
    sheet.set_column(5, 5, 50)
    sheet = book.add_worksheet("明细")
    sheet.write_row(0, 0, tuple(TITLES.values()), head)
    for number, row in enumerate(shown.rows(), start=1):
        for place, value in enumerate(row):
            sheet.write_string(number, place, value, text)
    for place, width in enumerate(_WIDTHS):
        sheet.set_column(place, place, width)
    sheet.freeze_panes(1, 4)
    sheet.autofilter(0, 0, shown.height, len(TITLES) - 1)
    book.close()
