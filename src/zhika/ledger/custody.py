"""The books of custody: places, and movements between them in one sequence.

Four rules (tried at 6.6 million cards): bundles stand for cards; every change of place or state is one movement of a
quantity, a whole place, a bundle or cards; a whole-place movement empties its place; a card is where its bundle's birth
place and the movements after it lead. Every movement writes balance and tally in the same transaction.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

from django.db import connection, models, transaction
from django.db.models import Q
from django.utils import timezone

from zhika.errors import NotAllowed
from zhika.ledger.alone import alone
from zhika.ledger.batches import Batch, Organisation
from zhika.ledger.batches import Bundle as BundleRow
from zhika.ledger.cards import Card
from zhika.ledger.steps import StepRecord

SHANGHAI = ZoneInfo("Asia/Shanghai")


class State(models.TextChoices):
    """What a place's pieces are, or where they have gone."""

    OUTSIDE = "outside", "系统外"
    BLANK = "blank", "空白"
    USED = "used", "已用"
    WORK = "work", "在制"
    GOOD = "good", "良品"
    GIVEN = "given", "移交中"
    HELD = "held", "暂存"
    VOID = "void", "作废"
    MISSING = "missing", "短少"
    ISSUED = "issued", "已领"
    DESTROYED = "destroyed", "已销毁"


class Group(models.Model):
    """What a place belongs to. Never absent: UNIQUE ignores NULLs."""

    code = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=12)
    """batch | void | parcel | return | stock | consignment"""
    ref = models.CharField(max_length=80, blank=True, db_index=True)


class Place(models.Model):
    """(holder, state, group). One custodian for every piece, always."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="places")
    state = models.CharField(max_length=10, choices=State.choices)
    group = models.ForeignKey(Group, models.PROTECT, related_name="places")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "state", "group"], name="place_once")]


class Movement(models.Model):
    """One line of the books. A trigger forbids changing or deleting it."""

    booked_day = models.DateField()
    happened_at = models.DateTimeField()
    from_place = models.ForeignKey(Place, models.PROTECT, related_name="out_movements", db_index=False)
    to_place = models.ForeignKey(Place, models.PROTECT, related_name="in_movements", db_index=False)
    n = models.IntegerField()
    bundle = models.ForeignKey(BundleRow, models.PROTECT, null=True, related_name="movements", db_index=False)
    card = models.ForeignKey(Card, models.PROTECT, null=True, related_name="movements", db_index=False)
    step = models.ForeignKey("ledger.StepRecord", models.PROTECT, null=True, related_name="movements", db_index=False)
    handover = models.ForeignKey("ledger.Handover", models.PROTECT, null=True, related_name="movements")
    cause = models.CharField(max_length=40)
    by = models.CharField(max_length=60)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(n__gt=0), name="movement_positive")]
        indexes = [
            models.Index(fields=["from_place", "id"], condition=Q(card=None), name="movement_from"),
            models.Index(fields=["to_place", "id"], condition=Q(card=None), name="movement_to"),
            models.Index(fields=["card", "id"], condition=Q(card__isnull=False), name="movement_card"),
        ]


class Balance(models.Model):
    """How many pieces lie at a place: derived, written with the movement, rebuildable from the movements."""

    place = models.OneToOneField(Place, models.PROTECT, primary_key=True, related_name="balance")
    n = models.IntegerField(default=0)
    outside = models.BooleanField(default=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(n__gte=0) | Q(outside=True), name="nothing_negative")]


class Tally(models.Model):
    """Sum of a day's movements from place to place: derived likewise; the books at any past date."""

    booked_day = models.DateField()
    from_place = models.ForeignKey(Place, models.PROTECT, related_name="+")
    to_place = models.ForeignKey(Place, models.PROTECT, related_name="+")
    n = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["booked_day", "from_place", "to_place"], name="tally_once")]


class Handover(models.Model):
    """Given by one, accepted by the other, once; the key is the giver's."""

    code = models.CharField(max_length=60, unique=True)
    from_organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="given")
    to_organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="taken")
    group = models.ForeignKey(Group, models.PROTECT)
    batch = models.ForeignKey(Batch, models.PROTECT, null=True, related_name="handovers")
    document = models.CharField(max_length=40)
    subject_kind = models.CharField(max_length=12)
    subject = models.CharField(max_length=80)
    given = models.IntegerField()
    accepted = models.IntegerField(null=True)
    difference = models.IntegerField(null=True)
    trays = models.JSONField(default=list)
    """File names of the trays that travel, on the giver's bench until they are shipped."""
    shipped = models.BooleanField(default=False)
    given_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)


class Case(models.Model):
    """A difference somebody must explain. Its batch can't close while it is open."""

    kind = models.CharField(max_length=12)
    """missing | surplus"""
    handover = models.ForeignKey(Handover, models.PROTECT, related_name="cases")
    card = models.ForeignKey(Card, models.PROTECT, null=True, related_name="cases")
    serial = models.CharField(max_length=40, blank=True)
    n = models.IntegerField(default=1)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closing = models.CharField(max_length=200, blank=True)


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


def group(code: str, kind: str, ref: str = "") -> Group:
    return Group.objects.get_or_create(code=code, defaults={"kind": kind, "ref": ref})[0]


def place(organisation: Organisation, state: State | str, within: Group) -> Place:
    """The place of this holder, state and group, with its balance row."""
    known = Place.objects.filter(organisation=organisation, state=state, group=within, balance__isnull=False)
    if found := next(iter(known), None):
        return found
    made, _ = Place.objects.get_or_create(organisation=organisation, state=state, group=within)
    Balance.objects.get_or_create(place=made, defaults={"outside": state == State.OUTSIDE})
    return made


