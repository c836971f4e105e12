from pathlib import Path

import polars as pl
import pytest

from zhika.registers import intake
from zhika.registers.columns import HOUSEHOLD, INSURANCE
from zhika.registers.comparison import compare

REGISTERS = Path(__file__).parents[2] / "examples" / "registers"


def _raw(scheme: str) -> pl.DataFrame:
    rows = pl.read_csv(REGISTERS / scheme / "collected.csv", infer_schema=False).fill_null("")
    return rows.with_columns(lot=pl.lit(f"L-{scheme}"), line=pl.int_range(2, pl.len() + 2))


@pytest.fixture(scope="session")
def registers() -> dict[str, pl.DataFrame]:
    return {
        "urban": intake.read(REGISTERS / "urban" / "insurance.csv", INSURANCE).rows,
        "rural": intake.read(REGISTERS / "rural" / "insurance.csv", INSURANCE).rows,
        "household": intake.read(REGISTERS / "rural" / "household.csv", HOUSEHOLD).rows,
    }


@pytest.fixture(scope="session")
def collected() -> dict[str, pl.DataFrame]:
    return {scheme: _raw(scheme) for scheme in ("urban", "rural")}


@pytest.fixture(scope="session")
def checked(collected: dict[str, pl.DataFrame], registers: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    urban, rural = registers["urban"], registers["rural"]
    return {
        "urban": compare(collected["urban"], urban, None, rural),
        "rural": compare(collected["rural"], rural, registers["household"], urban),
    }
