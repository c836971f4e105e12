"""Two-sided handover, the taker's side: the trays are read, counted against the document, and accepted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from django.utils import timezone

from zhika.engine import desk, incoming, parcels, plastic
from zhika.engine.batches import roster
from zhika.engine.booking import cards_of
from zhika.engine.carrying import all_here
from zhika.engine.post import taken_manifest
from zhika.engine.registry import ARRIVED, engine_act
from zhika.engine.whose import whose
from zhika.engine.work import ActWork, Done
from zhika.errors import NotAllowed, NotReady
from zhika.flows import FLOWS
from zhika.flows.causes import KEPT
from zhika.flows.chart import Grain
from zhika.flows.documents import ACCEPTANCE, BY_CODE, CARD_LIST, MATERIAL, RETURNED
from zhika.flows.lanes import Lane
from zhika.ledger.batches import Batch, Organisation, organisation
from zhika.ledger.custody import WHOLE, Cards, close, move
from zhika.ledger.places import Case, Group, Handover, Place, State, count, place
from zhika.ledger.steps import Paper
from zhika.ledger.where import where
from zhika.seat import things
from zhika.seat.config import Seat


@dataclass(frozen=True)
class Sides:
    """Who gives and who takes, as this seat's books name them."""

    giver: Organisation
    taker: Organisation


@dataclass(frozen=True)
class Read:
    """What was read from the trays that came."""

    paths: tuple[Path, ...]
    serials: Mapping[str, Mapping[str, str]]
    """Card serial → printed fields as far as the lane sees them."""
    pieces: Mapping[Path, incoming.Read]
    """Number of pieces by tray."""


@engine_act
def accept(work: ActWork) -> Done:
    """清点、接收: read the trays, count them against the document, and say so to the giver."""
    paper = _awaiting(work)
    if work.batch is None or work.batch.code != paper.batch_code:  # the answer travels under the batch
        raise NotReady(f"批次 {paper.batch_code} 尚未在本席位开立, 稍后再接收")
    sides = sides_of(work.seat, paper)
    paths = all_here(work.seat, paper, sides.taker.code)
    if not paths:
        raise NotReady(f"交接 {work.subject}: 料盘未到齐 {sides.taker.code} 的收货处")
    read = _read_trays(work.seat, paths, _lane(work.seat, paper))
    rows = desk.read(work.seat, paper)
    if paper.type == MATERIAL.code:
        return _accept_material(work, paper, sides, read, rows)
    return _accept_cards(work, paper, work.batch, sides, read, rows)


def _awaiting(work: ActWork) -> Paper:
    paper = (
        Paper.objects.filter(handover_code=work.subject, receiver=work.seat.name, state__in=[Paper.FILED, Paper.USED])
        .order_by("pk").first()
    )  # fmt: skip
    if paper is None:
        raise NotReady(f"交接 {work.subject}: 清单未到, 先收信 (zhika work), 或核对交接编号 (zhika todo)")
    if paper.counted:
        raise NotAllowed(work.by, f"再次接收 {work.subject}", "已清点接收")
    return paper


def _lane(seat: Seat, paper: Paper) -> Lane:
    document = BY_CODE[paper.type]
    return next(lane for lane in sorted(document.receivers & seat.lanes) if lane != paper.sender_lane)


def sides_of(seat: Seat, paper: Paper) -> Sides:
    """From this seat's own handover where it gave, else from the manifest under which the document came."""
    own = Handover.objects.filter(code=paper.handover_code).first()
    if own:
        return Sides(own.from_organisation, own.to_organisation)
    parties = taken_manifest(seat, paper).parties
    lane = _lane(seat, paper)
    return Sides(organisation(parties[Lane(paper.sender_lane)].organisation), organisation(parties[lane].organisation))


