"""What becomes of the cards when a row is done: born, given, void, missing. The engine books it, not the lanes."""

from collections.abc import Collection, Mapping
from itertools import groupby

from django.db import connection
from django.utils import timezone

from zhika.engine.work import Bound, Done, Work
from zhika.errors import ZhikaError
from zhika.flows.chart import Grain
from zhika.flows.documents import Document
from zhika.flows.lanes import Lane
from zhika.ledger.batches import Batch, Bundle, Organisation, organisation
from zhika.ledger.cards import Card
from zhika.ledger.custody import WHOLE, Cards, Quantity, What, born, give, move
from zhika.ledger.custody import Bundle as BundleMove
from zhika.ledger.places import Group, Handover, Place, State, count, group, place
from zhika.ledger.steps import StepRecord
from zhika.ledger.where import by_bundle, where

MODULE, BLANK = "module", "blank"
KINDS = (MODULE, BLANK)


def batch_group(batch: Batch) -> Group:
    return group(batch.code, "batch", batch.code)


def void_group(batch: Batch) -> Group:
    """Void cards travel in the same tray, but are counted apart."""
    return group(f"{batch.code}/void", "void", batch.code)


def parcel_group(batch: Batch, unit: str, round_: int = 1) -> Group:
    code = f"{batch.code}.{unit}" + (f"+{round_}" if round_ > 1 else "")
    return group(code, "parcel", batch.code)


def material_group(batch_code: str, kind: str) -> Group:
    """The consignment that was drawn for a batch: modules or blanks."""
    return group(f"M:{batch_code}:{kind}", "consignment", batch_code)


def stock_group(consignment: str, kind: str) -> Group:
    return group(f"S:{consignment}:{kind}", "stock", consignment)


def good(holder: Organisation, batch: Batch) -> Place:
    return place(holder, State.GOOD, batch_group(batch))


def bind(
    batch: Batch, holder: Organisation, bound: Mapping[str, Bound], source: Place, *, by: str, step: StepRecord | None
) -> None:
    """Plastic is counted here for the first time: bundle by bundle it is born at the holder."""
    cards = list(Card.objects.filter(batch=batch, application_ref__in=list(bound)).order_by("bundle_id", "line"))
    target = good(holder, batch)
    bundles = {bundle.pk: bundle for bundle in Bundle.objects.filter(batch=batch)}
    for pk, group_ in groupby(cards, key=lambda card: card.bundle_id):
        mine = list(group_)
        for card in mine:
            card.serial, chip = bound[card.application_ref]
            card.chip_serial = chip or None
        born(bundles[pk], mine, source, target, by=by, step=step)


def embed(work: Work, done: Done, step: StepRecord) -> None:
    """Modules are used, blanks become cards: each kind sums to zero, and the cards are born."""
    assert work.batch is not None
    holder = organisation(work.organisation)
    n = len(done.born)
    consume(work.batch.code, holder, n, by=work.by, step=step)
    bind(work.batch, holder, done.born, _place_of(work.batch.code, holder, BLANK, State.WORK), by=work.by, step=step)


def consume(batch_code: str, holder: Organisation, n: int, *, by: str, step: StepRecord | None) -> None:
    """n modules to *used*, n blanks to *work*, from the batch's consignment."""
    for kind, state in ((MODULE, State.USED), (BLANK, State.WORK)):
        source = _place_of(batch_code, holder, kind, State.BLANK)
        if count(source):
            move(source, _place_of(batch_code, holder, kind, state), Quantity(n), cause="embed", by=by, step=step)


def _place_of(batch_code: str, holder: Organisation, kind: str, state: State) -> Place:
    return place(holder, state, material_group(batch_code, kind))


