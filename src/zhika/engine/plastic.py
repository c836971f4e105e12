"""What becomes of the cards when a row is done: born, given, void, missing. The engine books it, not the lanes."""

from collections.abc import Collection, Mapping, Sequence
from itertools import groupby

from django.db import connection
from django.utils import timezone

from zhika.engine.registry import LEFT
from zhika.engine.work import Bound, Done, Work
from zhika.errors import NotAllowed, ZhikaError
from zhika.flows.chart import Grain
from zhika.flows.documents import MATERIAL, Document
from zhika.flows.lanes import Lane
from zhika.ledger.batches import Batch, Bundle, Organisation, organisation
from zhika.ledger.cards import Card
from zhika.ledger.custody import WHOLE, Cards, Quantity, What, born, give, move
from zhika.ledger.custody import Bundle as BundleMove
from zhika.ledger.material import (
    BLANK,
    CHIP_BLANK,
    EMBEDDED,
    KINDS,
    MODULE,
    WITH_CHIP,
    Lying,
    drawn,
    material_group,
    stock_group,
)  # fmt: skip
from zhika.ledger.places import Group, Handover, Place, State, count, group, place
from zhika.ledger.steps import StepRecord
from zhika.ledger.where import by_bundle, where

__all__ = [
    "BLANK", "CHIP_BLANK", "EMBEDDED", "KINDS", "MODULE", "WITH_CHIP", "batch_group", "bind", "code_of", "consume",
    "embed", "fail", "good", "hand_over", "handover_code", "in_work", "material_group", "material_legs", "parcel_group",
    "receiver", "stock_group", "void_failed", "void_group",
]  # fmt: skip


def batch_group(batch: Batch) -> Group:
    return group(batch.code, "batch", batch.code)


def void_group(batch: Batch) -> Group:
    """Void cards travel in the same tray, but are counted apart."""
    return group(f"{batch.code}/void", "void", batch.code)


def return_code(batch: Batch) -> str:
    """Code of the group of cards that came back."""
    return f"{batch.code}/return"


def returned(holder: Organisation, batch: Batch, *, void: bool) -> Place:
    """Where a returned card lies once its taker has accepted it: kept for whoever comes, or void.

    At the office void ones wait apart to go on; at the bank they lie with the batch's others, which it destroys.
    """
    if void and holder.pk != batch.office_id:
        return place(holder, State.VOID, batch_group(batch))
    return place(holder, State.VOID if void else State.HELD, group(return_code(batch), "return", batch.code))


def parcel_group(batch: Batch, unit: str, round_: int = 1) -> Group:
    code = f"{batch.code}.{unit}" + (f"+{round_}" if round_ > 1 else "")
    return group(code, "parcel", batch.code)


def good(holder: Organisation, batch: Batch) -> Place:
    return place(holder, State.GOOD, batch_group(batch))


def bind(
    batch: Batch, holder: Organisation, bound: Mapping[str, Bound], source: Place, *, by: str,
    step: StepRecord | None, handover: Handover | None = None,
) -> None:  # fmt: skip
    """Plastic is counted here for the first time: bundle by bundle it is born at the holder."""
    cards = list(Card.objects.filter(batch=batch, application_ref__in=list(bound)).order_by("bundle_id", "line"))
    target = good(holder, batch)
    bundles = {bundle.pk: bundle for bundle in Bundle.objects.filter(batch=batch)}
    for pk, group_ in groupby(cards, key=lambda card: card.bundle_id):
        mine = list(group_)
        for card in mine:
            card.serial, chip = bound[card.application_ref]
            card.chip_serial = chip or None
        born(bundles[pk], mine, source, target, by=by, step=step, handover=handover)


def embed(work: Work, done: Done, step: StepRecord) -> None:
    """Material is used and becomes cards: each kind sums to zero, and the cards are born."""
    assert work.batch is not None
    holder = organisation(work.organisation)
    consume(work.batch.code, holder, len(done.born), by=work.by, step=step)
    bind(work.batch, holder, done.born, in_work(work.batch.code, holder), by=work.by, step=step)


