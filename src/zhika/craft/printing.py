"""Printing 印制: faces drawn, sheets for the press, ink on the blanks, and proofs that people may look at."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import Path

from PIL import Image

from zhika.card.face import PRODUCTS, Product
from zhika.card.tray import Tray
from zhika.craft.order import Order
from zhika.engine import desk
from zhika.engine.work import Work
from zhika.errors import Refused
from zhika.flows.documents import SUPPLIER_ACCOUNTS
from zhika.paper import faces
from zhika.paper.sheets import Grid, sheets
from zhika.seat.config import Seat

PROOFS = 2
"""Cards a batch of which a proof is kept."""
_CAUSES = {"照片": "photo-bad", "姓名": "glyph-missing"}
"""Cause by the field of a face that can't be drawn; any other field comes from a row that isn't right."""


def sheet_folder(seat: Seat, batch_code: str) -> Path:
    """Where the press reads a batch's sheets: they show numbers, and are erased when the batch is shipped."""
    return seat.home / "files" / "sheets" / batch_code


def product(work: Work) -> Product:
    """The card product of this process; its number is printed with the face where the bank sends it to the printer."""
    kind = PRODUCTS[work.flow.name.split("-")[0]]
    return replace(kind, numbered=any(SUPPLIER_ACCOUNTS in step.sends for step in work.flow.steps))


def draw(work: Work, orders: Mapping[str, Order], places: Iterable[str], *, on_sheets: bool) -> dict[str, str]:
    """Faces and proofs, in the order of `places`. Returns the cause of each whose face can't be drawn.

    Its place stays empty. `on_sheets`: picture files for a press; else a card printer takes one face after the other.
    """
    assert work.batch is not None
    failed: dict[str, str] = {}
    drawn = _drawn(work, orders, places, failed)
    if on_sheets:
        grid = Grid(columns=work.seat.supplier.sheet_columns, rows=work.seat.supplier.sheet_rows)
        sheets(drawn, sheet_folder(work.seat, work.batch.code), title=work.batch.code, grid=grid)
    else:
        for _ in drawn:
            pass
    return failed


def _drawn(
    work: Work, orders: Mapping[str, Order], places: Iterable[str], failed: dict[str, str]
) -> Iterator[Image.Image]:
    """One face a place; white where nobody is printed."""
    made, kind = 0, product(work)
    for app in places:
        face = Image.new("RGB", faces.front(kind).size, "white")
        if app in orders:
            try:
                photo = desk.photo_of(work.seat, orders[app].fields["photo"]).read_bytes()
                face = faces.back(orders[app].fields, photo, kind)
            except FileNotFoundError:
                failed[app] = "photo-bad"
            except Refused as refused:
                failed[app] = _CAUSES.get(refused.faults[0].column or "", "row-differs")
            else:
                made += 1
                if made <= PROOFS:
                    _keep_proof(work, made, faces.proof(orders[app].fields, photo, kind))
        yield face


def _keep_proof(work: Work, number: int, picture: Image.Image) -> None:
    out = BytesIO()
    picture.save(out, "JPEG", quality=90, dpi=(300, 300))
    desk.write_once(work.seat.home / "files" / "proofs" / f"{work.subject.code}-{number}.jpg", out.getvalue())


def ink(blanks: Tray, orders: Mapping[str, Order], places: Mapping[str, int]) -> None:
    """Print each person's fields onto the blank at their place, where nothing stands yet.

    Ink stays: what stands there already is held against the order by the camera, after lamination.
    """
    lying = {piece.position: piece for piece in blanks}
    for app, order in orders.items():
        piece = lying.get(places[app])
        if piece is None:  # a worker cut off has made this card already
            continue
        seen = blanks.camera(piece, hidden=frozenset())
        blanks.print(piece, {name: text for name, text in order.ink.items() if name not in seen})