def fail(
    batch: Batch,
    causes: Mapping[str, str],
    *,
    step: str,
    source: str,
    rows: Mapping[str, tuple[str, int]] | None = None,
) -> list[Card]:
    """Cards leave the batch with their cause, each once; their plastic, where it lies good, becomes void."""
    cards = list(Card.objects.filter(batch=batch, application_ref__in=list(causes), failure=None))
    happened = connection.ops.adapt_datetimefield_value(timezone.now())
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO ledger_failure (card_id, cause, step, source, happened_at, document, \"row\")"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [
                (card.pk, causes[card.application_ref], step, source, happened,
                 *(rows or {}).get(card.application_ref, ("", None)))
                for card in cards
            ],
        )  # fmt: skip
    return cards


def void_failed(batch: Batch, *, by: str, step: StepRecord | None = None, among: Collection[Card] | None = None) -> int:
    """Failed cards that lie among the good ones of a batch leave them. Returns how many.

    `among`: those that failed just now, where earlier ones have left already; no plastic was counted since.
    """
    if among is None:
        lying = where(Card.objects.filter(batch=batch, failure__isnull=False).values_list("pk", flat=True))
    else:
        lying = where(card.pk for card in among)
    lies = Place.objects.filter(pk__in=set(lying.values()), state=State.GOOD).select_related("organisation")
    places = {p.pk: p for p in lies}
    moved = 0
    for pk, source in places.items():
        cards = [card for card, at in lying.items() if at == pk]
        target = place(source.organisation, State.VOID, batch_group(batch))
        moved += move(source, target, Cards(cards, seen=True), cause="void", by=by, step=step)
    return moved


def hand_over(work: Work, document: Document, done: Done, step: StepRecord) -> Handover:
    """Given: good and void cards of the batch, or a parcel's bundle, or material, to whoever takes them."""
    assert work.batch is not None
    parties = {p.lane: p.organisation for p in work.batch.parties.select_related("organisation")}
    giver = parties.get(work.lane) or organisation(work.organisation)
    taker = done.taker or parties.get(to := receiver(document, work)) or organisation(work.party(to))
    legs: list[tuple[Place, Place, What]] = []
    within = batch_group(work.batch)
    if document.code == "material":
        legs = [
            (_place_of(work.batch.code, giver, kind, State.BLANK), _place_of(work.batch.code, giver, kind, State.GIVEN),
             Quantity(done.quantity))
            for kind in KINDS
        ]  # fmt: skip
        within = material_group(work.batch.code, BLANK)
    elif work.subject.kind is Grain.PARCEL:
        within = Group.objects.get(code=work.subject.code)
        source = good(giver, work.batch)
        wanted = {card.bundle_id for card in work.people.values()}
        counted = by_bundle(source, wanted)
        ids = [card.pk for card in work.people.values()]
        whole = all(counted[b] == sum(c.bundle_id == b for c in work.people.values()) for b in wanted)
        given = place(giver, State.GIVEN, within)
        if whole:
            legs = [(source, given, BundleMove(Bundle.objects.get(pk=b), counted[b])) for b in sorted(wanted)]
        else:
            legs = [(source, given, Cards(ids))]
    else:
        legs = [(place(giver, State.GOOD, within), place(giver, State.GIVEN, within), WHOLE)]
        if document.code != "card-list":
            legs.append((place(giver, State.VOID, within), place(giver, State.GIVEN, void_group(work.batch)), WHOLE))
        legs = [leg for leg in legs if count(leg[0])]
    return give(
        handover_code(work, document), legs, giver=giver, taker=taker, within=within, batch=work.batch,
        document=document.code, subject_kind=work.subject.kind, subject=work.subject.code, by=work.by, step=step,
        trays=[tray.name for tray in done.trays],
    )  # fmt: skip


def handover_code(work: Work, document: Document) -> str:
    """The giver makes the key: the same step makes the same key."""
    return f"{work.subject.code}~{document.code}"


def receiver(document: Document, work: Work) -> Lane:
    """The lane of this chart that takes a document which this row's lane sends."""
    lanes = [lane for lane in document.receivers if lane is not work.step.lane and lane in work.flow.lanes]
    if len(lanes) != 1:
        raise ZhikaError(f"{document.code}: 无法确定接收方")
    return lanes[0]