def _read_trays(seat: Seat, paths: Sequence[Path], lane: Lane) -> Read:
    serials: dict[str, Mapping[str, str]] = {}
    pieces: dict[Path, incoming.Read] = {}
    for path in paths:
        with things.on_bench(seat.world, path) as tray:
            lying = tray.pieces()
            void = sum(bool(piece.condition) for piece in lying)
            pieces[path] = incoming.Read(len(lying) - void, void)
            for piece in lying:
                if piece.serial:
                    serials[piece.serial] = tray.camera(piece, hidden=things.hidden(lane))
    return Read(tuple(paths), serials, pieces)


def _accept_material(work: ActWork, paper: Paper, sides: Sides, read: Read, rows: pl.DataFrame) -> Done:
    arrived = incoming.came(rows, paper.batch_code, read.pieces)
    lines = [_line(work.subject, row.kind, row.told, row.n) for row in arrived]

    def write() -> None:
        within = plastic.material_group(paper.batch_code, plastic.BLANK)
        handover = _register(work, paper, sides, sum(row.told for row in arrived), within)
        incoming.book(paper, handover, arrived, here=paper.sender == work.seat.name, by=work.by)
        Paper.objects.filter(pk=paper.pk).update(counted=True)

    return _answer(work, paper, sides, lines, write)


def _accept_cards(
    work: ActWork, paper: Paper, batch: Batch, sides: Sides, read: Read, rows: pl.DataFrame
) -> Done:  # fmt: skip
    listed = {row["card_serial"]: row for row in rows.iter_rows(named=True)}
    missing = sorted(set(listed) - set(read.serials))
    surplus = sorted(set(read.serials) - set(listed))
    kinds = {serial: row.get("condition", "good") for serial, row in listed.items()}
    lines = []
    for kind in ("good", "void"):
        given = sum(k == kind for k in kinds.values())
        lines.append(_line(work.subject, kind, given, given - sum(kinds[s] == kind for s in missing)))
    lines += [_line(work.subject, "missing", 1, 0, serial) for serial in missing]
    lines += [_line(work.subject, "surplus", 0, 1, serial) for serial in surplus]

    def write() -> None:
        handover = _register(work, paper, sides, len(listed), plastic.batch_group(batch))
        if paper.sender != work.seat.name:
            if paper.type == RETURNED.code:
                _fail_returned(work, paper, batch, listed, read)
            if batch.bundles.filter(birth_movement__isnull=False).exists():
                _take_known(work, batch, sides, [s for s in listed if s in read.serials], missing, handover)
                known = cards_of(batch, missing)
                close(
                    handover, accepted=len(listed) - len(missing) + len(surplus), missing=known, surplus=surplus,
                    unseen=len(missing) - len(known),
                )  # fmt: skip
            else:
                nobodys = _take_new(work, paper, batch, sides, read, rows, handover)
                born = len(read.serials) - len(nobodys)
                close(handover, accepted=len(read.serials), surplus=nobodys, unseen=len(listed) - born)
        Paper.objects.filter(pk=paper.pk).update(counted=True)
        if paper.type == CARD_LIST.code:
            plastic.void_failed(batch, by=work.by)
            if any(step.grain is Grain.PARCEL for step in FLOWS[batch.process].steps):
                parcels.prepare(batch, sides.taker)
            else:
                for arrived in ARRIVED:
                    arrived(batch, sorted(set(listed) & set(read.serials)))

    return _answer(work, paper, sides, lines, write)


def _register(work: ActWork, paper: Paper, sides: Sides, n: int, within: Group) -> Handover:
    """The taker's own row of the handover; where giver and taker share a seat it is one and the same."""
    found = Handover.objects.filter(code=work.subject).first()
    return found or Handover.objects.create(
        code=work.subject, from_organisation=sides.giver, to_organisation=sides.taker, group=within,
        batch=Batch.objects.filter(code=paper.batch_code).first(), document=paper.type, subject_kind=paper.subject_kind,
        subject=paper.subject, given=n, given_at=paper.made_at, shipped=True,
    )  # fmt: skip


