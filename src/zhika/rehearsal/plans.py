"""What was decided before a rehearsal begins: rates, the plans of annexes 3 and 6, the leading group of annex 7."""

import csv
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from zhika.rehearsal.offices import RURAL, Office

RATES, CARDS, FORMS, LEADERS = "rates.csv", "annex3.csv", "annex6.csv", "leaders.csv"
Row = Mapping[str, str]


def lay_out(examples: Path, offices: Sequence[Office], folder: Path) -> None:
    """Rates as they are, and of each plan the lines of these offices, into `folder`.

    A total that is printed over other offices too is left out. The leading group becomes that of a county it has.
    """
    shutil.copyfile(examples / "fees" / RATES, folder / RATES)
    codes = {office.code for office in offices}
    _part(examples / CARDS, folder, lambda row: row["code"] in codes)
    _part(examples / FORMS, folder, lambda row: any(one.name.startswith(_county(row)) for one in offices))
    here = next(office.name.removesuffix("农合办") for office in offices if office.scheme == RURAL)
    _part(examples / LEADERS, folder, lambda row: True, {"county": here})


def _county(row: Row) -> str:
    """Without what a bracket adds to it."""
    return row["county"].partition("(")[0]


def _part(path: Path, folder: Path, wanted: Callable[[Row], bool], said: Row = MappingProxyType({})) -> None:
    with path.open(encoding="utf-8-sig", newline="") as file:
        table = csv.DictReader(file)
        rows, heads = [{**row, **said} for row in table if wanted(row)], table.fieldnames or ()
    with (folder / path.name).open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, heads)
        out.writeheader()
        out.writerows(rows)
