"""Two-sided handover: the taker reads the tray and accepts, the giver books the acceptance, differences get a case."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from django.utils import timezone

from zhika.card import tray as trays
from zhika.engine import desk, parcels, plastic
from zhika.engine.check import person_key
from zhika.engine.lists import print_handover
from zhika.engine.post import taken_manifest
from zhika.engine.registry import ERRANDS, engine_act
from zhika.engine.work import ActWork, Bound, Done
from zhika.errors import CardError, NotAllowed, NotReady
from zhika.flows.documents import ACCEPTANCE, BY_CODE, CARD_LIST, MATERIAL
from zhika.flows.lanes import Lane
from zhika.ledger.batches import Batch, Organisation, organisation
from zhika.ledger.cards import Card
from zhika.ledger.custody import (
    WHOLE,
    Cards,
    Case,
    Handover,
    Place,
    Quantity,
    State,
    close,
    count,
    group,
    move,
    place,
    where,
)  # fmt: skip
from zhika.ledger.steps import Paper
from zhika.seat import things
from zhika.seat.config import Seat

MARK = "--"
"""Between a handover's code and a tray's name while it travels."""


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
    sides = sides_of(work.seat, paper)
    paths = all_here(work.seat, paper, sides.taker.code)
    if not paths:
        raise NotReady(f"交接 {work.subject}: 料盘未到齐 {sides.taker.code} 的收货处")
    read = _read_trays(work.seat, paths, _lane(work.seat, paper))
    rows = desk.read(work.seat, paper)
    if paper.type == MATERIAL.code:
        return _accept_material(work, paper, sides, read, rows)
    return _accept_cards(work, paper, sides, read, rows)


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


def arrived(seat: Seat, taker: str, code: str) -> list[Path]:
    """Trays of a handover that stand in the taker's inbox of things."""
    return sorted(seat.bench(taker, "in").glob(f"{code}{MARK}*.tray"))


def all_here(seat: Seat, paper: Paper, taker: str) -> list[Path]:
    """The trays of a handover once all have come: a courier may bring them one by one. Empty before.

    Material travels in a tray of each kind that its document names, cards in one tray.
    """
    paths = arrived(seat, taker, paper.handover_code)
    if paper.type == MATERIAL.code and paths:
        told = {f"{kind}s" for kind in desk.read(seat, paper)["kind"]}
        if not told <= {_kind(path) for path in paths}:
            return []
    return paths


def _kind(path: Path) -> str:
    return path.name.rsplit(".", 2)[1]


def _read_trays(seat: Seat, paths: Sequence[Path], lane: Lane) -> Read:
    serials: dict[str, Mapping[str, str]] = {}
    pieces: dict[str, int] = {}
    for path in paths:
        with things.on_bench(seat.world, path) as tray:
            kind = _kind(path)
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


def _accept_cards(work: ActWork, paper: Paper, sides: Sides, read: Read, rows: pl.DataFrame) -> Done:
    batch = Batch.objects.filter(code=paper.batch_code).first()
    if batch is None:
        raise NotReady(f"批次 {paper.batch_code} 尚未在本席位开立, 稍后再接收")
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
            if batch.bundles.filter(birth_movement__isnull=False).exists():
                _take_known(work, batch, sides, [s for s in listed if s in read.serials], missing, handover)
            else:
                _take_new(work, paper, batch, sides, read, listed)
            known = _cards(batch, missing)
            close(handover, accepted=len(listed) - len(missing), missing=known, unseen=len(missing) - len(known))
            for serial in sorted(set(read.serials) - {card.serial for card in _cards(batch, [*read.serials])}):
                Case.objects.create(kind="surplus", handover=handover, serial=serial, opened_at=timezone.now())
        Paper.objects.filter(pk=paper.pk).update(counted=True)
        if paper.type == CARD_LIST.code:
            parcels.prepare(batch, sides.taker)

    return _answer(work, paper, sides, lines, write)


def _register(work: ActWork, paper: Paper, sides: Sides, n: int, within: object) -> Handover:
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
    """Cards that these books know already: from the giver to the taker, what is missing stands with the giver."""
    cards = _cards(batch, [*came, *missing])
    lying = where([card.pk for card in cards])
    places = {p.pk: p for p in Place.objects.filter(pk__in=set(lying.values())).select_related("organisation", "group")}
    within = plastic.batch_group(batch)
    target, lost = place(sides.taker, State.GOOD, within), place(sides.giver, State.MISSING, within)
    for at, source in places.items():
        gone = [c.pk for c in cards if lying.get(c.pk) == at and c.serial in missing and source.state == State.GOOD]
        here = [c.pk for c in cards if lying.get(c.pk) == at and c.serial in came]
        if gone:
            move(source, lost, Cards(gone), cause="missing", by=work.by, handover=handover)
        if here and source.organisation_id == sides.giver.pk:
            whole = source.state == State.GOOD and count(source) == len(here)
            move(source, target, WHOLE if whole else Cards(here), cause="accept", by=work.by, handover=handover)
            if source.state == State.MISSING:
                Case.objects.filter(card_id__in=here, closed_at=None).update(closed_at=timezone.now(), closing="找回")


