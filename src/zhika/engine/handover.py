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
                foreign = sorted(set(surplus) - {card.serial for card in _cards(batch, surplus)})
            known = _cards(batch, missing)
            close(
                handover, accepted=len(listed) - len(missing) + len(foreign), missing=known, surplus=foreign,
                unseen=len(missing) - len(known),
            )  # fmt: skip
        Paper.objects.filter(pk=paper.pk).update(counted=True)
        if paper.type == CARD_LIST.code:
            plastic.void_failed(batch, by=work.by)
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
    """Cards that these books know already: from the giver to the taker, what is missing stands with the giver.

    A card that is void here stays void, whatever the list says of it.
    """
    cards = _cards(batch, [*came, *missing])
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
    assert work.rows is not None
    handover, rows = answered(work), work.rows

    def write() -> None:
        if not Handover.objects.filter(pk=handover.pk, accepted=None).exists():
            return
        _book(work, handover, rows)

    return Done(write=write)


def answered(work: ActWork) -> Handover:
    """The handover that an acceptance closes.

    Raises NotReady where this seat gave none of this code, NotAllowed where the acceptance isn't its taker's, speaks
    of another batch, or of several handovers.
    """
    assert work.rows is not None and work.paper is not None
    code, paper = work.rows["handover"][0], work.paper
    handover = (
        Handover.objects.select_related("from_organisation", "to_organisation", "batch").filter(code=code).first()
    )
    if handover is None:
        raise NotReady(f"交接回执所指的交接 {code} 不是本席位移交的")
    batch, taker = handover.batch, handover.to_organisation
    if batch is None or paper.batch_code != batch.code or work.rows["handover"].n_unique() > 1:
        raise NotAllowed(paper.sender, f"回执交接 {code}", "回执与交接不属同一批次, 请接收方重开回执")
    if paper.sender not in _seats(work.seat, batch, taker):
        raise NotAllowed(paper.sender, f"回执交接 {code}", f"接收方是 {taker.code}, 只有接收方可回执")
    return handover


def _seats(seat: Seat, batch: Batch, one: Organisation) -> set[str]:
    """Where an organisation sits in a batch; who is no party to it (a unit) sits with us."""
    return set(batch.parties.filter(organisation=one).values_list("seat", flat=True)) or {seat.name}


def _book(work: ActWork, handover: Handover, rows: pl.DataFrame) -> None:
    giver, taker, batch = handover.from_organisation, handover.to_organisation, handover.batch
    assert batch is not None
    told = {row["kind"]: int(row["accepted"]) for row in rows.iter_rows(named=True) if not row["serial"]}
    named = {row["serial"]: row["kind"] for row in rows.iter_rows(named=True) if row["serial"]}
    given = {m.to_place_id for m in handover.movements.filter(cause="give")}
    cards = _cards(batch, [*named])
    lying = where([card.pk for card in cards])
    ours = {card.serial: card for card in cards if lying.get(card.pk) in given}
    # A given card that the list left out is told as surplus too, but isn't one.
    foreign = sorted(serial for serial, kind in named.items() if kind == "surplus" and serial not in ours)
    material = handover.document == MATERIAL.code
    if min(told.values(), default=0) < 0 or not (material or sum(told.values()) + len(ours) == handover.given):
        raise _does_not_add_up(work, handover)
    accepted, missing = len(foreign), list[Card | str]()
    for source in Place.objects.filter(pk__in=given).select_related("group"):
        if material:
            kind = source.group.code.rsplit(":", 1)[1]
            n = told.get(kind, 0)
            rest = count(source) - n
            if rest < 0:
                raise _does_not_add_up(work, handover)
            if n:
                target = place(taker, State.BLANK, source.group)
                move(source, target, Quantity(n), cause="accepted", by=work.by, handover=handover)
            if rest:
                move(source, place(giver, State.MISSING, source.group), Quantity(rest), cause="missing", by=work.by,
                     handover=handover)  # fmt: skip
                missing += [kind] * rest
            accepted += n
            continue
        gone = [card for s, card in ours.items() if named[s or ""] == "missing" and lying[card.pk] == source.pk]
        if gone:
            target = place(giver, State.MISSING, plastic.batch_group(batch))
            move(source, target, Cards([card.pk for card in gone]), cause="missing", by=work.by, handover=handover)
            missing += gone
        void = source.group.kind == "void"
        parcel = source.group.kind == "parcel"
        within = source.group if parcel else plastic.batch_group(batch)
        if n := count(source):
            target = place(taker, State.VOID if void else State.GOOD, within)
            move(source, target, WHOLE, cause="accepted", by=work.by, handover=handover)
            accepted += n
    close(handover, accepted=accepted, missing=missing, surplus=foreign)
    plastic.void_failed(batch, by=work.by)


def _does_not_add_up(work: ActWork, handover: Handover) -> NotAllowed:
    assert work.paper is not None
    rule = f"实收与短少合计不等于移交的 {handover.given}, 请接收方重新清点后回执"
    return NotAllowed(work.paper.sender, f"回执交接 {handover.code}", rule)


