"""Reading a register or a collected file as it comes: CSV or a spreadsheet, every value as text."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

import polars as pl
from python_calamine import CalamineError, CalamineWorkbook

from zhika.errors import Fault, Refused
from zhika.registers.columns import Column, Kind
from zhika.registers.tidy import tidy

SHEETS = frozenset({".xlsx", ".xls", ".xlsm", ".ods"})
EXACT_DIGITS = 15
"""A spreadsheet keeps 15 digits of a number cell and zeroes the rest."""

Line = tuple[int, Sequence[object]]


class Intake(NamedTuple):
    """What was read."""

    rows: pl.DataFrame
    """`row` (as the spreadsheet counts: the header is row 1) and the columns by name, all text, "" where empty."""
    repairs: pl.DataFrame
    """What was tidied: row, column, rule (codes of `tidy.REPAIRS`)."""


def read(path: Path, columns: Sequence[Column]) -> Intake:
    """Read a CSV (UTF-8 with or without BOM, or GB 18030) or a spreadsheet (XLSX, XLS, ODS: its first sheet).

    Header cells are Chinese or English names of `columns`, in any order; lines without any value are passed over.
    Raises Refused with every fault found: unreadable file, unknown, missing or repeated columns, lines of another
    length than the header, and number cells whose digits the spreadsheet has already lost.

    >>> from tempfile import TemporaryDirectory
    >>> from zhika.registers.columns import HOUSEHOLD
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "household.csv")
    ...     _ = file.write_text("姓名,身份证号,性别,出生日期\\n陈 阿山,350502199001010018,男,19900101\\n", "gb18030")
    ...     intake = read(file, HOUSEHOLD)
    >>> intake.rows.row(0)
    (2, '陈阿山', '350502199001010018', '男', '19900101')
    >>> intake.repairs.rows()
    [(2, 'name', 'blank')]
    """
    lines = _sheet(path) if path.suffix.lower() in SHEETS else _text(path)
    header_at, header = next(lines, (1, ()))
    chosen = _match(path.name, header_at, [str(cell).strip() for cell in header], columns)
    numbers: list[int] = []
    cells: list[Sequence[str]] = []
    faults: list[Fault] = []
    for number, line in lines:
        if not any(str(cell).strip() for cell in line):
            continue
        if len(line) != len(chosen):
            faults.append(Fault(path.name, f"本行 {len(line)} 列，表头 {len(chosen)} 列，请核对逗号和引号", number))
            continue
        faults += _lost(path.name, number, line, chosen)
        numbers.append(number)
        cells.append([_shown(cell) for cell in line])
    if faults:
        raise Refused(faults)
    texts = list(zip(*cells, strict=True)) if cells else [()] * len(chosen)
    data = {column.name: pl.Series(values, dtype=pl.String) for column, values in zip(chosen, texts, strict=True)}
    return Intake(*tidy(pl.DataFrame({"row": pl.Series(numbers, dtype=pl.Int64), **data}), columns))


def _text(path: Path) -> Iterator[Line]:
    content = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise Refused([Fault(path.name, "既不是 UTF-8 也不是 GB 18030 编码，请另存为 UTF-8 CSV")])
    if "\0" in text:
        raise Refused([Fault(path.name, "含有空字符，不是 CSV 文件，请另存为 UTF-8 CSV")])
    try:
        yield from enumerate(csv.reader(io.StringIO(text, newline=""), strict=True), start=1)
    except csv.Error as error:
        raise Refused([Fault(path.name, "引号不成对，请核对后重新导出")]) from error


def _sheet(path: Path) -> Iterator[Line]:
    try:
        workbook = CalamineWorkbook.from_path(path)
        rows = workbook.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (CalamineError, OSError) as error:
        raise Refused([Fault(path.name, "不是可读的电子表格，请另存为 XLSX")]) from error
    yield from enumerate(rows, start=1)


def _match(file: str, number: int, header: Sequence[str], columns: Sequence[Column]) -> list[Column]:
    """The declared column of each header cell."""
    known = {title: column for column in columns for title in (column.name, column.title, *column.aliases)}
    faults = [
        Fault(file, "表头不认识此列，请改用模板的列名或删除此列", number, title or f"第 {place} 列")
        for place, title in enumerate(header, start=1)
        if title not in known
    ]
    chosen = [known[title] for title in header if title in known]
    for column in columns:
        count = chosen.count(column)
        if count > 1:
            faults.append(Fault(file, "此列出现两次", number, column.title))
        elif column.required and not count:
            faults.append(Fault(file, "缺少此列", number, column.title))
    if faults:
        raise Refused(faults)
    return chosen


def _lost(file: str, number: int, line: Sequence[object], chosen: Sequence[Column]) -> Iterator[Fault]:
    """Number cells too long for a spreadsheet: what they show is no longer what was typed."""
    for cell, column in zip(line, chosen, strict=True):
        if column.kind not in (Kind.ID, Kind.DIGITS) or isinstance(cell, bool):
            continue
        if isinstance(cell, int | float) and abs(cell) >= 10**EXACT_DIGITS:
            rule = f"单元格是数值，超过 {EXACT_DIGITS} 位的数字已丢失，请将此列设为文本后重新录入"
            yield Fault(file, rule, number, column.title)


def _shown(cell: object) -> str:
    """A cell as it reads: whole numbers without a point, dates as YYYYMMDD."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime | date):
        return cell.strftime("%Y%m%d")
    return str(cell)