def _cards(batch: Batch, serials: list[str]) -> list[Card]:
    return list(Card.objects.filter(batch=batch, serial__in=serials))


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


@engine_act
def book_acceptance(work: ActWork) -> Done:
    """交接回执入账: accepted cards move to the taker, what is missing stands with the giver, with a case each."""
    assert work.rows is not None and work.paper is not None
    rows = work.rows
    code = rows["handover"][0]
    handover = (
        Handover.objects.select_related("from_organisation", "to_organisation", "batch").filter(code=code).first()
    )
    if handover is None:
        raise NotReady(f"交接回执所指的交接 {code} 不是本席位移交的")

    def write() -> None:
        if handover.accepted is not None:
            return
        _book(work, handover, rows)

    return Done(write=write)


def _book(work: ActWork, handover: Handover, rows: pl.DataFrame) -> None:
    giver, taker, batch = handover.from_organisation, handover.to_organisation, handover.batch
    told = {row["kind"]: row for row in rows.iter_rows(named=True) if not row["serial"]}
    lost = [row["serial"] for row in rows.iter_rows(named=True) if row["serial"] and row["kind"] == "missing"]
    given = {m.to_place_id for m in handover.movements.filter(cause="give")}
    accepted, missing = 0, list[Card | str]()
    for source in Place.objects.filter(pk__in=given).select_related("group"):
        if handover.document == "material":
            kind = source.group.code.rsplit(":", 1)[1]
            n = int(told[kind]["accepted"])
            rest = count(source) - n
            if n:
                target = place(taker, State.BLANK, source.group)
                move(source, target, Quantity(n), cause="accepted", by=work.by, handover=handover)
            if rest:
                move(source, place(giver, State.MISSING, source.group), Quantity(rest), cause="missing", by=work.by,
                     handover=handover)  # fmt: skip
                missing += [kind] * rest
            accepted += n
            continue
        assert batch is not None
        here = where([card.pk for card in _cards(batch, lost)])
        gone = [pk for pk, at in here.items() if at == source.pk]
        if gone:
            target = place(giver, State.MISSING, plastic.batch_group(batch))
            move(source, target, Cards(gone), cause="missing", by=work.by, handover=handover)
            missing += list(Card.objects.filter(pk__in=gone))
        void = source.group.kind == "void"
        parcel = source.group.kind == "parcel"
        within = source.group if parcel else plastic.batch_group(batch)
        if n := count(source):
            target = place(taker, State.VOID if void else State.GOOD, within)
            move(source, target, WHOLE, cause="accepted", by=work.by, handover=handover)
            accepted += n
    close(handover, accepted=accepted, missing=missing)
    if batch is not None:
        plastic.void_failed(batch, by=work.by)


@engine_act
def found(work: ActWork) -> Done:
    """短少卡找回: before the bank has finished it is void; afterwards it is a new handover of its own."""
    card = Card.objects.select_related("batch__office").filter(serial=work.subject).first()
    at = where([card.pk]).get(card.pk) if card else None
    lies = Place.objects.select_related("organisation", "group").filter(pk=at).first() if at else None
    if card is None or lies is None or lies.state != State.MISSING:
        raise NotReady(f"卡 {work.subject} 没有短少案")
    holder, batch = lies.organisation, card.batch
    listed = _listed(work.seat, batch, work.subject)
    bench = work.seat.bench(holder.code, "bench")
    if listed is None:
        _lay(work, holder.code, bench / f"{batch.code}.cards.tray")
        return Done(write=lambda: _found_void(work, card, lies))
    nth = Handover.objects.filter(batch=batch, document=CARD_LIST.code).count() + 1
    code = f"{batch.code}~{CARD_LIST.code}+{nth}"
    taker = organisation(batch.parties.get(lane=Lane.CENTRE).organisation.code)
    name = f"{batch.code}.good.tray"
    print_handover(work.seat, CARD_LIST, listed, code, holder, taker, work.now)
    _lay(work, holder.code, bench / name)

    def write() -> None:
        within = plastic.batch_group(batch)
        handover = Handover.objects.create(
            code=code, from_organisation=holder, to_organisation=taker, group=within, batch=batch,
            document=CARD_LIST.code, subject_kind="batch", subject=batch.code, given=1, given_at=timezone.now(),
        )  # fmt: skip
        again = group(f"{batch.code}/again{nth}", "batch", batch.code)
        move(lies, place(holder, State.GIVEN, again), Cards([card.pk]), cause="give", by=work.by, handover=handover)
        Case.objects.filter(card=card, closed_at=None).update(closed_at=timezone.now(), closing=f"找回: {work.reason}")
        handover.trays = [name]
        handover.save(update_fields=["trays"])

    return Done(documents={CARD_LIST: listed}, handover=code, write=write)