@engine_act
def found(work: ActWork) -> Done:
    """短少卡找回: before the bank has finished it is void; afterwards it is a new handover of its own.

    A card that was surplus goes back to the finder's tray of whoever gave it.
    """
    surplus = _surplus(work.subject)
    if surplus is not None:
        return _give_back(work, surplus)
    card = Card.objects.select_related("batch__office").filter(serial=work.subject).first()
    at = where([card.pk]).get(card.pk) if card else None
    lies = Place.objects.select_related("organisation", "group").filter(pk=at).first() if at else None
    if card is None or lies is None or lies.state != State.MISSING:
        raise NotReady(f"卡 {work.subject} 没有短少案或多出案")
    holder, batch = lies.organisation, card.batch
    listed = _listed(work.seat, batch, work.subject)
    bench = work.seat.bench(holder.code, "bench")
    if listed is None:
        _lay(work, holder.code, bench / f"{batch.code}.cards.tray")
        return Done(write=lambda: _found_void(work, card, lies))
    nth = Handover.objects.filter(batch=batch, document=CARD_LIST.code).count() + 1
    code = f"{batch.code}~{CARD_LIST.code}+{nth}"
    taker = organisation(batch.parties.get(lane=Lane.CENTRE).organisation.code)
    name = _laid(batch.code, work.subject)
    _lay(work, holder.code, bench / name)

    def write() -> None:
        within = plastic.batch_group(batch)
        facts = {
            "from_organisation": holder, "to_organisation": taker, "group": within, "batch": batch, "given": 1,
            "document": CARD_LIST.code, "subject_kind": "batch", "subject": batch.code, "given_at": timezone.now(),
            "trays": [name],
        }  # fmt: skip
        handover, new = Handover.objects.get_or_create(code=code, defaults=facts)
        if not new:
            raise NotReady(f"交接 {code} 刚由另一人开出, 请再办一次")
        print_handover(work.seat, CARD_LIST, listed, code, holder, taker, work.now)
        again = group(f"{batch.code}/again{nth}", "batch", batch.code)
        move(lies, place(holder, State.GIVEN, again), Cards([card.pk]), cause="give", by=work.by, handover=handover)
        Case.objects.filter(card=card, closed_at=None).update(closed_at=timezone.now(), closing=f"找回: {work.reason}")

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


def _laid(batch_code: str, serial: str) -> str:
    """Name on the bench of a found card's own tray; on its way it is named after its handover."""
    return f"{serial}{MARK}{batch_code}.good.tray"


def _surplus(serial: str) -> Case | None:
    """The oldest open case of a card that nobody listed."""
    cases = Case.objects.filter(kind="surplus", serial=serial, closed_at=None).order_by("pk")
    return cases.select_related("handover__batch", "handover__from_organisation", "handover__to_organisation").first()


def _give_back(work: ActWork, case: Case) -> Done:
    """多出卡退回: out of the taker's trays, if they lie on this seat, and the case is closed."""
    handover, seat = case.handover, work.seat
    giver, taker = handover.from_organisation.code, handover.to_organisation
    if handover.batch is not None and seat.name in _seats(seat, handover.batch, taker):
        back = seat.bench(taker.code, "out") / giver / found_tray(seat, giver).name
        lying = [*seat.bench(taker.code, "bench").glob("*.tray"), *arrived(seat, taker.code, handover.code)]
        for path in sorted(lying):
            with things.on_bench(seat.world, path) as tray:
                if piece := tray.find(work.subject):
                    back.parent.mkdir(parents=True, exist_ok=True)
                    trays.create(back, back.stem, "cards")
                    with things.on_bench(seat.world, back) as going:
                        tray.move(piece, going)

    def write() -> None:
        Case.objects.filter(pk=case.pk).update(closed_at=timezone.now(), closing=f"退回: {work.reason}")

    return Done(write=write)


def found_tray(seat: Seat, holder: str) -> Path:
    """Where a card that was missing lies when somebody finds it: among what comes in at its giver's."""
    return seat.bench(holder, "in") / "found.tray"


def turned_up(seat: Seat, holder: str, batch_code: str, serial: str) -> bool:
    """Whether a missing card lies in the finder's tray, or where a worker cut off has laid it already."""
    bench = seat.bench(holder, "bench")
    for path in (found_tray(seat, holder), bench / f"{batch_code}.cards.tray", bench / _laid(batch_code, serial)):
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
    """Send off the trays of what was given: sealed and carried into the giver's out/TAKER/. Safe to repeat.

    A tray that lies nowhere here hasn't been sent, unless its taker has counted it.
    """
    shipped = 0
    for handover in Handover.objects.filter(shipped=False).select_related("from_organisation", "to_organisation"):
        bench = seat.bench(handover.from_organisation.code, "bench")
        out = seat.bench(handover.from_organisation.code, "out") / handover.to_organisation.code
        travelling = {name: f"{handover.code}{MARK}{name.rpartition(MARK)[2]}" for name in handover.trays}
        try:
            for name, going in travelling.items():
                if (bench / name).exists():
                    trays.move(bench / name, out, going)
        except CardError:  # busy, or another worker of this seat carries it at this moment
            continue
        if handover.accepted is None and not all((out / going).exists() for going in travelling.values()):
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
