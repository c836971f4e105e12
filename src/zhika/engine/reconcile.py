"""The audit view: person = application = card = account = plastic, over what this seat has of a batch.

What differs is named by a code of `DIFFERENCES`. Who left with a cause, and a missing card with an open case, are
explained: they are counted and differ from nothing.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count

from zhika.card import idnumber
from zhika.engine import onlists
from zhika.engine.batchfacts import Facts, read
from zhika.engine.onlists import ACCOUNTS, Listed
from zhika.engine.registry import NUMBERS
from zhika.flows.causes import title
from zhika.flows.chart import Cards
from zhika.flows.documents import ACTIVATION, CARD_LIST, COLLECTION, PASSING_ON
from zhika.ledger.batches import Batch
from zhika.ledger.chunks import chunks
from zhika.ledger.places import State
from zhika.people.models import Application
from zhika.seat.config import Seat

DIFFERENCES = {
    "no-application": "有卡位而无申请", "plastic-no-application": "有卡而无申请", "no-card-row": "申请不在批次名册中",
    "person-twice": "一人在本批次有两张卡", "two-live": "一人有两份有效申请",
    "number-twice": "一个银行卡号用于两个申请", "two-numbers": "一个申请有两个银行卡号", "no-number": "没有银行卡号",
    "number-differs": "单据上的银行卡号与登记不符", "no-plastic": "没有实物卡",
    "serial-differs": "单据上的卡序列号与登记不符",
    "void-not-failed": "卡已作废而申请没有退出", "missing-no-case": "卡短少而没有立案",
    "good-though-failed": "已退出的卡仍作良品", "issued-though-failed": "已退出的卡已发放",
    "issued-not-signed": "已发放而没有签领", "signed-not-issued": "已签领而卡仍在发放单位",
    "activated-not-collected": "未领卡先激活", "not-on-list": "单据中缺少", "failed-on-list": "退出之后仍列入单据",
    "unknown-on-list": "单据中有本批次没有的申请", "twice-on-list": "在单据中出现两次",
    "list-lacking": "缺少应有的单据",
}  # fmt: skip
FINISHED = (CARD_LIST.code, PASSING_ON.code, COLLECTION.code, ACTIVATION.code)
"""Lists of finished cards: nobody who has left before may stand there."""


@dataclass(frozen=True)
class Difference:
    """One exception, named. `subject`: application number, or batch; the holder is masked."""

    code: str
    subject: str
    serial: str = ""
    name: str = ""
    id_no: str = ""
    what: str = ""

    @property
    def title(self) -> str:
        return DIFFERENCES[self.code]


@dataclass(frozen=True)
class Audited:
    """What a batch came to."""

    batch: str
    process: str
    persons: int
    applications: int
    numbers: int
    plastics: int
    left: Mapping[str, int]
    """Who left, by cause in Chinese."""
    missing: int
    """Missing cards with an open case."""
    places: Mapping[str, int]
    """Where the plastic lies: holder and state."""
    lists: Mapping[str, int]
    """Applications on each kind of document."""
    differences: tuple[Difference, ...]


def audit(seat: Seat, batch: Batch) -> Audited:
    """A batch held together, set-based: thousands of cards in seconds."""
    facts = read(seat, batch)
    found = [x for rule in (_people, _numbers, _plastic, _hands, _lists) for x in rule(facts)]
    named = _masked({x.subject for x in found})
    differences = tuple(_named(x, facts, named) for x in found)
    living = facts.living
    persons = {facts.applications[app].person_id for app in living if app in facts.applications}
    numbers = {number for app in living for number in facts.numbers.get(app, ())}
    return Audited(
        batch=batch.code, process=batch.process, persons=len(persons),
        applications=len(facts.applications.keys() & living.keys()), numbers=len(numbers),
        plastics=sum(card.serial is not None for card in living.values()),
        left=dict(Counter(title(failure.cause) for failure in facts.left.values())),
        missing=sum(card.pk in facts.cases for card in living.values()),
        places=dict(Counter(str(at) for at in facts.lying.values())),
        lists={listed.title: len(listed.rows) for listed in facts.lists.values()}, differences=differences,
    )  # fmt: skip


# What must agree -----------------------------------------------------------------------------------------------------


def _people(facts: Facts) -> Iterator[Difference]:
    """One person, one application, one card."""
    for app in facts.cards.keys() - facts.applications.keys():
        plastic = facts.cards[app].serial is not None
        yield Difference("plastic-no-application" if plastic else "no-application", app)
    for app in facts.applications.keys() - facts.cards.keys():
        yield Difference("no-card-row", app)
    seen: dict[int, str] = {}
    for app in facts.living:
        one = facts.applications.get(app)
        if one is not None and seen.setdefault(one.person_id, app) != app:
            yield Difference("person-twice", app, what=f"另一份 {seen[one.person_id]}")
    mine = Application.objects.filter(batch_code=facts.batch.code).values("person")
    doubled = Application.objects.filter(live=True, person__in=mine).values("person").annotate(n=Count("pk"))
    persons = [row["person"] for row in doubled.filter(n__gt=1)]
    for app, one in facts.applications.items():
        if one.live and one.person_id in persons:
            yield Difference("two-live", app)


def _numbers(facts: Facts) -> Iterator[Difference]:
    """One application, one number, as the bank's document says it."""
    holders: dict[str, list[str]] = {}
    for app, numbers in facts.numbers.items():
        for number in numbers:
            holders.setdefault(number, []).append(app)
        if len(numbers) > 1 and app in facts.cards:
            yield Difference("two-numbers", app, what=" ".join(_last(number) for number in sorted(numbers)))
    for number, apps in holders.items():
        for app in sorted(apps) if len(apps) > 1 else ():
            yield Difference("number-twice", app, what=_last(number))
    numbered = any(set(ACCOUNTS) & set(step.awaits) for step in facts.done)
    told = [listed for listed in facts.lists.values() if listed.numbers]
    for app in facts.living:
        known = facts.numbers.get(app, set())
        if numbered and NUMBERS and not known:
            yield Difference("no-number", app)
        for listed in told:
            number = listed.numbers.get(app)
            if number and known and number not in known:
                yield Difference("number-differs", app, what=f"{listed.title} {_last(number)}")


