"""Recall 召回: from a fault to every card and holder concerned, where each card lies now, and whether it is live."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Exists, OuterRef

from zhika.card import idnumber
from zhika.engine.registry import TRACES
from zhika.engine.whereabouts import Held, held
from zhika.errors import ConfigurationError, NotReady
from zhika.flows.acts import BLOCK, REPLACE, RETURN
from zhika.flows.blocking import Standing
from zhika.ledger.batches import Batch
from zhika.ledger.blocks import blocked
from zhika.ledger.cards import Card
from zhika.ledger.chunks import chunks
from zhika.ledger.places import State
from zhika.people.models import Application, Request
from zhika.seat.config import Seat

BATCH = "batch"
GIVES_OUT = frozenset({"unit", "centre"})
"""Kinds of organisations where finished cards lie for their holders."""


@dataclass(frozen=True)
class Concerned:
    """One card that a recall is about; the holder is masked."""

    subject: str
    """Card serial: what `zhika do … --file` goes by."""
    application: str
    batch: str
    holder: str
    holder_id: str
    lies_at: str
    lies_as: str
    live: bool
    """The person has this card, or is to have it."""
    certain: bool
    """False: it may be concerned; no record tells it from its neighbours."""
    next: tuple[str, ...]
    """What is still to be done with it, as `zhika do` calls it; nothing with one that is void or on its way."""


def recall(seat: Seat, start: str, value: str) -> list[Concerned]:
    """The cards concerned, by batch and line. `start`: batch, or what a lane here can trace (`registry.TRACES`).

    Raises NotReady where the fault is not in these books, ConfigurationError where no lane here keeps such records.
    """
    found = _of_batch(seat, value) if start == BATCH else _traced(seat, start, value)
    cards = sorted(_cards(list(found)), key=lambda card: (card.batch, card.line))
    lying = held([card.pk for card in cards])
    holders = _holders([card.application for card in cards])
    stands = blocked(lying)
    return [_one(card, lying.get(card.pk), holders, found[card.pk], stands.get(card.pk)) for card in cards]


def _of_batch(seat: Seat, code: str) -> Mapping[int, bool]:
    batch = Batch.objects.filter(code=code).first()
    if batch is None:
        raise NotReady(f"没有批次 {code}。zhika batches 列出本席位的批次")
    return dict.fromkeys(batch.cards.filter(serial__isnull=False).values_list("pk", flat=True), True)


def _traced(seat: Seat, start: str, value: str) -> Mapping[int, bool]:
    if start not in TRACES:
        raise ConfigurationError(f"{seat.title} 没有 {start} 的记录: 在数据集成方的席位召回")
    return TRACES[start](seat, value)


class _Card(NamedTuple):
    pk: int
    batch: str
    line: int
    serial: str
    application: str
    failed: bool


def _cards(keys: list[int]) -> Iterator[_Card]:
    columns = ("pk", "batch__code", "line", "serial", "application_ref", "failure__cause")
    for some in chunks(keys):
        for *facts, cause in Card.objects.filter(pk__in=some).values_list(*columns):
            yield _Card(*facts, cause is not None)


class _Holder(NamedTuple):
    name: str = ""
    id_no: str = ""
    live: bool = False
    replacing: bool = False
    """Another card for the person is asked for or made."""


def _holders(refs: list[str]) -> dict[str, _Holder]:
    """Holders by application, masked."""
    found = {}
    for some in chunks(refs):
        rows = Application.objects.filter(ref__in=some)
        waits = Exists(Application.objects.filter(person=OuterRef("person"), pending=True))
        asked = Exists(Request.objects.filter(person=OuterRef("person"), state=Request.APPLIED))
        columns = ("ref", "person__name", "person__id_no", "live", "pending")
        for ref, name, id_no, live, pending, replacing in rows.values_list(*columns, waits | asked):
            found[ref] = _Holder(idnumber.mask_name(name), idnumber.mask(id_no), live or pending, replacing)
    return found


def _one(
    card: _Card, at: Held | None, holders: Mapping[str, _Holder], certain: bool, stands: Standing | None
) -> Concerned:  # fmt: skip
    who = holders.get(card.application, _Holder())
    live = who.live and not card.failed
    return Concerned(
        card.serial, card.application, card.batch, who.name, who.id_no, at.holder if at else "",
        at.state.label if at else "", live, certain, tuple(_next(at, stands, who)) if at and live else (),
    )  # fmt: skip


def _next(at: Held, stands: Standing | None, who: _Holder) -> Iterator[str]:
    """Of a live card: blocked wherever somebody may use or hand it out, then replaced or taken back."""
    in_hand = at.state is State.ISSUED
    uncollected = at.state in (State.GOOD, State.HELD) and at.kind in GIVES_OUT
    if (in_hand or uncollected) and stands is None:
        yield BLOCK
    if in_hand and not who.replacing:
        yield REPLACE
    if uncollected:
        yield RETURN
