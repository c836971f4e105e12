"""Accounts and numbers: reserved once for a batch, before anything else is done with them."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date

import numpy as np
import polars as pl
from django.db import transaction

from zhika.card import expiry, pan
from zhika.engine.work import Done, Rows, Work
from zhika.flows.documents import Document
from zhika.lanes.bank import host, security
from zhika.lanes.bank.host import Customer, Verdict
from zhika.lanes.bank.models import Account, Counter, NumberBlock
from zhika.ledger.batches import Batch
from zhika.ledger.cards import Card
from zhika.ledger.chunks import chunks
from zhika.seat.config import BankOptions

REPLACED = "补换"
"""The flag of who has a card already."""
_ACCOUNT_WIDTH = 19
"""Digits of an account number: the bank's prefix and the serial."""


def generate(work: Work, rows: Rows) -> Done:
    """Number, expiry and account for everybody still in the batch; whose name the host knows otherwise fails.

    `rows`: the document's rows, one for each person; a row that says void, or is lacking, fails its person too.
    """
    assert work.batch is not None
    listed = {row["app_no"]: row for row in rows.iter_rows(named=True)}
    failed = {app: "row-missing" for app in work.people if app not in listed}
    failed |= void_rows(rows, work.people)
    people = [listed[app] for app in work.people if app not in failed]
    held = reserve(work.seat.bank, work.batch.code, people, work.now.date())
    failed |= {row["app_no"]: "row-missing" for row in people if row["app_no"] not in held}
    security.derive(work.seat, held.values())
    here = [app for app in work.people if app not in failed]
    verdicts = host.of(work.seat).know(Customer(held[app].id_no, held[app].name) for app in here)
    failed |= {app: verdict.value for app, verdict in zip(here, verdicts, strict=True) if verdict is not Verdict.OK}
    return Done(failed=failed, write=lambda: close_left(work.batch))


def reserve(options: BankOptions, batch_code: str, people: Iterable[Mapping[str, str]], on: date) -> dict[str, Account]:
    """A batch's accounts by application number, made once. `people`: app_no, id_no, name and flag of each."""
    wanted = list(people)
    with transaction.atomic():
        counter, _ = Counter.objects.get_or_create(prefix=options.prefix, defaults={"next": options.first_serial})
        counter = Counter.objects.select_for_update().get(pk=counter.pk)
        if not NumberBlock.objects.filter(batch_code=batch_code).exists():
            block = NumberBlock.objects.create(batch_code=batch_code, first=counter.next, n=len(wanted))
            counter.next += block.n
            counter.save(update_fields=["next"])
            serials = np.arange(block.first, block.first + block.n, dtype=np.int64)
            expires = expiry.after(on, options.valid_years)
            standing = _standing(wanted)
            Account.objects.bulk_create(
                [
                    Account(
                        application_ref=row["app_no"], batch_code=batch_code, line=line, pan=str(number),
                        expiry=expires, id_no=row["id_no"], name=row["name"],
                        account=standing.get(row["id_no"], (account_number(options, int(serial)), ""))[0],
                        branch=standing.get(row["id_no"], ("", options.branch))[1],
                    )
                    for line, (row, number, serial) in enumerate(
                        zip(wanted, pan.numbers(options.prefix, serials), serials, strict=True)
                    )
                ],
                batch_size=500,
            )  # fmt: skip
    return of_batch(batch_code)


def _standing(people: Iterable[Mapping[str, str]]) -> dict[str, tuple[str, str]]:
    """ID number → account and branch of those who replace a card: the account that the person has here already."""
    numbers = [row["id_no"] for row in people if row.get("flag") == REPLACED]
    found: dict[str, tuple[str, str]] = {}
    for some in chunks(numbers):
        held = Account.objects.filter(id_no__in=some, status__in=Account.OPEN).order_by("pk")
        found |= {id_no: (account, branch) for id_no, account, branch in held.values_list("id_no", "account", "branch")}
    return found


def account_number(options: BankOptions, serial: int) -> str:
    """账号: the bank's prefix and the serial that the card number bears, 19 digits.

    >>> account_number(BankOptions(), 17)
    '1402000000000000017'
    """
    return options.account_prefix + str(serial).zfill(_ACCOUNT_WIDTH - len(options.account_prefix))


def of_batch(batch_code: str) -> dict[str, Account]:
    """A batch's accounts by application number, in the order of their numbers."""
    return {a.application_ref: a for a in Account.objects.filter(batch_code=batch_code).order_by("line")}


def of_people(work: Work) -> dict[str, Account]:
    """The accounts of those still in the batch."""
    assert work.batch is not None
    held = of_batch(work.batch.code)
    return {app: held[app] for app in work.people}


def rows(document: Document, held: Iterable[Account], **columns: Mapping[str, str]) -> Rows:
    """A document's rows from accounts; `columns` by name, each by application number, for what accounts don't hold."""
    told = [
        {
            name: columns[name][a.application_ref] if name in columns else getattr(a, _SOURCE.get(name, name))
            for name in document.columns
        }
        for a in held
    ]
    return pl.DataFrame(told, schema=dict.fromkeys(document.columns, pl.String))


_SOURCE = {"app_no": "application_ref"}
"""Where a document names a column otherwise than the table."""


def void_rows(rows: Rows, people: Iterable[str]) -> dict[str, str]:
    """Cause by application number of those among `people` whose card comes void.

    >>> listed = pl.DataFrame([{"app_no": "A1", "condition": "void", "cause": "misprint"}])
    >>> void_rows(listed, ["A1", "A2"]), void_rows(listed.select("app_no"), ["A1"])
    ({'A1': 'misprint'}, {})
    """
    if "condition" not in rows.columns:
        return {}
    void = rows.filter((pl.col("condition") == "void") & pl.col("app_no").is_in(list(people)))
    return dict(void.select("app_no", "cause").iter_rows())


def close(batch: Batch, left: Collection[str]) -> None:
    """Close for ever the numbers of applications that leave their batch, whenever that is."""
    Account.objects.filter(batch_code=batch.code, application_ref__in=left).update(
        status=Account.CLOSED, closed_for_payment=True
    )


def close_left(batch: Batch | None) -> None:
    """The same for all who have left: somebody may have gone between a row's look and its number."""
    assert batch is not None
    close(
        batch, list(Card.objects.filter(batch=batch, failure__isnull=False).values_list("application_ref", flat=True))
    )
