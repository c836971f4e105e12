"""数据比对: what units handed in, compared with the registers, whole columns at a time.

Urban people are compared with the urban insurance system only; rural people with the rural scheme's and the
household register (a household register is therefore given for rural lots, and for them alone).
"""

from typing import NamedTuple

import polars as pl

from zhika.registers.columns import COLLECTED
from zhika.registers.matching import HOUSEHOLD_, INSURANCE_, find, with_id_fault
from zhika.registers.rules import ID_FAULTS, INSURED, RULES, SEVERITY
from zhika.registers.tidy import tidy

CHECKED = ("lot", "line", "id_no", "name", "given", "found", "sources", "reasons", "proposal")
"""The columns of a check list (数据核对), all text."""


class Compared(NamedTuple):
    """A field that the registers know too."""

    name: str
    title: str
    in_household: bool
    in_id: bool = False
    """The ID number says it too (GB 11643)."""


COMPARED = (
    Compared("person_no", "个人编号", in_household=False),
    Compared("name", "姓名", in_household=True),
    Compared("id_no", "公民身份号码", in_household=False),
    Compared("sex", "性别", in_household=True, in_id=True),
    Compared("birth", "出生日期", in_household=True, in_id=True),
)
SOURCES = {INSURANCE_: "参保", HOUSEHOLD_: "户籍"}
"""The registers in which a person was found."""

_ID = "id."
_MALE, _FEMALE = "男", "女"
_SEXES = {"1": _MALE, "2": _FEMALE}  # GB/T 2261.1
_SEX_COLUMNS = r"^(insurance\.|household\.)?sex$"
_NOT_CONTENT = ("at", "lot", "line", "row")


def compare(
    collected: pl.DataFrame,
    insurance: pl.DataFrame,
    household: pl.DataFrame | None = None,
    other_scheme: pl.DataFrame | None = None,
    taken: pl.Series | None = None,
    dead: pl.Series | None = None,
) -> pl.DataFrame:
    """One row (`CHECKED`) for each line of `collected`, in its order.

    `collected` has `lot`, `line` and the columns of `columns.COLLECTED`; ID number and name come back as given.
    `insurance` is the person's own scheme, `other_scheme` the other one's insurance register, `taken` the ID numbers
    that already have a live card or application, `dead` those on a list of the dead. A person is found by personal
    number, else by a valid ID number.
    `given` and `found` hold "title=value" of each field that differs, joined by "；"; `reasons` are codes of `RULES`
    in their order, joined by ";"; `proposal` is the most severe of them.

    >>> person = {"person_no": "1", "name": "陈阿山", "id_no": "350502199001010018", "sex": "男", "birth": "19900101"}
    >>> register = pl.DataFrame([{**person, "name": "陈阿珊", "status": "正常"}])
    >>> checked = compare(pl.DataFrame([{"lot": "L", "line": "1", **person, "status": "正常", "photo": "p"}]), register)
    >>> checked.select("given", "found", "sources", "reasons", "proposal").row(0)
    ('姓名=陈阿山', '姓名=陈阿珊', '参保', 'name-differs', 'ask')
    """
    given = collected.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("at"), pl.col("line").cast(pl.String))
    given = given.with_columns(pl.col(pl.String).fill_null(""))
    rows, repairs = tidy(given, COLLECTED, number="at")
    content = pl.struct(name for name in rows.columns if name not in _NOT_CONTENT)
    rows = rows.with_columns(first=content.is_first_distinct(), raw_name=given["name"], raw_id=given["id_no"])
    rows = find(with_id_fault(rows), insurance, household)
    rows = rows.with_columns(pl.col(_SEX_COLUMNS).replace(_SEXES), *_from_id()).with_columns(
        name_repaired=pl.col("at").is_in(repairs.filter(column="name")["row"].implode()),
        id_repaired=pl.col("at").is_in(repairs.filter(column="id_no")["row"].implode()),
        insured_there=_among(None if other_scheme is None else other_scheme.filter(_insured("status"))["id_no"]),
        has_card=_among(taken),
        deceased=_among(dead),
        person=pl.when(pl.col("person_no") != "").then("person_no").otherwise(pl.concat_str("name", "id_no")),
    )
    holds = _reasons(household is not None)
    reasons = [pl.when(holds[rule.code]).then(pl.lit(rule.code)) for rule in RULES]
    worst = [pl.when(holds[rule.code]).then(SEVERITY.index(rule.proposal)) for rule in RULES]
    sources = [
        pl.when(pl.col(at).is_not_null()).then(pl.lit(title)) for at, title in SOURCES.items() if at in rows.columns
    ]
    return rows.select(
        "lot", "line", pl.col("raw_id").alias("id_no"), pl.col("raw_name").alias("name"),
        pl.concat_str(_given(rows), separator="；", ignore_nulls=True).alias("given"),
        pl.concat_str(_found(rows), separator="；", ignore_nulls=True).alias("found"),
        pl.concat_str(sources, separator="；", ignore_nulls=True).alias("sources"),
        pl.concat_str(reasons, separator=";", ignore_nulls=True).alias("reasons"),
        pl.max_horizontal(*worst, pl.lit(0)).replace_strict(dict(enumerate(SEVERITY)), return_dtype=pl.String)
        .alias("proposal"),
    )  # fmt: skip