def today(at: datetime | None = None) -> date:
    """This seat's day, Asia/Shanghai: closed days never change."""
    return (at or timezone.now()).astimezone(SHANGHAI).date()


def count(at: Place) -> int:
    """Pieces that lie there now."""
    return next(iter(Balance.objects.filter(place=at).values_list("n", flat=True)), 0)


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
    row: BundleRow, cards: Sequence[Card], source: Place, target: Place, *, by: str, step: StepRecord | None
) -> None:
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
            bundle=row, step=step, cause="born", by=by,
        )  # fmt: skip
        _post(source, target, len(cards))
        row.birth_place, row.birth_movement = target, movement
        row.save(update_fields=["birth_place", "birth_movement"])


# Where is a card ---------------------------------------------------------------------------------------------------


def where(cards: Iterable[int], *, on: date | None = None) -> dict[int, int]:
    """Place (primary key) of each card that has plastic: from its bundle's birth place along the movements.

    The next movement is the card's own, or of its bundle, or of the whole place. `on`: stop at the end of that day.
    """
    wanted = list(cards)
    births: dict[int, tuple[int, int, int]] = {}
    own: dict[int, list[tuple[int, int, int]]] = {}
    for start in range(0, len(wanted), 900):
        part = wanted[start : start + 900]
        rows = Card.objects.filter(pk__in=part, serial__isnull=False, bundle__birth_movement__isnull=False)
        for pk, bundle, at, since in rows.values_list(
            "pk", "bundle_id", "bundle__birth_place_id", "bundle__birth_movement_id"
        ):
            births[pk] = (bundle, at, since)
        moved = Movement.objects.filter(card_id__in=part)
        moved = moved.filter(booked_day__lte=on) if on else moved
        for card, pk, source, target in moved.order_by("pk").values_list(
            "card_id", "pk", "from_place_id", "to_place_id"
        ):
            own.setdefault(card, []).append((pk, source, target))
    shared = _Shared(on)
    if on and births:
        early = set(
            Movement.objects.filter(pk__in={b[2] for b in births.values()}, booked_day__gt=on).values_list(
                "pk", flat=True
            )
        )
        births = {card: birth for card, birth in births.items() if birth[2] not in early}
    found: dict[int, int] = {}
    together: dict[tuple[int, int, int], int] = {}
    for card, birth in births.items():
        if card not in own and birth in together:  # cards without a movement of their own go their bundle's way
            found[card] = together[birth]
            continue
        bundle, at, since = birth
        mine = iter(own.get(card, ()))
        next_own = next(mine, None)
        while True:
            next_shared = shared.after(at, bundle, since)
            if next_own and (next_shared is None or next_own[0] < next_shared[0]):
                since, _, at = next_own
                next_own = next(mine, None)
            elif next_shared:
                since, at = next_shared
            else:
                break
        found[card] = at
        if card not in own:
            together[birth] = at
    return found


class _Shared:
    """Movements of whole places and bundles, read once a place."""

    def __init__(self, on: date | None) -> None:
        self.on = on
        self.read: dict[int, list[tuple[int, int, int | None]]] = {}
        self.known: dict[tuple[int, int, int], tuple[int, int] | None] = {}

    def after(self, at: int, bundle: int, since: int) -> tuple[int, int] | None:
        """(movement, place) that takes this bundle's cards away from `at` after movement `since`."""
        key = (at, bundle, since)
        if key not in self.known:
            if at not in self.read:
                rows = Movement.objects.filter(from_place=at, card=None)
                rows = rows.filter(booked_day__lte=self.on) if self.on else rows
                self.read[at] = list(rows.order_by("pk").values_list("pk", "to_place_id", "bundle_id"))
            self.known[key] = next(
                ((pk, to) for pk, to, row in self.read[at] if pk > since and row in (None, bundle)), None
            )
        return self.known[key]


def lying_at(at: Place, *, batch: Batch | None = None, bundles: Collection[int] = ()) -> list[int]:
    """Cards (primary keys) that lie at a place now; with `bundles` (primary keys), those of these bundles only."""
    cards = Card.objects.filter(serial__isnull=False)
    if bundles:
        cards = cards.filter(bundle__in=bundles)
    elif ref := batch or Batch.objects.filter(code=at.group.ref or at.group.code).first():
        cards = cards.filter(batch=ref)
    return [card for card, lies in where(cards.values_list("pk", flat=True)).items() if lies == at.pk]


def by_bundle(at: Place, bundles: Collection[int] = ()) -> Counter[int]:
    """How many cards of each bundle, or of each of these bundles, lie at a place."""
    ids = lying_at(at, bundles=bundles)
    counted: Counter[int] = Counter()
    for start in range(0, len(ids), 900):
        counted.update(Card.objects.filter(pk__in=ids[start : start + 900]).values_list("bundle_id", flat=True))
    return counted


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
) -> None:
    """Accepted, once. What is missing stands with a case each.

    `unseen`: pieces that the list names and that never came into these books: their case stands in the giver's.
    """
    if handover.accepted is not None:
        raise NotAllowed(handover.to_organisation.code, f"再次接收 {handover.code}", "交接已关闭")
    now = timezone.now()
    difference = len(missing) + unseen - len(surplus)
    handover.accepted, handover.difference, handover.accepted_at = accepted, difference, now
    handover.save(update_fields=["accepted", "difference", "accepted_at"])
    for piece in missing:
        card = piece if isinstance(piece, Card) else None
        serial = (card.serial or "") if card else str(piece)
        Case.objects.create(kind="missing", handover=handover, card=card, serial=serial, opened_at=now)
    for serial in surplus:
        Case.objects.create(kind="surplus", handover=handover, serial=serial, opened_at=now)
