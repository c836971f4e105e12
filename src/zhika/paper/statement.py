"""补换卡工本费结算单: the paper and the workbook of a settlement, from the rows of its electronic document."""

from dataclasses import asdict, dataclass
from datetime import date, datetime, time
from decimal import Decimal
from io import BytesIO

import polars as pl
import xlsxwriter

from zhika.flows.requests import KINDS, exempt_title
from zhika.paper.amounts import capitals, fen, yuan
from zhika.paper.typeface import FAMILY
from zhika.paper.typeset import Party, pdf

TITLE = "补换卡工本费结算单"
MADE, FEE, EXEMPT, REFUND = "made", "fee", "exempt", "refund"
ITEMS = {MADE: "补换卡", FEE: "收费", EXEMPT: "免收", REFUND: "退费"}
"""Items of a statement: replacement cards made, fees taken, fees not taken for a reason, refunds."""
COLUMNS = ("项目", "所属期", "业务类型", "免收事由", "笔数", "金额（元）")
DRAFT = "待核定"
"""Stands for the number of a statement that is not agreed yet."""


@dataclass(frozen=True)
class About:
    """The head of a statement."""

    period: str
    office: Party
    city: Party
    drawn_by: str
    digest: str
    """SHA-256 of the electronic document (64 hex digits)."""
    number: str = DRAFT
    agreed_by: str = ""


def statement(rows: pl.DataFrame, about: About, *, on: date) -> bytes:
    """A4 PDF of a settlement's rows (columns of the document 结算单): sums, lines, net amount, both signatures.

    A line of an earlier period than the statement's is marked as late. The same data give the same bytes.

    >>> from zhika.flows.documents import SETTLEMENT
    >>> about = About("2026-11", Party("鲤城医保分中心", "02"), Party("市医保中心", "01"), "王芳", "0" * 64)
    >>> statement(pl.DataFrame([SETTLEMENT.example]), about, on=date(2026, 12, 1))[:5]
    b'%PDF-'
    """
    net = _net(rows)
    notes = ["本单所列收退费均已逐笔入账，此后补记的收退费列入下一结算期。"]
    if any(rows["of"].is_in(["", about.period]).not_()):
        notes.append("标“补”者为以前结算期补记。")
    head = {
        "title": TITLE, "code": about.number, "period": about.period, "date": on.isoformat(), "font": FAMILY,
        "office": about.office._asdict(), "city": about.city._asdict(), "sums": sums(rows), "columns": COLUMNS,
        "owed": "应退净额" if net < 0 else "应缴净额", "net": yuan(abs(net)), "capitals": capitals(abs(net)),
        "digest": about.digest, "drawn_by": about.drawn_by, "agreed_by": about.agreed_by, "notes": notes,
    }  # fmt: skip
    lines = [[*_words(row, about.period), row["count"], _amount(row)] for row in rows.iter_rows(named=True)]
    return pdf("statement.typ", on=on, head=head, lines=lines)


def workbook(rows: pl.DataFrame, about: About, *, on: date) -> bytes:
    """The same statement as XLSX: counts and amounts are numbers, all else text; a second sheet holds the head."""
    out = BytesIO()
    with xlsxwriter.Workbook(out) as book:
        book.set_properties({"title": f"{TITLE} {about.number}", "created": datetime.combine(on, time())})
        text = book.add_format({"num_format": "@", "font_name": FAMILY, "font_size": 10})
        heading = book.add_format({"bold": True, "font_name": FAMILY, "font_size": 10, "bg_color": "#E2EBF4"})
        money = book.add_format({"num_format": "#,##0.00", "font_name": FAMILY, "font_size": 10})
        whole = book.add_format({"num_format": "#,##0", "font_name": FAMILY, "font_size": 10})
        sheet = book.add_worksheet("结算单")
        sheet.write_row(0, 0, COLUMNS, heading)
        for place, row in enumerate(rows.iter_rows(named=True), 1):
            for at, word in enumerate(_words(row, about.period)):
                sheet.write_string(place, at, word, text)
            sheet.write_number(place, len(COLUMNS) - 2, int(row["count"]), whole)
            if row["item"] != MADE:
                sheet.write_number(place, len(COLUMNS) - 1, Decimal(fen(row["amount"])) / 100, money)
        sheet.set_column(0, len(COLUMNS) - 1, 16)
        sheet.freeze_panes(1, 0)
        cover = book.add_worksheet("单头")
        lines = [(word, f"{n} {amount}".strip()) for word, n, amount in sums(rows)]
        shown = asdict(about) | {"office": " ".join(about.office[:2]), "city": " ".join(about.city[:2])}
        titles = {
            "number": "编号", "period": "结算期", "office": "结算单位", "city": "市医保中心", "drawn_by": "出单人",
            "agreed_by": "核定人", "digest": "电子文件 SHA-256",
        }  # fmt: skip
        lines += [(title, shown[name]) for name, title in titles.items()]
        for place, (name, value) in enumerate([("标题", TITLE), ("日期", on.isoformat()), *lines]):
            cover.write_string(place, 0, name, heading)
            cover.write_string(place, 1, value, text)
        cover.set_column(0, 0, 20)
        cover.set_column(1, 1, 72)
    return out.getvalue()


def sums(rows: pl.DataFrame) -> list[tuple[str, str, str]]:
    """What the head of a statement adds up: title, count, amount in yuan.

    >>> from zhika.flows.documents import SETTLEMENT
    >>> sums(pl.DataFrame([SETTLEMENT.example]))[1], sums(pl.DataFrame([SETTLEMENT.example]))[-1]
    (('收费', '12 笔', '240.00'), ('净额', '240.00', ''))
    """
    counted = [(ITEMS[MADE], f"{count(rows, MADE):,} 张", "")]
    for item in (FEE, EXEMPT, REFUND):
        amount = "" if item == EXEMPT else yuan(total(rows, item))
        counted.append((ITEMS[item], f"{count(rows, item):,} 笔", amount))
    return [*counted, ("净额", yuan(_net(rows)), "")]


def count(rows: pl.DataFrame, item: str) -> int:
    """How many of an item."""
    return sum(int(n) for n in rows.filter(pl.col("item") == item)["count"])


def total(rows: pl.DataFrame, item: str) -> int:
    """The amount of an item, in fen."""
    return sum(fen(amount) for amount in rows.filter(pl.col("item") == item)["amount"])


def _net(rows: pl.DataFrame) -> int:
    """Fees less refunds, in fen."""
    return total(rows, FEE) - total(rows, REFUND)


def _words(row: dict[str, str], period: str) -> tuple[str, str, str, str]:
    """The first columns of a line as people read them."""
    late = "　补" if row["of"] not in ("", period) else ""
    kind = KINDS[row["kind"]].title if row["kind"] else ""
    return ITEMS[row["item"]], row["of"] + late, kind, exempt_title(row["exempt"])


def _amount(row: dict[str, str]) -> str:
    return "" if row["item"] == MADE else row["amount"]