def _from_id() -> tuple[pl.Expr, pl.Expr]:
    """Sex and birth as a valid ID number says them."""
    valid = pl.when(pl.col("id_fault").is_null())
    odd = pl.col("id_no").str.slice(16, 1).is_in(list("13579"))
    sex = valid.then(pl.when(odd).then(pl.lit(_MALE)).otherwise(pl.lit(_FEMALE)))
    return sex.alias(_ID + "sex"), valid.then(pl.col("id_no").str.slice(6, 8)).alias(_ID + "birth")


def _insured(status: str) -> pl.Expr:
    return pl.col(status).is_in(INSURED)


def _among(numbers: pl.Series | None) -> pl.Expr:
    """Whether the person's number, as given or as the insurance has it, is one of these."""
    if numbers is None:
        return pl.lit(value=False)
    held = numbers.cast(pl.String).unique().implode()
    return pl.any_horizontal(
        (pl.col("id_no").is_in(held) & pl.col("id_fault").is_null()),
        pl.col(INSURANCE_ + "id_no").is_in(held).fill_null(value=False),
    )


def _unlike(name: str, other: str) -> pl.Expr:
    """Both are there and differ."""
    return ((pl.col(name) != pl.col(other)) & (pl.col(name) != "") & (pl.col(other) != "")).fill_null(value=False)


def _differs(field: Compared, *, household: bool) -> pl.Expr:
    unlike = _unlike(field.name, INSURANCE_ + field.name)
    return unlike | _unlike(field.name, HOUSEHOLD_ + field.name) if household and field.in_household else unlike


def _reasons(household: bool) -> dict[str, pl.Expr]:
    """When each rule's reason holds for a row."""
    valid, found = pl.col("id_fault").is_null(), pl.col(INSURANCE_).is_not_null()
    differs = {field.name: _differs(field, household=household) for field in COMPARED}
    contradicts = {field.name: _unlike(field.name, _ID + field.name) for field in COMPARED if field.in_id}
    sought = (pl.col("person_no") != "") | valid
    lost = found & ~_insured(INSURANCE_ + "status")
    first = pl.col("first")
    return {
        **{code: (pl.col("id_fault") == fault).fill_null(value=False) for fault, code in ID_FAULTS.items()},
        "no-name": pl.col("name") == "",
        "id-shared": valid & (pl.col("person").n_unique().over("id_no") > 1),
        "id-of-other": valid & pl.col("id_of_other"),
        "id-differs": valid & ~pl.col("id_of_other") & differs["id_no"],
        "name-differs": differs["name"],
        "person-no-differs": differs["person_no"],
        **{f"{name}-contradicts-id": expression for name, expression in contradicts.items()},
        **{f"{name}-differs": differs[name] & ~expression for name, expression in contradicts.items()},
        "duplicate-line": ~first,
        "line-conflicts": first & (pl.col("person") != "") & (first.sum().over("person") > 1),
        "not-in-insurance": sought & ~found,
        "not-in-household": pl.col(HOUSEHOLD_).is_null() & (valid | found) if household else pl.lit(value=False),
        "not-insured": lost | (~_insured("status") & (pl.col("status") != "")),
        "insured-in-both": pl.col("insured_there"),
        "has-card": pl.col("has_card"),
        "deceased": pl.col("deceased"),
        "no-photo": pl.col("photo") == "",
        "name-repaired": pl.col("name_repaired"),
        "id-repaired": pl.col("id_repaired"),
    }


def _cell(title: str, value: str, when: pl.Expr) -> pl.Expr:
    return pl.when(when).then(pl.concat_str(pl.lit(title + "="), pl.col(value)))


def _given(rows: pl.DataFrame) -> list[pl.Expr]:
    """The fields that something stands against, as they were handed in."""
    raw = {"name": "raw_name", "id_no": "raw_id"}
    repaired = {"name": pl.col("name_repaired"), "id_no": pl.col("id_repaired")}
    cells = []
    for field in COMPARED:
        stands = _differs(field, household=HOUSEHOLD_ in rows.columns)
        if field.name in repaired:
            stands = stands | repaired[field.name]
        if field.in_id:
            stands = stands | _unlike(field.name, _ID + field.name)
        cells.append(_cell(field.title, raw.get(field.name, field.name), stands))
    return [*cells, _cell("参保状态", "status", _status_stands())]


def _found(rows: pl.DataFrame) -> list[pl.Expr]:
    """The same fields as the registers, the ID number or the repair have them."""
    cells = []
    for field in COMPARED:
        registered, household = INSURANCE_ + field.name, HOUSEHOLD_ + field.name
        unlike = _unlike(field.name, registered)
        cells.append(_cell(field.title, registered, unlike))
        if field.name in ("name", "id_no"):
            repaired = pl.col(f"{field.name.removesuffix('_no')}_repaired")
            cells.append(_cell(field.title, field.name, repaired & ~unlike))
        if field.in_id:
            cells.append(_cell(f"号码{field.title}", _ID + field.name, _unlike(field.name, _ID + field.name)))
        if household in rows.columns and field.in_household:
            cells.append(_cell(f"户籍{field.title}", household, _unlike(field.name, household)))
    return [*cells, _cell("参保状态", INSURANCE_ + "status", _status_stands())]


def _status_stands() -> pl.Expr:
    return (~_insured("status") & (pl.col("status") != "")) | ~_insured(INSURANCE_ + "status").fill_null(value=True)
