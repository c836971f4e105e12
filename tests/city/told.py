"""What one seat's books say of each card, in the seat's own process, without times and without what follows the order.

python -m tests.city.told HOME
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Told = dict[str, Any]


def plain(text: str) -> str:
    """A batch's code, and what is named after it, without the day."""
    return re.sub(r"-\d{6}-", "-", text)


def _tell(home: Path) -> Told:
    from zhika.seat.start import start

    seat = start(home)
    from zhika.flows.lanes import Lane

    told = {"cards": dict(_cards()), **_books()}
    if Lane.BANK in seat.lanes:
        told["accounts"] = dict(_accounts(seat))
    if seat.platform:
        told |= _people()
    return told


def _cards() -> Iterator[tuple[str, Told]]:
    from zhika.ledger.cards import Card, CardEvent
    from zhika.ledger.places import Place
    from zhika.ledger.where import where

    events: dict[int, list[str]] = {}
    for event in CardEvent.objects.all():
        events.setdefault(event.card_id, []).append(event.kind)
    lying = where(Card.objects.values_list("pk", flat=True))
    places = {p.pk: p for p in Place.objects.select_related("organisation", "group")}
    for card in Card.objects.select_related("batch", "failure", "bundle__unit"):
        failure = getattr(card, "failure", None)
        at = places.get(lying.get(card.pk, 0))
        yield card.application_ref, {
            "serial": card.serial, "batch": plain(card.batch.code), "line": card.line,
            "unit": card.bundle.unit.code if card.bundle.unit else None,
            "lies": plain(f"{at.organisation.code}/{at.state}/{at.group.code}") if at else None,
            "cause": [failure.cause, failure.step, failure.source] if failure else None,
            "events": sorted(events.get(card.pk, [])),
        }  # fmt: skip


def _books() -> Told:
    from zhika.ledger.batches import Batch
    from zhika.ledger.books import balances
    from zhika.ledger.errands import Errand
    from zhika.ledger.laws import Books, breaches
    from zhika.ledger.mail import Outbox
    from zhika.ledger.places import Case, Handover
    from zhika.ledger.steps import Paper, StepRecord, Trouble

    steps = StepRecord.objects.values_list("subject_kind", "subject", "number", "function", "n_in", "n_out", "source")
    papers = Counter(Paper.objects.values_list("batch_code", "type", "sender", "receiver", "state", "counted", "acted"))
    handovers = Handover.objects.values_list("code", "given", "accepted", "difference", "shipped")
    cases = Counter((case.kind, plain(case.source), case.closed_at is not None) for case in Case.objects.all())
    return {
        "batches": sorted((plain(b.code), b.size, b.closed_at is not None) for b in Batch.objects.all()),
        "steps": sorted([kind, plain(subject), *rest] for kind, subject, *rest in steps),
        "papers": sorted([plain(code), *rest, n] for (code, *rest), n in papers.items()),
        "handovers": sorted([plain(code), *rest] for code, *rest in handovers),
        "cases": sorted([*case, n] for case, n in cases.items()),
        "balances": sorted([x.organisation, str(x.state), plain(x.group), x.n] for x in balances()),
        "breaches": [str(breach) for breach in breaches(Books(prove=True))],
        "left over": [*Errand.objects.values_list("work", "subject"),
                      *Trouble.objects.filter(tries__gte=3).values_list("function", "error")],
        "unanswered": Outbox.objects.exclude(receipt="taken").count(),
    }  # fmt: skip


def _accounts(seat: Any) -> Iterator[tuple[str, Told]]:
    from zhika.lanes.bank.models import Account
    from zhika.lanes.bank.security import derive

    held = {account.application_ref: account for account in Account.objects.all()}
    for app, values in derive(seat, held.values()).items():
        account = held[app]
        yield app, {
            "pan": account.pan, "expiry": account.expiry, "cvv2": values.cvv2, "tracks": list(values.tracks),
            "status": [account.status, account.closed_for_payment],
        }  # fmt: skip


def _people() -> Told:
    from zhika.lanes.integrator.models import LeftOut, Mapping, Production
    from zhika.lanes.unit.models import Receipt
    from zhika.people.models import Application

    numbers: dict[str, Told] = {p.app_no: {"pan": p.pan, "ssc_no": p.ssc_no} for p in Production.objects.all()}
    for mapped in Mapping.objects.all():
        numbers[mapped.app_no]["mapped"] = mapped.pan
    signed = dict(Receipt.objects.values_list("card_serial", "by"))
    serials = dict(Production.objects.values_list("app_no", "card_serial"))
    rows = Application.objects.select_related("person__unit", "person__office")
    return {
        "numbers": numbers,
        "people": {
            row.ref: {
                "id_no": row.person.id_no, "name": row.person.name, "process": row.process, "lot": row.lot,
                "office": row.person.office.code, "unit": row.person.unit.code, "live": row.live,
                "handed to": signed.get(serials.get(row.ref) or ""),
            }
            for row in rows
        },
        "left out": sorted(LeftOut.objects.values_list("lot", "line", "reason")),
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(_tell(Path(sys.argv[1]))))
