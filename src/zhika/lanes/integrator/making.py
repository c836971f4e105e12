"""在空白卡上完成封装、印刷、覆膜: the integrator's own cards, made for people who applied themselves.

Urban ones from chip-less blanks and modules, rural ones from blanks with their chip; drawn from the integrator's own
stock. Printed one by one on a card printer. The pieces are asked, not a log: a worker that was cut off goes on.
"""

from collections.abc import Mapping
from contextlib import ExitStack

from zhika.card import tray as trays
from zhika.craft import embedding, places, printing
from zhika.craft.order import PERSONAL, Order
from zhika.engine.work import Done, Work
from zhika.lanes.integrator import material
from zhika.lanes.integrator.models import PrintRow, Production, SerialBlock, SerialCounter
from zhika.lanes.integrator.production import Subject
from zhika.ledger.material import EMBEDDED, WITH_CHIP
from zhika.seat import things


def kinds(work: Work) -> tuple[str, ...]:
    """Kinds of material that this process's own cards are made of."""
    return EMBEDDED if work.flow.name.startswith("urban") else WITH_CHIP


def make(work: Work, people: Mapping[str, Subject], produced: Mapping[str, Production]) -> Done:
    """Draw material for everybody, print, laminate, embed or engrave; cards are born, good and void.

    Where everybody has left, what a worker cut off has begun is ended: a card that it made is born, and void.
    """
    asked = {ref: _order(one, produced[ref]) for ref, one in people.items()}
    failed = printing.draw(work, asked, asked, on_sheets=False)
    orders = {ref: order for ref, order in asked.items() if ref not in failed}
    kept = material.reserve(work.subject.code, len(orders), kinds(work))
    if not kept:
        return Done(failed=failed)
    path = work.tray()
    # Once cards are being made, what lacks in the trays of material is in them: no more is drawn.
    drawn = material.laid(work, kept) if path.exists() else material.draw(work, kept)
    trays.create(path, path.stem, "cards")
    with ExitStack() as stack:
        cards = stack.enter_context(things.on_bench(work.seat.world, path))
        opened = [stack.enter_context(things.on_bench(work.seat.world, tray)) for tray in drawn]
        blanks = next(tray for tray in opened if tray.kind != "modules")
        modules = next((tray for tray in opened if tray.kind == "modules"), None)
        placed = places.reserve(PrintRow, work.subject.code, list(orders), [piece.position for piece in blanks])
        maker = work.seat.integrator.maker
        serials = places.serials(SerialCounter, SerialBlock, work.subject.code, maker, placed, work.now.year)
        printing.ink(blanks, orders, placed)
        bench = embedding.Bench(blanks, modules, cards)
        done = embedding.embed(bench, orders, placed, serials, hidden=work.hidden)
    return Done(born=done.born, failed={**done.failed, **failed}, write=lambda: material.book(work, kept))


def _order(one: Subject, row: Production) -> Order:
    told = {**one.row, "ssc_no": row.ssc_no, "issue_date": row.issue_date}
    return Order({name: told[name] for name in PERSONAL})