def _found_void(work: ActWork, card: Card, lies: Place) -> None:
    target = place(lies.organisation, State.VOID, plastic.batch_group(card.batch))
    move(lies, target, Cards([card.pk]), cause="found", by=work.by)
    Case.objects.filter(card=card, closed_at=None).update(closed_at=timezone.now(), closing=f"找回作废: {work.reason}")


def _listed(seat: Seat, batch: Batch, serial: str) -> pl.DataFrame | None:
    """The card's row of the card list that this seat sent; None where the bank hasn't delivered, or isn't here."""
    for paper in Paper.objects.filter(batch_code=batch.code, type=CARD_LIST.code, sender=seat.name):
        rows = desk.read(seat, paper).filter(pl.col("card_serial") == serial)
        if rows.height:
            return rows
    return None


def _lay(work: ActWork, holder: str, target: Path) -> None:
    """The found card goes from the finder's tray onto the bench; where a worker cut off has laid it, it stays."""
    source = found_tray(work.seat, holder)
    if not target.exists():
        trays.create(target, target.stem, "cards")
    with things.on_bench(work.seat.world, target) as new:
        if source.exists():
            with things.on_bench(work.seat.world, source) as old:
                piece = old.find(work.subject)
                if piece:
                    old.move(piece, new)
        if new.find(work.subject) is None:
            raise CardError(f"{source.name} 中没有卡 {work.subject}")


def found_tray(seat: Seat, holder: str) -> Path:
    """Where a card that was missing lies when somebody finds it: among what comes in at its giver's."""
    return seat.bench(holder, "in") / "found.tray"


def turned_up(seat: Seat, holder: str, batch_code: str, serial: str) -> bool:
    """Whether a missing card lies in the finder's tray, or where a worker cut off has laid it already."""
    bench = seat.bench(holder, "bench")
    for path in (found_tray(seat, holder), bench / f"{batch_code}.cards.tray", bench / f"{batch_code}.good.tray"):
        if path.exists():
            try:
                with things.on_bench(seat.world, path) as tray:
                    if tray.find(serial):
                        return True
            except CardError:  # busy, or just carried away: one looks again later
                continue
    return False


# Trays on their way ------------------------------------------------------------------------------------------------


def ship(seat: Seat) -> int:
    """Send off the trays of what was given: sealed and carried into the giver's out/TAKER/. Safe to repeat."""
    shipped = 0
    for handover in Handover.objects.filter(shipped=False).select_related("from_organisation", "to_organisation"):
        bench = seat.bench(handover.from_organisation.code, "bench")
        out = seat.bench(handover.from_organisation.code, "out") / handover.to_organisation.code
        try:
            for name in handover.trays:
                if (bench / name).exists():
                    trays.move(bench / name, out, f"{handover.code}{MARK}{name}")
        except CardError:  # busy, or another worker of this seat carries it at this moment
            continue
        shipped += Handover.objects.filter(pk=handover.pk, shipped=False).update(shipped=True)
    return shipped


def put_away(seat: Seat, code: str) -> None:
    """收货上架: the trays of what was accepted onto the taker's bench; one of a name that lies there joins that one."""
    taker = Handover.objects.get(code=code).to_organisation.code
    bench = seat.bench(taker, "bench")
    for path in arrived(seat, taker, code):
        name = path.name.split(MARK, 1)[1]
        if (bench / name).exists():
            _join(seat, path, bench / name)
        else:
            trays.move(path, bench, name)


ERRANDS[None, "accept"] = put_away


def _join(seat: Seat, path: Path, target: Path) -> None:
    with things.on_bench(seat.world, path) as came, things.on_bench(seat.world, target) as here:
        for piece in came.pieces():
            came.move(piece, here)
    path.unlink(missing_ok=True)
