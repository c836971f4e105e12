"""The books of custody: places, and movements between them in one sequence.

Four rules (tried at 6.6 million cards): bundles stand for cards; every change of place or state is one movement of a
quantity, a whole place, a bundle or cards; a whole-place movement empties its place; a card is where its bundle's birth
place and the movements after it lead. Every movement writes balance and tally in the same transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from django.db import connection, transaction
from django.utils import timezone

from zhika.errors import NotAllowed
from zhika.ledger.alone import alone
from zhika.ledger.batches import Batch, Organisation
from zhika.ledger.batches import Bundle as BundleRow
from zhika.ledger.cards import Card
from zhika.ledger.places import Case, Group, Handover, Movement, Place, count, today
from zhika.ledger.steps import StepRecord
from zhika.ledger.where import where

# What a movement is of ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Quantity:
    """Unidentified material only."""

    n: int


@dataclass(frozen=True)
class Whole:
    """All that lies at a place: afterwards it is empty."""


@dataclass(frozen=True)
class Bundle:
    """One bundle's cards, as many as lie at the place."""

    row: BundleRow
    n: int


@dataclass(frozen=True)
class Cards:
    """These cards, by primary key, one movement each."""

    ids: Sequence[int]
    seen: bool = False
    """Where they lie was read in this very transaction."""


What: TypeAlias = Quantity | Whole | Bundle | Cards
WHOLE = Whole()
NO_PIECES = "没有可移动的卡"


def move(
    source: Place,
    target: Place,
    what: What,
    *,
    cause: str,
    by: str,
    step: StepRecord | None = None,
    handover: Handover | None = None,
    at: datetime | None = None,
) -> int:
    """Book a movement, with balance and tally in the same transaction. Returns the number of pieces moved.

    Raises NotAllowed when there is nothing to move, or a card doesn't lie where it is said to be moved from; the
    store's own check refuses a place that would become negative.
    """
    happened = at or timezone.now()
    line = {
        "booked_day": today(), "happened_at": happened, "from_place": source, "to_place": target, "step": step,
        "handover": handover, "cause": cause, "by": by,
    }  # fmt: skip
    with transaction.atomic():
        alone()
        match what:
            case Cards(ids, seen):
                lost = [] if seen else [card for card, lies in where(ids).items() if lies != source.pk]
                if lost or not ids:
                    raise NotAllowed(
                        by, f"移动 {len(ids)} 张卡", f"其中 {len(lost)} 张不在移出处" if ids else NO_PIECES
                    )
                _each(Movement(n=1, **line), ids)
                n = len(ids)
            case Quantity(n):
                Movement.objects.create(n=n, **line)
            case Bundle(row, n):
                Movement.objects.create(n=n, bundle=row, **line)
            case Whole():
                n = count(source)
                if n < 1:
                    raise NotAllowed(by, "整体移交", NO_PIECES)
                Movement.objects.create(n=n, **line)
        _post(source, target, n)
    return n


def _each(like: Movement, cards: Sequence[int]) -> None:
    """The same movement for each card; thousands at once when a parcel is handed out."""
    line = (
        connection.ops.adapt_datefield_value(like.booked_day),
        connection.ops.adapt_datetimefield_value(like.happened_at),
        like.from_place_id, like.to_place_id, like.step_id, like.handover_id, like.cause, like.by,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO ledger_movement (booked_day, happened_at, from_place_id, to_place_id, n, step_id, handover_id,"
            ' cause, "by", card_id) VALUES (%s, %s, %s, %s, 1, %s, %s, %s, %s, %s)',
            [(*line, card) for card in cards],
        )


def _post(source: Place, target: Place, n: int) -> None:
    """Balance and tally of one movement."""
    day = connection.ops.adapt_datefield_value(today())
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ledger_balance SET n = n + CASE WHEN place_id = %s THEN %s ELSE %s END WHERE place_id IN (%s, %s)",
            [source.pk, -n, n, source.pk, target.pk],
        )
        cursor.execute(
            "INSERT INTO ledger_tally (booked_day, from_place_id, to_place_id, n) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT (booked_day, from_place_id, to_place_id) DO UPDATE SET n = ledger_tally.n + excluded.n",
            [day, source.pk, target.pk, n],
        )


