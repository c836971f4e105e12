"""Recall 召回: from a fault to every card and holder concerned, where each card lies now, and whether it is live."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from zhika.card import idnumber
from zhika.engine.registry import TRACES
from zhika.engine.whereabouts import Held, held
from zhika.errors import ConfigurationError, NotReady
from zhika.ledger.batches import Batch
from zhika.ledger.cards import Card
from zhika.ledger.chunks import chunks
from zhika.people.models import Application
from zhika.seat.config import Seat

BATCH = "batch"


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
    """The person has this card and no other, or is to have it."""
    certain: bool
    """False: it may be concerned; no record tells it from its neighbours."""


def recall(seat: Seat, start: str, value: str) -> list[Concerned]:
    """The cards concerned, by batch and line. `start`: batch, or what a lane here can trace (`registry.TRACES`).

    Raises NotReady where the fault is not in these books, ConfigurationError where no lane here keeps such records.
    """
    found = _of_batch(seat, value) if start == BATCH else _traced(seat, start, value)
    cards = sorted(_cards(list(found)), key=lambda card: (card.batch, card.line))
    lying = held([card.pk for card in cards])
    holders = _holders([card.application for card in cards])
    return [_one(card, lying.get(card.pk), holders, found[card.pk]) for card in cards]


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


def _holders(refs: list[str]) -> dict[str, tuple[str, str, bool]]:
    """Application → masked name, masked ID number, live."""
    found = {}
    for some in chunks(refs):
        rows = Application.objects.filter(ref__in=some)
        for ref, name, id_no, live in rows.values_list("ref", "person__name", "person__id_no", "live"):
            found[ref] = (idnumber.mask_name(name), idnumber.mask(id_no), live)
    return found


def _one(card: _Card, at: Held | None, holders: Mapping[str, tuple[str, str, bool]], certain: bool) -> Concerned:
    name, id_no, live = holders.get(card.application, ("", "", False))
    return Concerned(
        card.serial, card.application, card.batch, name, id_no, at.holder if at else "", at.state.label if at else "",
        live and not card.failed, certain,
    )  # fmt: skip
