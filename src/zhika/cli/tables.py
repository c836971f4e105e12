"""A small table that somebody hands to a command: CSV (UTF-8 or GB 18030) or a workbook, every value text."""

import csv
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from zhika.errors import Fault, Refused

WORKBOOKS = (".xlsx", ".xls", ".ods")


def rows(path: Path, needs: Sequence[str]) -> list[dict[str, str]]:
    """The rows below the header. Raises Refused for a file that can't be read and a column of `needs` that is missing.

    A number of more than 15 digits stands in a workbook's cell as text or has lost its end: such a cell is refused.
    """
    if not path.is_file():
        raise Refused([Fault(path.name, "文件不存在, 请核对路径")])
    table = _workbook(path) if path.suffix.lower() in WORKBOOKS else _separated(path)
    head = [name.strip() for name in table[0]] if table else []
    if lacking := [name for name in needs if name not in head]:
        raise Refused([Fault(path.name, "缺少此列", 1, name) for name in lacking])
    faults = [Fault(path.name, "栏数多于表头", place) for place, row in enumerate(table[1:], 2) if len(row) > len(head)]
    if faults:
        raise Refused(faults)
    return [dict(zip(head, [*map(str.strip, row), *[""] * (len(head) - len(row))], strict=True)) for row in table[1:]]


def _separated(path: Path) -> list[list[str]]:
    data = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        try:
            return [row for row in csv.reader(StringIO(text, newline=""), strict=True) if row]
        except csv.Error:
            break
    raise Refused([Fault(path.name, "不是可读的 CSV (UTF-8 或 GB 18030), 请另存后再试")])


def _workbook(path: Path) -> list[list[str]]:
    try:
        table = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    except (CalamineError, OSError) as error:
        raise Refused([Fault(path.name, "不是可读的工作簿")]) from error
    faults = [
        Fault(path.name, "超过 15 位的数字已被电子表格舍入, 请把此列设为文本后重新填写", place)
        for place, row in enumerate(table, 1)
        if any(isinstance(value, int | float) and abs(value) >= 10**15 for value in row)
    ]
    if faults:
        raise Refused(faults)
    return [[_text(value) for value in row] for row in table]


def _text(value: object) -> str:
    """A whole number without the spreadsheet's decimal point."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