def _plastic(facts: Facts) -> Iterator[Difference]:
    """A living application has plastic once its chip is written, and its plastic is where living cards may be."""
    written = any(step.cards is Cards.CHIP for step in facts.done)
    for app, card in facts.living.items():
        state = facts.state(app)
        if written and card.serial is None:
            yield Difference("no-plastic", app)
        if state in (State.VOID, State.DESTROYED) and _wanted(facts, app):
            yield Difference("void-not-failed", app, what=str(facts.lying[app]))
        if state is State.MISSING and card.pk not in facts.cases:
            yield Difference("missing-no-case", app, what=str(facts.lying[app]))
    for app in facts.left:
        if facts.state(app) in (State.GOOD, State.ISSUED):
            code = "issued-though-failed" if facts.state(app) is State.ISSUED else "good-though-failed"
            yield Difference(code, app, what=str(facts.lying[app]))


def _wanted(facts: Facts, app: str) -> bool:
    """Whether the card is, or is to be, its person's; one that was replaced or given up may well be void."""
    one = facts.applications.get(app)
    return one is not None and (one.live or one.pending)


def _hands(facts: Facts) -> Iterator[Difference]:
    """In the holder's hands, signed for and activated, in this order."""
    for app in facts.living:
        events, state = facts.events.get(app, set()), facts.state(app)
        collected = bool(events & {"hand_out", "collected"})
        if state is State.ISSUED and not collected:
            yield Difference("issued-not-signed", app, what=str(facts.lying[app]))
        if collected and state is State.GOOD and facts.lying[app].parcel:
            yield Difference("signed-not-issued", app, what=str(facts.lying[app]))
        if events & {"activate", "activated"} and not collected:
            yield Difference("activated-not-collected", app)


def _lists(facts: Facts) -> Iterator[Difference]:
    """Every document of a row that the batch has passed names everybody who was there to be named, once."""
    for missing in onlists.lacking(facts.batch, facts.done, facts.lists):
        yield Difference("list-lacking", facts.batch.code, what=missing)
    for listed in facts.lists.values():
        for app in listed.rows.keys() - facts.cards.keys() - facts.named:
            yield Difference("unknown-on-list", app, what=listed.title)
        for app, card in facts.living.items():
            row = listed.rows.get(app)
            if row is None:
                if listed.settled and _expected(listed, app, facts):
                    yield Difference("not-on-list", app, what=listed.title)
            elif row.twice:
                yield Difference("twice-on-list", app, what=listed.title)
            elif row.serial and card.serial and row.serial != card.serial:
                yield Difference("serial-differs", app, what=f"{listed.title} {row.serial}")
        for app, failure in facts.left.items() if listed.type in FINISHED else ():
            if app in listed.rows and failure.happened_at < listed.rows[app].made_at:
                yield Difference("failed-on-list", app, what=listed.title)


def _expected(listed: Listed, app: str, facts: Facts) -> bool:
    """Whether a living card must stand there: on what goes parcel by parcel or card by card, once it was its turn."""
    if listed.type == PASSING_ON.code:
        return app in facts.lying and bool(facts.lying[app].parcel)
    if listed.type == COLLECTION.code:
        return bool(facts.events.get(app, set()) & {"hand_out", "collected"}) or facts.state(app) is State.ISSUED
    if listed.type == ACTIVATION.code:
        return bool(facts.events.get(app, set()) & {"activate", "activated"})
    return listed.whole


def _last(number: str) -> str:
    """A bank number as it may be shown: the last four."""
    return f"…{number[-4:]}"


def _masked(refs: set[str]) -> dict[str, tuple[str, str]]:
    """Masked name and ID number of these applications."""
    known, wanted = {}, sorted(refs)
    for some in chunks(wanted):
        rows = Application.objects.filter(ref__in=some)
        for ref, name, id_no in rows.values_list("ref", "person__name", "person__id_no"):
            known[ref] = (idnumber.mask_name(name), idnumber.mask(id_no))
    return known


def _named(found: Difference, facts: Facts, named: Mapping[str, tuple[str, str]]) -> Difference:
    card = facts.cards.get(found.subject)
    name, id_no = named.get(found.subject, ("", ""))
    return Difference(found.code, found.subject, (card.serial or "") if card else "", name, id_no, found.what)


def all_batches(seat: Seat) -> Sequence[Batch]:
    """The batches of this seat's processes, oldest first."""
    return list(Batch.objects.filter(process__in=seat.processes).select_related("office").order_by("pk"))
