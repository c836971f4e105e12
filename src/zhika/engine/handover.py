"""Two-sided handover, the taker's side: the trays are read, counted against the document, and accepted."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from django.utils import timezone

from zhika.engine import desk, parcels, plastic
from zhika.engine.booking import cards_of
from zhika.engine.carrying import all_here, tray_kind
from zhika.engine.check import person_key
from zhika.engine.post import taken_manifest
from zhika.engine.registry import engine_act
from zhika.engine.work import ActWork, Bound, Done
from zhika.errors import NotAllowed, NotReady
from zhika.flows.documents import ACCEPTANCE, BY_CODE, CARD_LIST, MATERIAL
from zhika.flows.lanes import Lane
from zhika.ledger.batches import Batch, Organisation, organisation
from zhika.ledger.cards import Card
from zhika.ledger.custody import WHOLE, Cards, Quantity, close, move
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
    pieces: Mapping[str, int]
    """Number of pieces by kind of tray."""


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
    pieces: dict[str, int] = {}
    for path in paths:
        with things.on_bench(seat.world, path) as tray:
            kind = tray_kind(path)
            lying = tray.pieces()
            pieces[kind] = pieces.get(kind, 0) + len(lying)
            for piece in lying:
                if piece.serial:
                    serials[piece.serial] = tray.camera(piece, hidden=things.hidden(lane))
    return Read(tuple(paths), serials, pieces)


def _accept_material(work: ActWork, paper: Paper, sides: Sides, read: Read, rows: pl.DataFrame) -> Done:
    told: Counter[str] = Counter()
    for row in rows.iter_rows(named=True):
        told[row["kind"]] += int(row["count"])
    counted = {kind: read.pieces.get(f"{kind}s", 0) for kind in told}
    lines = [_line(work.subject, kind, told[kind], counted[kind]) for kind in told]

    def write() -> None:
        handover = _register(work, paper, sides, sum(told.values()), plastic.material_group(paper.batch_code, "blank"))
        for kind, n in counted.items():
            within = plastic.material_group(paper.batch_code, kind)
            outside = place(sides.giver, State.OUTSIDE, within)
            if n and paper.sender != work.seat.name:
                move(
                    outside,
                    place(sides.taker, State.BLANK, within),
                    Quantity(n),
                    cause="accept",
                    by=work.by,
                    handover=handover,
                )
        close(
            handover,
            accepted=sum(counted.values()),
            missing=[f"{k}" for k in told for _ in range(told[k] - counted[k])],
        )
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
            foreign = surplus
            if batch.bundles.filter(birth_movement__isnull=False).exists():
                _take_known(work, batch, sides, [s for s in listed if s in read.serials], missing, handover)
            else:
                _take_new(work, paper, batch, sides, read, listed)
                foreign = sorted(set(surplus) - {card.serial for card in cards_of(batch, surplus)})
            known = cards_of(batch, missing)
            close(
                handover, accepted=len(listed) - len(missing) + len(foreign), missing=known, surplus=foreign,
                unseen=len(missing) - len(known),
            )  # fmt: skip
        Paper.objects.filter(pk=paper.pk).update(counted=True)
        if paper.type == CARD_LIST.code:
            plastic.void_failed(batch, by=work.by)
            parcels.prepare(batch, sides.taker)

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
    work: ActWork, paper: Paper, batch: Batch, sides: Sides, read: Read, listed: Mapping[str, Mapping[str, str]]
) -> None:  # fmt: skip
    """The plastic is counted on this seat for the first time: cards are born here, void ones leave at once."""
    roster = dict(Card.objects.filter(batch=batch).values_list("application_ref", "person_key"))
    bound: dict[str, Bound] = {}
    causes: dict[str, str] = {}
    for serial, row in listed.items():
        if serial in read.serials and row["app_no"] in roster:
            bound[row["app_no"]] = Bound(serial, row.get("chip_serial", ""))
            if row.get("condition") == "void":
                causes[row["app_no"]] = row.get("cause") or "interrupted"
    people = {key: app for app, key in roster.items() if app not in bound}
    told = {card.serial for card in bound.values()}
    for serial, face in read.serials.items():
        app = people.get(person_key(work.seat.home, face.get("id_no", ""), face.get("name", "")))
        # In the tray, but the list doesn't say whose, or names somebody unknown: whose it is stands on its face.
        if serial not in told and app and app not in bound:
            bound[app] = Bound(serial, "")
            causes[app] = "row-missing"
    if work.seat.platform:
        plastic.consume(batch.code, sides.giver, len(bound), by=work.by, step=None)
        source = place(sides.giver, State.WORK, plastic.material_group(batch.code, plastic.BLANK))
    else:
        source = place(sides.giver, State.OUTSIDE, plastic.batch_group(batch))
    plastic.bind(batch, sides.taker, bound, source, by=work.by, step=None)
    plastic.fail(batch, causes, step="accept", source=paper.sender)
    plastic.void_failed(batch, by=work.by)


def _take_known(
    work: ActWork, batch: Batch, sides: Sides, came: list[str], missing: list[str], handover: Handover
) -> None:
    """Cards that these books know already: from the giver to the taker, what is missing stands with the giver.

    A card that is void here stays void, whatever the list says of it.
    """
    cards = cards_of(batch, [*came, *missing])
    lying = where([card.pk for card in cards])
    places = {p.pk: p for p in Place.objects.filter(pk__in=set(lying.values())).select_related("organisation", "group")}
    within = plastic.batch_group(batch)
    lost = place(sides.giver, State.MISSING, within)
    for at, source in places.items():
        void, counted = source.state == State.VOID, source.state in (State.GOOD, State.VOID)
        gone = [c.pk for c in cards if lying.get(c.pk) == at and c.serial in missing and counted]
        here = [c.pk for c in cards if lying.get(c.pk) == at and c.serial in came]
        if gone:
            move(source, lost, Cards(gone), cause="missing", by=work.by, handover=handover)
        if here and source.organisation_id == sides.giver.pk:
            whole = source.state == State.GOOD and count(source) == len(here)
            target = place(sides.taker, State.VOID if void else State.GOOD, within)
            move(source, target, WHOLE if whole else Cards(here), cause="accept", by=work.by, handover=handover)
            if source.state == State.MISSING:
                Case.objects.filter(card_id__in=here, closed_at=None).update(closed_at=timezone.now(), closing="找回")


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
