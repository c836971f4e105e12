"""From a fault to the cards that it concerns 召回: chip, COS version, consignment, print sheet, key generation.

Material is kept by consignment and batch, never by piece: a card is certainly concerned where its batch drew from no
other consignment, and may be where it did.
"""

from django.db.models import Q, QuerySet

from zhika.engine import desk
from zhika.errors import NotReady
from zhika.flows.documents import FACE_DATA, RURAL_FACE_DATA
from zhika.lanes.integrator.models import Consignment, Draw, PrintRow, Production
from zhika.ledger.batches import Batch
from zhika.ledger.cards import Card, Failure
from zhika.ledger.steps import Paper
from zhika.seat.config import Seat

Traced = dict[int, bool]
KEPT_EMPTY = ("photo-bad", "glyph-missing", "row-differs")
"""Causes found while a sheet is drawn: the place on it stays empty."""


def chip(seat: Seat, serial: str) -> Traced:
    """The card of one chip: as the chip was read when it was written, or as the supplier's list told it."""
    apps = Production.objects.filter(chip_serial=serial).values("app_no")
    cards = Card.objects.filter(application_ref__in=apps, serial__isnull=False)
    if not cards.exists():
        cards = Card.objects.filter(chip_serial=serial, serial__isnull=False)
    return _certain(cards, True, NotReady(f"没有芯片 {serial}"))


def cos(seat: Seat, version: str) -> Traced:
    """Cards made from modules that were bought with this COS version."""
    material = Consignment.objects.filter(cos_version=version)
    if not material.exists():
        known = sorted(set(Consignment.objects.exclude(cos_version="").values_list("cos_version", flat=True)))
        raise NotReady(f"没有 COS 版本 {version} 的来料。已有: {'、'.join(known) or '无'}")
    return _drawn(material)


def consignment(seat: Seat, code: str) -> Traced:
    """Cards of the batches that drew modules or blanks of this consignment."""
    material = Consignment.objects.filter(code=code)
    if not material.exists():
        raise NotReady(f"没有来料批号 {code}")
    return _drawn(material)


def _drawn(material: QuerySet[Consignment]) -> Traced:
    kinds = set(material.values_list("kind", flat=True))
    taken = Draw.objects.filter(consignment__in=material)
    codes = set(taken.values_list("batch_code", flat=True))
    others = Draw.objects.filter(batch_code__in=codes, consignment__kind__in=kinds).exclude(consignment__in=material)
    mixed = set(others.values_list("batch_code", flat=True))
    found: Traced = {}
    for code in sorted(codes):
        cards = Card.objects.filter(batch__code=code, serial__isnull=False)
        found |= dict.fromkeys(cards.values_list("pk", flat=True), code not in mixed)
    return found


def sheet(seat: Seat, named: str) -> Traced:
    """BATCH:N: the cards on the N-th print sheet of a batch, from 1.

    Sheets hold [supplier] sheet_columns × sheet_rows faces of this seat's own seat.toml; say there what the supplier's
    press prints. Faces stand in the order of the face data; of cards made here, in that of their print places.
    """
    code, _, number = named.rpartition(":")
    batch = Batch.objects.filter(code=code).first()
    if batch is None or not number.isdecimal():
        raise NotReady(f"没有印张 {named}: 写成 批次编号:张号, 如 A1-02-261123-01:3")
    on_sheet = seat.supplier.sheet_columns * seat.supplier.sheet_rows
    faces = _own_faces(code) or _printed(seat, batch)
    there = faces[(int(number) - 1) * on_sheet : int(number) * on_sheet] if int(number) else []
    if not there:
        raise NotReady(f"批次 {code} 没有第 {number} 张印张: 共 {-(-len(faces) // on_sheet)} 张")
    return _certain(Card.objects.filter(batch=batch, application_ref__in=there, serial__isnull=False), True)


def _own_faces(code: str) -> list[str]:
    return list(PrintRow.objects.filter(batch_code=code).values_list("application_ref", flat=True))


def _printed(seat: Seat, batch: Batch) -> list[str]:
    """Whose place on the sheets was kept: all of the face data but those who were dropped before."""
    types = (FACE_DATA.code, RURAL_FACE_DATA.code)
    paper = Paper.objects.filter(batch_code=batch.code, type__in=types).order_by("pk").first()
    if paper is None:
        return []
    kept = Q(step="print_faces", cause__in=KEPT_EMPTY) | ~Q(step="print_faces")
    dropped = Failure.objects.filter(card__batch=batch, card__serial__isnull=True).exclude(kept)
    gone = set(dropped.values_list("card__application_ref", flat=True))
    return [app for app in desk.read(seat, paper)["app_no"] if app not in gone]


def key(seat: Seat, label: str) -> Traced:
    """Cards whose chips were written under a key, by label and check value, or of all generations of a label.

    Cards written before key versions were recorded may be of any generation: they are told as uncertain.
    """
    written = Production.objects.filter(personalised_at__isnull=False)
    of_key = written.filter(Q(key_version=label) | Q(key_version__startswith=f"{label}/"))
    unknown = written.filter(key_version="")
    if not of_key.exists():
        known = sorted(set(written.exclude(key_version="").values_list("key_version", flat=True)))
        raise NotReady(
            f"没有用密钥 {label} 写的卡。已登记: {'、'.join(known) or '无'}; 未登记版本 {unknown.count()} 张"
        )
    found = _certain(Card.objects.filter(application_ref__in=unknown.values("app_no"), serial__isnull=False), False)
    return found | _certain(
        Card.objects.filter(application_ref__in=of_key.values("app_no"), serial__isnull=False), True
    )


def _certain(cards: QuerySet[Card], certain: bool, none: NotReady | None = None) -> Traced:
    found = dict.fromkeys(cards.values_list("pk", flat=True), certain)
    if none and not found:
        raise none
    return found
