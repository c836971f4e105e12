"""A rehearsal's plans: its offices' lines as the paper has them, no total of others, a leading group of its own."""

import csv
from pathlib import Path

from tests.city.city import REGISTERS

from zhika.rehearsal import plans
from zhika.rehearsal.offices import OFFICES

HERE = [office for office in OFFICES if office.code in ("02", "09", "350521", "350524")]


def lines(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_each_plan_holds_its_offices_lines_unchanged(tmp_path: Path) -> None:
    plans.lay_out(REGISTERS.parent, HERE, tmp_path)
    for name, firsts in ((plans.CARDS, ["02", "09"]), (plans.FORMS, ["惠安县(含XX台商投资区)", "安溪县"])):
        head, *rows = lines(tmp_path / name)
        whole = lines(REGISTERS.parent / name)
        assert head == whole[0] and [row[0] for row in rows] == firsts
        assert all(row in whole for row in rows)
    leaders = lines(tmp_path / plans.LEADERS)[1:]
    assert {row[0] for row in leaders} == {"惠安县"}
    assert len(leaders) == len(lines(REGISTERS.parent / plans.LEADERS)) - 1
    assert (tmp_path / plans.RATES).read_bytes() == (REGISTERS.parent / "fees" / plans.RATES).read_bytes()
