"""审核: the centre's decision on a request, by another person than the one who entered it.

What can't go on is refused with its cause and a sentence for the person; the others enter `people`.
"""

from collections.abc import Mapping

from django.utils import timezone

from zhika.card import idnumber
from zhika.engine.check import id_key
from zhika.engine.reasons import KNOWN
from zhika.engine.work import Done, Work
from zhika.errors import Fault, NotReady, Refused
from zhika.flows.documents import (
    REPLACEMENT_APPLICATION,
    RURAL_APPLICATION,
    URBAN_APPLICATION,
)
from zhika.ledger.cards import Card
from zhika.ledger.chunks import chunks
from zhika.people import entry
from zhika.people.models import Application, Person, Request

ACCEPT, REJECT = "accept", "reject"
REJECTED = "rejected"
"""Cause of what a clerk rejects without naming one."""
Row = Mapping[str, str]


def review(work: Work) -> Done:
    """审核、录入参保、参合信息: facts decision (accept, the default, or reject) and cause; accepted ones enter."""
    document = URBAN_APPLICATION if URBAN_APPLICATION in work.step.awaits else RURAL_APPLICATION
    rows = {row["app_no"]: row for row in work.rows(document).iter_rows(named=True)}
    refused = _decided(work)
    refused |= {ref: cause for ref, cause in _unfit(work, rows).items() if ref not in refused}
    going = {ref: row for ref, row in rows.items() if ref not in refused}

    def write() -> None:
        _enter(work, going)
        _mark(work, refused)

    return Done(failed=refused, write=write)


def review_replacement(work: Work) -> Done:
    """审核确认: corrections are written into the person's record, and the replacement waits beside the old card."""
    rows = {row["app_no"]: row for row in work.rows(REPLACEMENT_APPLICATION).iter_rows(named=True)}
    requests = {request.ref: request for request in of(work)}
    rejected = _decided(work)
    refused = rejected | _no_old_card(rows, rejected)

    def write() -> None:
        now, persons, made = timezone.now(), [], []
        for ref, request in requests.items():
            if ref in refused:
                continue
            old = Application.objects.get(ref=_card_of(request).application_ref)
            person = old.person
            for name, value in request.fields.items():
                setattr(person, name, value)
            persons.append(person)
            made.append(
                Application(
                    ref=ref,
                    person=person,
                    process=work.flow.name,
                    kind=Application.REPLACEMENT,
                    replaces=old,
                    live=False,
                    pending=True,
                    made_at=now,
                )
            )
        Person.objects.bulk_update(persons, ["name", "nation", "address", "phone", "postcode", "photo"], batch_size=100)
        Application.objects.bulk_create(made, batch_size=500)
        _mark(work, refused)

    return Done(failed=refused, write=write)


def of(work: Work) -> list[Request]:
    """The requests of the work's applications."""
    return [request for some in chunks(work.refs) for request in Request.objects.filter(ref__in=some)]


def _decided(work: Work) -> dict[str, str]:
    """Cause by application of what the clerk rejects. Raises Refused for withdrawn ones and for other decisions."""
    found, faults = {}, _withdrawn(work)
    for ref in work.refs:
        decision = work.facts[ref].get("decision") or ACCEPT
        if decision not in (ACCEPT, REJECT):
            faults.append(Fault(ref, f"应为 {ACCEPT} (通过) 或 {REJECT} (退回)", column="decision"))
        elif decision == REJECT:
            found[ref] = work.facts[ref].get("cause") or REJECTED
            if found[ref] not in KNOWN:
                faults.append(Fault(ref, f"没有这个原因, 可用: {'、'.join(sorted(KNOWN))}", column="cause"))
    if faults:
        raise Refused(faults)
    return found


def _withdrawn(work: Work) -> list[Fault]:
    """A request that was withdrawn is never reviewed."""
    rule = "申请已撤回, 不再审核"
    return [Fault(f"申请 {one.ref}", rule) for one in of(work) if one.state == Request.WITHDRAWN]


def _unfit(work: Work, rows: Mapping[str, Row]) -> dict[str, str]:
    """Who can't have a card now: a number that isn't one, somebody twice, somebody who has a card or waits for one."""
    keys = {ref: id_key(work.seat.home, row["id_no"]) for ref, row in rows.items()}
    held = entry.held(keys.values())
    found: dict[str, str] = {}
    seen: set[str] = set()
    for ref, row in rows.items():
        if not idnumber.is_valid(row["id_no"]):
            found[ref] = "id-check"
        elif keys[ref] in held:
            found[ref] = "has-card"
        elif keys[ref] in seen:
            found[ref] = "duplicate-line"
        seen.add(keys[ref])
    return found


def _no_old_card(rows: Mapping[str, Row], refused: Mapping[str, str]) -> dict[str, str]:
    """Whose old card is not the live one any more."""
    serials = {row["old_card"]: ref for ref, row in rows.items() if ref not in refused}
    live: set[str] = set()
    for some in chunks(list(serials)):
        cards = dict(Card.objects.filter(serial__in=some).values_list("application_ref", "serial"))
        refs = Application.objects.filter(ref__in=list(cards), live=True).values_list("ref", flat=True)
        live |= {cards[ref] or "" for ref in refs}
    return {ref: "no-old-card" for serial, ref in serials.items() if serial not in live}


def _card_of(request: Request) -> Card:
    return Card.objects.get(serial=request.old_card)


def _enter(work: Work, going: Mapping[str, Row]) -> None:
    where = entry.organisations(going.values())
    people = {}
    for ref, row in going.items():
        office, unit = where[row["centre"], row["unit_no"]]
        people[ref] = Person(
            id_key=id_key(work.seat.home, row["id_no"]), id_no=row["id_no"], name=row["name"], sex=row["sex"],
            birth=row["birth"], scheme=work.flow.name.split("-")[0], unit=unit, office=office,
            **{name: row[name] for name in entry.COPIED},
        )  # fmt: skip
    entry.enter(people, process=work.flow.name, now=work.now)


def _mark(work: Work, refused: Mapping[str, str]) -> None:
    requests = of(work)
    if any(request.state != Request.APPLIED for request in requests):
        raise NotReady("其中有申请刚刚撤回, 请重新办理")
    for request in requests:
        request.state = Request.REFUSED if request.ref in refused else Request.REVIEWED
        request.cause = refused.get(request.ref, "")
    Request.objects.bulk_update(requests, ["state", "cause"], batch_size=200)
