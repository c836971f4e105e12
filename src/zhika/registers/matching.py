"""Finding each line's person in the registers: by personal number first, then by a valid ID number."""

import polars as pl

from zhika.card import idnumber
from zhika.registers.columns import HOUSEHOLD, INSURANCE
from zhika.registers.tidy import tidy

INSURANCE_, HOUSEHOLD_ = "insurance.", "household."
"""Before the names of columns that come from a register."""
_FROM_INSURANCE = ("person_no", "name", "id_no", "sex", "birth", "status")
_FROM_HOUSEHOLD = ("name", "id_no", "sex", "birth")


def with_id_fault(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with `id_fault`: the first rule of GB 11643 that `id_no` breaks, null where it is a valid number."""
    return rows.with_columns(idnumber.faults(rows["id_no"]).alias("id_fault"))


def find(rows: pl.DataFrame, insurance: pl.DataFrame, household: pl.DataFrame | None) -> pl.DataFrame:
    """The rows, in their order, with what the registers know of each: null where the person was not found.

    Adds `insurance.*`, `household.*` and `id_of_other`: the given number belongs to another person of the insurance.
    """
    register = _register(insurance, _FROM_INSURANCE, INSURANCE_)
    valid = pl.when(pl.col("id_fault").is_null()).then("id_no")
    rows = _seek(rows, register, pl.col("person_no"), "person_no", "by_no")
    rows = _seek(rows, register, valid, "id_no", "by_id")
    rows = rows.with_columns(
        pl.coalesce("by_no", "by_id").alias(INSURANCE_),
        id_of_other=(pl.col("by_no") != pl.col("by_id")).fill_null(value=False),
    )
    rows = rows.join(register, on=INSURANCE_, how="left", maintain_order="left")
    if household is None:
        return rows
    register = _register(household, _FROM_HOUSEHOLD, HOUSEHOLD_)
    # The insurance's number is tried first: a line with another person's number must not be held against that person.
    rows = _seek(rows, register, pl.col(INSURANCE_ + "id_no"), "id_no", "by_insured")
    rows = _seek(rows, register, valid, "id_no", "by_given")
    rows = rows.with_columns(pl.coalesce("by_insured", "by_given").alias(HOUSEHOLD_))
    return rows.join(register, on=HOUSEHOLD_, how="left", maintain_order="left")


def _register(register: pl.DataFrame, names: tuple[str, ...], prefix: str) -> pl.DataFrame:
    """A register's columns under its prefix; the prefix alone is the number of the register's row."""
    numbered = (
        register.select(pl.col(names).fill_null("")).with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    )
    tidied, _ = tidy(numbered, INSURANCE if prefix == INSURANCE_ else HOUSEHOLD)
    return tidied.rename({"row": prefix, **{name: prefix + name for name in names}})


def _seek(rows: pl.DataFrame, register: pl.DataFrame, key: pl.Expr, name: str, to: str) -> pl.DataFrame:
    """The register's first row with this key, as column `to`."""
    row = register.columns[0]
    held = register.select(pl.col(row + name).alias("key"), pl.col(row).alias(to)).filter(pl.col("key") != "")
    held = held.unique("key", keep="first", maintain_order=True)
    return rows.with_columns(key=key).join(held, on="key", how="left", maintain_order="left").drop("key")
