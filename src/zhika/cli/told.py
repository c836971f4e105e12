"""What stands after `zhika do`: subjects with their facts, on the command line and in a file, and where each stood."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from zhika.cli import tables
from zhika.errors import Fault, NotAllowed, Refused

PLACEHOLDER = re.compile(r"<[^<>]*>")
"""What `zhika todo` writes where only a person can say something."""
LEFT = "是待办所列的占位, 请换成实际内容"


@dataclass(frozen=True)
class Told:
    """Subjects with their facts, and the row of the file in which a subject stood."""

    facts: Mapping[str, Mapping[str, str]]
    rows: Mapping[str, int]
    file: str = ""

    def placed(self, faults: Iterable[Fault]) -> list[Fault]:
        """Faults of a subject that the file named, with the file's name and row; the others as they are."""
        return [self._placed(fault) for fault in faults]

    def _placed(self, fault: Fault) -> Fault:
        row = self.rows.get(fault.where.rpartition(" ")[2])
        if row is None or fault.row is not None:
            return fault
        return Fault(self.file, f"{fault.where}: {fault.rule}", row, fault.column)


def told(subjects: Sequence[str], pairs: Sequence[str], file: Path | None, options: Mapping[str, str]) -> Told:
    """What was typed. `options`: what else was said, by its flag, which may not be a placeholder either.

    Raises Refused with every placeholder that was left and every row of the file that names nothing, or one twice.
    """
    common = dict(_pair(text) for text in pairs)
    said = [(flag, value) for flag, value in options.items()]
    said += [(f"--fact {key}", value) for key, value in common.items()] + [("对象", subject) for subject in subjects]
    faults = [Fault(where, f"{value} {LEFT}") for where, value in said if _left(value)]
    facts: dict[str, Mapping[str, str]] = dict.fromkeys(subjects, common)
    if not subjects and file is None and common.get("id_no"):
        facts[""] = common  # the person's one card
    rows: dict[str, int] = {}
    for line, row in enumerate(tables.rows(file, ("subject",)) if file else (), 2):
        assert file is not None
        faults += [Fault(file.name, f"{value} {LEFT}", line, column) for column, value in row.items() if _left(value)]
        subject = row["subject"]
        if not subject:
            faults.append(Fault(file.name, "不可为空", line, "subject"))
        elif subject in rows:
            faults.append(Fault(file.name, f"与第 {rows[subject]} 行重复", line, "subject"))
        else:
            rows[subject] = line
            facts[subject] = common | {key: value for key, value in row.items() if key and key != "subject"}
    if faults:
        raise Refused(faults)
    return Told(facts, rows, file.name if file else "")


def _left(value: str) -> bool:
    return PLACEHOLDER.fullmatch(value.strip()) is not None


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise NotAllowed("zhika do", f"--fact {text}", "应写成 键=值")
    return key, value
