"""What is ordered for each card: the supplier's two documents joined person by person."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from zhika.card import expiry, pan
from zhika.craft.order import BANKED, PERSONAL, Order
from zhika.engine import desk
from zhika.engine.work import Rows, Work
from zhika.errors import Refused
from zhika.flows.documents import FACE_DATA, RURAL_FACE_DATA, SUPPLIER_ACCOUNTS, Document

_CVV2 = re.compile(r"[0-9]{3}")


@dataclass(frozen=True)
class Joined:
    """Orders by application number, and the cause of each person for whom the documents don't make one."""

    orders: Mapping[str, Order]
    failed: Mapping[str, str]


def of(work: Work) -> Joined:
    """The orders of those still in the batch, from the documents on the desk; sealed rows are read in memory only."""
    faces = on_desk(work, FACE_DATA, RURAL_FACE_DATA)
    numbered = any(FACE_DATA in step.awaits for step in work.flow.steps)
    return join(faces, on_desk(work, SUPPLIER_ACCOUNTS) if numbered else None, list(work.people))


def on_desk(work: Work, *documents: Document) -> Rows:
    """All rows of these documents: those the step received, or what lies on the desk for this batch."""
    codes = {document.code for document in documents}
    received = [rows for document in documents for rows in work.received.get(document, ())]
    return pl.concat(
        received or [desk.read(work.seat, paper) for paper in desk.filed(work.subject) if paper.type in codes]
    )


def join(faces: Rows, accounts: Rows | None, people: Iterable[str]) -> Joined:
    """Join by application number. `accounts` None: the number comes later, from the bank.

    Who stands in one document and not in the other: row-missing. Two numbers that disagree, or one number for two
    persons: second-number. A number, expiry or CVV2 that can't be one: number-bad.

    >>> faces = pl.DataFrame([FACE_DATA.example])
    >>> accounts = pl.DataFrame([SUPPLIER_ACCOUNTS.example]).with_columns(pan=pl.lit("6222350000000000026"))
    >>> join(faces, accounts, [FACE_DATA.example["app_no"]]).failed
    {'A26112300000017': 'second-number'}
    """
    face = {row["app_no"]: row for row in faces.iter_rows(named=True)}
    bank = {row["app_no"]: row for row in accounts.iter_rows(named=True)} if accounts is not None else None
    numbers = Counter(row["pan"] for row in face.values()) if bank is not None else Counter[str]()
    orders, failed = {}, {}
    for app in people:
        told = face.get(app)
        given = bank.get(app) if bank is not None else {}
        if told is None or given is None:
            failed[app] = "row-missing"
        elif cause := _number_fault(told, given, numbers):
            failed[app] = cause
        else:
            orders[app] = Order(
                {name: told[name] for name in PERSONAL} | {name: given[name] for name in BANKED if name in given}
            )
    return Joined(orders, failed)


def _number_fault(told: Mapping[str, str], given: Mapping[str, str], numbers: Mapping[str, int]) -> str:
    if not given:
        return ""
    if told["pan"] != given["pan"] or numbers[told["pan"]] > 1:
        return "second-number"
    try:
        pan.validate(given["pan"])
        expiry.checked([given["expiry"]])
    except Refused:
        return "number-bad"
    return "" if _CVV2.fullmatch(given["cvv2"]) else "number-bad"
