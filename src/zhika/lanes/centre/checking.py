"""数据确认: the centre's decisions on a lot: exported with the check list, filled in, read back, signed by two."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl
import xlsxwriter

from zhika.engine import desk
from zhika.engine.work import Subject
from zhika.errors import Fault, NotAllowed, NotReady, Refused
from zhika.flows.chart import Grain
from zhika.flows.documents import CHECK_LIST, CONFIRMATION
from zhika.registers import intake
from zhika.registers.columns import Column
from zhika.registers.report import PROPOSALS, TITLES, lines
from zhika.registers.rules import Proposal
from zhika.seat.config import Seat

ACCEPT, REGISTER, REJECT = "accept", "register", "reject"
DECISIONS = {"通过": ACCEPT, "按登记": REGISTER, "退回": REJECT}
"""Right as given; right as the register has it; back to be mended."""
NOT_DECIDED = "not-decided"
"""Reason of a line that somebody should have looked at, and nobody did."""
_DECISION = Column("decision", "结论")
_COLUMNS = (
    *(Column(name, title, required=name in ("lot", "line")) for name, title in TITLES.items()),
    _DECISION,
)  # fmt: skip
_RULE = f"应为 {'、'.join(DECISIONS)}, 或留空"


def export(seat: Seat, lot: str, path: Path) -> int:
    """Write the lines that something stands against, to be decided, as .csv or .xlsx; how many.

    Raises NotReady where the lot has no check list yet, Refused for another kind of file.
    """
    shown = doubtful(seat, lot).with_columns(pl.lit("").alias("decision"))
    titled = shown.rename({**TITLES, _DECISION.name: _DECISION.title})
    match path.suffix.lower():
        case ".csv":
            titled.write_csv(path, include_bom=True)
        case ".xlsx":
            _workbook(titled, path)
        case _:
            raise Refused([Fault(path.name, "只能写成 .csv 或 .xlsx")])
    return shown.height


def doubtful(seat: Seat, lot: str) -> pl.DataFrame:
    """The lines of a lot that something stands against, in words. Raises NotReady where it has no check list yet."""
    papers = [paper for paper in desk.filed(Subject(Grain.LOT, lot)) if paper.type == CHECK_LIST.code]
    if not papers:
        raise NotReady(f"{lot}: 没有待确认的数据核对清单")
    return lines(desk.read(seat, papers[-1]))


def note(seat: Seat, lot: str) -> tuple[str, str]:
    """For the to-do list: how many lines are doubtful, and how to look at them and decide."""
    counted = dict(doubtful(seat, lot)["proposal"].value_counts().iter_rows())
    words = {"ask": "存疑", "reject": "建议退回"}
    told = [f"{counted[PROPOSALS[key]]:,} {word}" for key, word in words.items() if counted.get(PROPOSALS[key])]
    if not told:
        return "", ""
    file = f"{lot}.xlsx"
    look = f"先看: zhika check {lot} --export {file}, 填写「{_DECISION.title}」, 确认时加 --fact decisions={file}"
    return "、".join(told), f"{look} (不填的存疑行一律退回)"


def _workbook(rows: pl.DataFrame, path: Path) -> None:
    """Every cell text; the decision a list to choose from."""
    with xlsxwriter.Workbook(path) as book:
        text, head = book.add_format({"num_format": "@"}), book.add_format({"bold": True, "bg_color": "#DDE7F0"})
        sheet = book.add_worksheet("数据核对")
        sheet.write_row(0, 0, rows.columns, head)
        for number, row in enumerate(rows.iter_rows(), start=1):
            for place, value in enumerate(row):
                sheet.write_string(number, place, value, text)
        last = len(rows.columns) - 1
        if rows.height:
            sheet.data_validation(1, last, rows.height, last, {"validate": "list", "source": list(DECISIONS)})
        sheet.set_column(0, last, 18, text)
        sheet.freeze_panes(1, 4)


def read_decisions(path: Path, checked: pl.DataFrame) -> dict[str, str]:
    """Decisions by line, from the exported file. Raises Refused with row and column of every fault.

    Faults: an unknown decision, a line of another lot or twice, a line whose name or ID number is not the list's.
    """
    if not path.is_file():
        raise Refused([Fault(path.name, "文件不存在")])
    rows = intake.read(path, _COLUMNS).rows
    known = {row["line"]: row for row in checked.iter_rows(named=True)}
    told: dict[str, str] = {}
    faults: list[Fault] = []
    for row in rows.iter_rows(named=True):
        listed, word = known.get(row["line"]), row.get("decision", "")
        if listed is None or row["lot"] != listed["lot"]:
            faults.append(Fault(path.name, "核对清单中没有这一行", row["row"], TITLES["line"]))
            continue
        faults += [
            Fault(path.name, "与核对清单的这一行不符", row["row"], TITLES[name])
            for name in ("id_no", "name")
            if row.get(name, listed[name].strip()) != listed[name].strip()
        ]
        if row["line"] in told:
            faults.append(Fault(path.name, "这一行出现两次", row["row"], TITLES["line"]))
        if word and word not in DECISIONS and word not in DECISIONS.values():
            faults.append(Fault(path.name, _RULE, row["row"], _DECISION.title))
        told[row["line"]] = DECISIONS.get(word, word)
    if faults:
        raise Refused(faults)
    return {line: decision for line, decision in told.items() if decision}


def confirmed(checked: pl.DataFrame, decisions: Mapping[str, str], *, signer: str, second: str) -> pl.DataFrame:
    """数据确认: a decision on every line. Without one the comparison's proposal holds; a line to ask about goes back.

    Raises NotAllowed where both signers are the same person, Refused for a line to be rejected that was passed.

    >>> line = {"lot": "L", "line": "2", "id_no": "", "name": "陈阿山", "given": "", "found": "", "sources": ""}
    >>> checked = pl.DataFrame([{**line, "reasons": "name-differs", "proposal": "ask"}])
    >>> confirmed(checked, {}, signer="王芳", second="李敏").select("decision", "reasons").row(0)
    ('reject', 'name-differs;not-decided')
    >>> confirmed(checked, {"2": "accept"}, signer="王芳", second="李敏").item(0, "decision")
    'accept'
    """
    if not second.strip() or second.strip() == signer.strip():
        raise NotAllowed(signer, "单独确认数据", "须由另一人复核 (--second)")
    faults = list(_against(checked, decisions))
    if faults:
        raise Refused(faults)
    rows = [
        (row["lot"], row["line"], row["id_no"], row["name"], *_decided(row, decisions), signer, second)
        for row in checked.iter_rows(named=True)
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(CONFIRMATION.columns, pl.String), orient="row")


def _against(checked: pl.DataFrame, decisions: Mapping[str, str]) -> Iterator[Fault]:
    for row in checked.filter(pl.col("proposal") == Proposal.REJECT).iter_rows(named=True):
        if decisions.get(row["line"], REJECT) != REJECT:
            rule = f"建议为{PROPOSALS['reject']}的行不可通过: 更正后由单位重新报送"
            yield Fault(f"{CHECK_LIST.title} {row['lot']} 行号 {row['line']}", rule, column=_DECISION.title)


def _decided(row: Mapping[str, str], decisions: Mapping[str, str]) -> tuple[str, str]:
    """Decision and reasons of one line."""
    decision = decisions.get(row["line"])
    if decision is None and row["proposal"] == Proposal.ASK:
        return REJECT, f"{row['reasons']};{NOT_DECIDED}"
    return decision or row["proposal"], row["reasons"]