def consume(
    batch_code: str, holder: Organisation, n: int, *, kinds: Sequence[str] = (), by: str, step: StepRecord | None
) -> None:  # fmt: skip
    """n pieces of each kind become what they become (modules *used*, blanks *work*), the first drawn lot first.

    `kinds`: those that lie there for the batch, where none are named. Raises NotAllowed where fewer than n lie there.
    """
    lying = drawn(batch_code, holder)
    for kind in kinds or dict.fromkeys(row.kind for row in lying):
        wanted = n
        for row in lying:
            take = min(wanted, row.n) if row.kind == kind else 0
            if take:
                move(row.at, _becomes(batch_code, holder, row), Quantity(take), cause="embed", by=by, step=step)
                wanted -= take
        if wanted:
            lack = f"账上{KINDS[kind].title}缺 {wanted} 件"
            raise NotAllowed(by, f"用料 {batch_code}", f"{lack}, 先盘点 (zhika do count_stock)")


def _becomes(batch_code: str, holder: Organisation, row: Lying) -> Place:
    """A used module stays its lot's; blanks of all lots come together, for a bundle of cards is born of one place."""
    state = KINDS[row.kind].becomes
    within = row.at.group if state is State.USED else material_group(batch_code, row.kind)
    return place(holder, state, within)


def in_work(batch_code: str, holder: Organisation) -> Place:
    """Of what a batch's cards are born: blanks, or blanks with their chip, whichever the holder works on."""
    kinds = [row.kind for row in drawn(batch_code, holder, State.WORK)]
    return place(holder, State.WORK, material_group(batch_code, kinds[0] if kinds else BLANK))


def fail(
    batch: Batch,
    causes: Mapping[str, str],
    *,
    step: str,
    source: str,
    rows: Mapping[str, tuple[str, int]] | None = None,
    texts: Mapping[str, str] | None = None,
) -> list[Card]:
    """Cards leave the batch with their cause, each once; what a lane keeps of them follows (`registry.LEFT`).

    `rows`: document and row at fault; `texts`: what was said beside the cause.
    """
    cards = list(Card.objects.filter(batch=batch, application_ref__in=list(causes), failure=None))
    happened = connection.ops.adapt_datetimefield_value(timezone.now())
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO ledger_failure (card_id, cause, step, source, text, happened_at, document, \"row\")"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (card.pk, causes[card.application_ref], step, source, (texts or {}).get(card.application_ref, "")[:200],
                 happened, *(rows or {}).get(card.application_ref, ("", None)))
                for card in cards
            ],
        )  # fmt: skip
    if cards:
        for left in LEFT:
            left(batch, [card.application_ref for card in cards])
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
    if document is MATERIAL:
        legs = material_legs(drawn(work.batch.code, giver))
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


def material_legs(lying: Sequence[Lying]) -> list[tuple[Place, Place, What]]:
    """Material that leaves its holder, lot by lot: the order is that of the document's rows."""
    return [
        (row.at, place(row.at.organisation, State.GIVEN, row.at.group), Quantity(row.n)) for row in lying
    ]  # fmt: skip


def handover_code(work: Work, document: Document) -> str:
    """The giver makes the key: the same step makes the same key."""
    return code_of(work.subject.code, document, work.lane)


def code_of(subject: str, document: Document, giver: Lane) -> str:
    """Key of a handover, which giver and taker make alike: material that comes back has another than what was sent.

    >>> from zhika.flows.documents import MATERIAL
    >>> code_of("A1-02-261123-01", MATERIAL, Lane.SUPPLIER)
    'A1-02-261123-01~material-return'
    """
    back = document is MATERIAL and giver is Lane.SUPPLIER
    return f"{subject}~{document.code}" + ("-return" if back else "")


def receiver(document: Document, work: Work) -> Lane:
    """The lane of this chart that takes a document which this row's lane sends."""
    lanes = [lane for lane in document.receivers if lane is not work.step.lane and lane in work.flow.lanes]
    if len(lanes) != 1:
        raise ZhikaError(f"{document.code}: 无法确定接收方")
    return lanes[0]
