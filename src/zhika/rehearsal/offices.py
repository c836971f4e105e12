"""The offices: twelve urban centres (annex 3), nine rural-scheme offices (annex 6), and their units."""

from pathlib import Path
from typing import NamedTuple

import polars as pl

from zhika.registers import intake
from zhika.registers.columns import COLLECTED

URBAN, RURAL = "urban", "rural"
SCHEMES = (URBAN, RURAL)


class Office(NamedTuple):
    """A medical insurance centre (urban) or a rural-scheme office (农合办)."""

    scheme: str
    code: str
    name: str


class Unit(NamedTuple):
    """An employer, neighbourhood or university (urban), or a village (rural), and the code of its office."""

    scheme: str
    code: str
    name: str
    centre: str


OFFICES: tuple[Office, ...] = (
    # Annex 3: codes and names as printed there.
    Office(URBAN, "01", "XX市医疗保险中心"),
    Office(URBAN, "02", "鲤城医疗保险分中心"),
    Office(URBAN, "03", "丰泽医疗保险分中心"),
    Office(URBAN, "04", "洛江医疗保险分中心"),
    Office(URBAN, "05", "晋江医疗保险分中心"),
    Office(URBAN, "06", "惠安医疗保险分中心"),
    Office(URBAN, "07", "南安医疗保险分中心"),
    Office(URBAN, "08", "安溪医疗保险分中心"),
    Office(URBAN, "09", "永春医疗保险分中心"),
    Office(URBAN, "10", "德化医疗保险分中心"),
    Office(URBAN, "11", "石狮医疗保险分中心"),
    Office(URBAN, "12", "泉港医疗保险分中心"),
    # Annex 6: its nine counties under their codes of GB/T 2260.
    Office(RURAL, "350504", "洛江区农合办"),
    Office(RURAL, "350505", "泉港区农合办"),
    Office(RURAL, "350521", "惠安县农合办"),
    Office(RURAL, "350583", "南安市农合办"),
    Office(RURAL, "350582", "晋江市农合办"),
    Office(RURAL, "350581", "石狮市农合办"),
    Office(RURAL, "350524", "安溪县农合办"),
    Office(RURAL, "350525", "永春县农合办"),
    Office(RURAL, "350526", "德化县农合办"),
)


def units(scheme: str, collected: pl.DataFrame) -> tuple[Unit, ...]:
    """The units that a collected file names, in the order of their codes."""
    rows = collected.select("unit_no", "unit_name", "centre").unique("unit_no", keep="first").sort("unit_no")
    return tuple(Unit(scheme, *row) for row in rows.iter_rows())


def organisations(registers: Path) -> tuple[tuple[Office, ...], tuple[Unit, ...]]:
    """Every office of the city and every unit of the register files (`registers/<scheme>/collected.csv`)."""
    read = {scheme: intake.read(registers / scheme / "collected.csv", COLLECTED).rows for scheme in SCHEMES}
    return OFFICES, tuple(unit for scheme in SCHEMES for unit in units(scheme, read[scheme]))