def _take_new(
    work: ActWork, paper: Paper, batch: Batch, sides: Sides, read: Read, rows: pl.DataFrame, handover: Handover
) -> Sequence[str]:  # fmt: skip
    """The plastic is counted on this seat for the first time: cards are born here, void ones leave at once.

    Returns the serials of what is nobody's here.
    """
    found = whose(BY_CODE[paper.type], rows, roster(batch), read.serials, work.seat.home)
    if work.seat.platform:
        plastic.consume(batch.code, sides.giver, len(found.bound), by=work.by, step=None)
        source = plastic.in_work(batch.code, sides.giver)
    else:
        source = place(sides.giver, State.OUTSIDE, plastic.batch_group(batch))
    plastic.bind(batch, sides.taker, found.bound, source, by=work.by, step=None, handover=handover)
    plastic.fail(batch, found.void, step="accept", source=paper.sender)
    plastic.void_failed(batch, by=work.by)
    return found.nobodys


def _take_known(
    work: ActWork, batch: Batch, sides: Sides, came: list[str], missing: list[str], handover: Handover
) -> None:
    """Cards that these books know already: from the giver to the taker, what is missing stands with the giver.

    A card that is void here stays void, whatever the list says of it; a returned one is kept.
    """
    cards = cards_of(batch, [*came, *missing])
    lying = where([card.pk for card in cards])
    places = {p.pk: p for p in Place.objects.filter(pk__in=set(lying.values())).select_related("organisation", "group")}
    within = plastic.batch_group(batch)
    lost = place(sides.giver, State.MISSING, within)
    for at, source in places.items():
        void, counted = source.state == State.VOID, source.state in (State.GOOD, State.VOID, State.HELD)
        gone = [c.pk for c in cards if lying.get(c.pk) == at and c.serial in missing and counted]
        here = [c.pk for c in cards if lying.get(c.pk) == at and c.serial in came]
        if gone:
            move(source, lost, Cards(gone), cause="missing", by=work.by, handover=handover)
        if here and source.organisation_id == sides.giver.pk:
            back = handover.document == RETURNED.code
            whole = source.state == State.GOOD and count(source) == len(here) and not back
            target = place(sides.taker, State.VOID if void else State.GOOD, within)
            target = plastic.returned(sides.taker, batch, void=void) if back else target
            move(source, target, WHOLE if whole else Cards(here), cause="accept", by=work.by, handover=handover)
            if source.state == State.MISSING:
                Case.objects.filter(card_id__in=here, closed_at=None).update(closed_at=timezone.now(), closing="找回")


def _fail_returned(
    work: ActWork, paper: Paper, batch: Batch, listed: Mapping[str, Mapping[str, str]], read: Read
) -> None:
    """Returned cards that came and whose cause makes them void."""
    came = {serial: row["cause"] for serial, row in listed.items() if serial in read.serials}
    void = {
        card.application_ref: came[card.serial or ""]
        for card in cards_of(batch, [*came])
        if came[card.serial or ""] not in KEPT
    }
    plastic.fail(batch, void, step="return_cards", source=paper.sender)
    plastic.void_failed(batch, by=work.by)


def _line(code: str, kind: str, given: int, accepted: int, serial: str = "") -> dict[str, str]:
    return {
        "handover": code, "kind": kind, "given": str(given), "accepted": str(accepted),
        "difference": str(given - accepted), "serial": serial,
    }  # fmt: skip


def _answer(
    work: ActWork, paper: Paper, sides: Sides, lines: list[dict[str, str]], write: Callable[[], None]
) -> Done:  # fmt: skip
    rows = pl.DataFrame(lines, schema=dict.fromkeys(ACCEPTANCE.columns, pl.String))

    to = {ACCEPTANCE: frozenset({paper.sender})}
    return Done(documents={ACCEPTANCE: rows}, to=to, write=write, after=work.subject)