def born(
    row: BundleRow, cards: Sequence[Card], source: Place, target: Place, *, by: str, step: StepRecord | None,
    handover: Handover | None = None,
) -> None:  # fmt: skip
    """The bundle's plastic is counted here for the first time: from now on its cards have a place.

    `cards` carry their serials; those of the bundle that aren't among them never had plastic here.
    """
    if not cards:
        return
    with transaction.atomic():
        alone()
        with connection.cursor() as cursor:  # bulk_update's CASE of 500 arms takes seconds for a batch
            cursor.executemany(
                "UPDATE ledger_card SET serial = %s, chip_serial = %s WHERE id = %s",
                [(card.serial, card.chip_serial, card.pk) for card in cards],
            )
        movement = Movement.objects.create(
            booked_day=today(), happened_at=timezone.now(), from_place=source, to_place=target, n=len(cards),
            bundle=row, step=step, handover=handover, cause="born", by=by,
        )  # fmt: skip
        _post(source, target, len(cards))
        row.birth_place, row.birth_movement = target, movement
        row.save(update_fields=["birth_place", "birth_movement"])


@dataclass(frozen=True)
class Short:
    """Pieces of material that are missing, or too many, of one kind in one group."""

    within: Group
    kind: str
    n: int


# Two-sided handover ------------------------------------------------------------------------------------------------


def give(
    code: str, legs: Sequence[tuple[Place, Place, What]], *, giver: Organisation, taker: Organisation, within: Group,
    batch: Batch | None, document: str, subject_kind: str, subject: str, by: str, step: StepRecord | None,
    trays: Sequence[str] = (),
) -> Handover:  # fmt: skip
    """Given: still the giver's to answer for. The same key twice is the same handover.

    `legs` are the movements into the giver's *given* places: good cards, and void ones apart. `trays`: file names of
    what travels, on the giver's bench.
    """
    existing = Handover.objects.filter(code=code).first()
    if existing:
        return existing
    with transaction.atomic():
        handover = Handover.objects.create(
            code=code, from_organisation=giver, to_organisation=taker, group=within, batch=batch, document=document,
            subject_kind=subject_kind, subject=subject, given=0, given_at=timezone.now(), trays=list(trays),
        )  # fmt: skip
        for source, target, what in legs:
            handover.given += move(source, target, what, cause="give", by=by, step=step, handover=handover)
        handover.save(update_fields=["given"])
    return handover


def close(
    handover: Handover,
    *,
    accepted: int,
    missing: Sequence[Card | str] = (),
    surplus: Sequence[str] = (),
    unseen: int = 0,
    short: Sequence[Short] = (),
    over: Sequence[Short] = (),
) -> None:
    """Accepted, once. What is missing or surplus stands with a case each, material with one a lot and kind.

    `unseen`: pieces by which the list is longer than what came into these books: their cases stand in the giver's.
    Below zero where the giver's list leaves out more cards than lack.
    """
    if handover.accepted is not None:
        raise NotAllowed(handover.to_organisation.code, f"再次接收 {handover.code}", "交接已关闭")
    now = timezone.now()
    difference = len(missing) + unseen - len(surplus) + sum(s.n for s in short) - sum(s.n for s in over)
    handover.accepted, handover.difference, handover.accepted_at = accepted, difference, now
    handover.save(update_fields=["accepted", "difference", "accepted_at"])
    for piece in missing:
        card = piece if isinstance(piece, Card) else None
        serial = (card.serial or "") if card else str(piece)
        Case.objects.create(kind="missing", handover=handover, card=card, serial=serial, opened_at=now)
    for serial in surplus:
        Case.objects.create(kind="surplus", handover=handover, serial=serial, opened_at=now)
    for kind, pieces in ((Case.MISSING, short), (Case.SURPLUS, over)):
        for lot in pieces:
            Case.objects.create(
                kind=kind, handover=handover, group=lot.within, serial=lot.kind, n=lot.n, opened_at=now
            )  # fmt: skip
