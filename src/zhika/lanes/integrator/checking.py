"""校验参保、参合人员相关信息: what the registers and the production database say of people who applied themselves."""

from collections.abc import Mapping

import polars as pl

from zhika.engine.work import Work
from zhika.errors import NotReady
from zhika.lanes.integrator import registers
from zhika.lanes.integrator.production import Subject, unfit
from zhika.registers.rules import INSURED

DECEASED = ("死亡",)
"""States of a register that end everything."""


def failures(work: Work, people: Mapping[str, Subject]) -> dict[str, str]:
    """Cause by application of who can't be made: by photo, glyphs and length, or by what the insurance says.

    Somebody new may be missing in the insurance's extract: the payment's number stands for them. Whoever is in it must
    be insured now and be the same person. Raises NotReady while no extract of the scheme is loaded.
    """
    scheme = registers.scheme_of(work.flow.name)
    insurance = registers.latest(work.seat, scheme, "insurance")
    if insurance is None:
        raise NotReady(f"尚未装载{registers.TITLES[scheme, 'insurance']} (zhika do load_register)")
    numbers = [one.application.person.id_no for one in people.values()]
    found = insurance.filter(pl.col("id_no").is_in(numbers)).select("id_no", "name", "status")
    known = {row["id_no"]: row for row in found.iter_rows(named=True)}
    failed = unfit(work.seat, people)
    for ref, one in people.items():
        row = known.get(one.application.person.id_no)
        if ref in failed or row is None:
            continue
        if row["status"] in DECEASED:
            failed[ref] = "deceased"
        elif row["status"] not in INSURED:
            failed[ref] = "not-insured"
        elif row["name"] != one.application.person.name and one.application.replaces_id is None:
            failed[ref] = "id-of-other"
    return failed
