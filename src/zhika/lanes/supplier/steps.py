"""The supplier's rows: every public function is one box."""

from zhika.card import tray as trays
from zhika.craft import embedding, places, printing
from zhika.engine.lists import print_list
from zhika.engine.work import Done, Work
from zhika.flows.documents import SEMI_FINISHED
from zhika.lanes.supplier import ordering, shipping
from zhika.lanes.supplier.models import Counter, PrintRow, SerialBlock
from zhika.seat import things


def print_faces(work: Work) -> Done:
    """印制卡面个人信息: sheets for the press, ink on the blanks, in line order."""
    joined = ordering.of(work)
    with things.on_bench(work.seat.world, work.tray("blanks")) as blanks:
        lying = [piece.position for piece in blanks]
        placed = places.reserve(PrintRow, work.subject.code, list(joined.orders), lying)
        short = {app: "missing" for app in joined.orders if app not in placed}
        orders = {app: order for app, order in joined.orders.items() if app in placed}
        drawn = printing.draw(work, orders, placed, on_sheets=work.seat.supplier.keep_sheets)
        failed = {**joined.failed, **short, **drawn}
        printing.ink(blanks, {app: order for app, order in orders.items() if app not in failed}, placed)
    return Done(failed=failed)


def laminate(work: Work) -> Done:
    """卡面覆膜: laminate, punch, embed; here cards are born, good and void."""
    joined, placed = ordering.of(work), places.placed(PrintRow, work.subject.code)
    maker = work.seat.supplier.maker
    serials = places.serials(Counter, SerialBlock, work.subject.code, maker, placed, work.now.year)
    path = work.tray()
    trays.create(path, path.stem, "cards")
    with (
        things.on_bench(work.seat.world, work.tray("blanks")) as blanks,
        things.on_bench(work.seat.world, work.tray("modules")) as modules,
        things.on_bench(work.seat.world, path) as cards,
    ):
        bench = embedding.Bench(blanks, modules, cards)
        done = embedding.embed(bench, joined.orders, placed, serials, hidden=work.hidden)
    return Done(born=done.born, failed={**joined.failed, **done.failed})


def return_semi_finished(work: Work) -> Done:
    """返回半成品卡: good and void cards in one tray, with the list on paper too."""
    rows = shipping.semi_finished(work)
    shipping.mark_void(work, rows)
    print_list(work, SEMI_FINISHED, rows)
    return Done(documents={SEMI_FINISHED: rows}, trays=[work.tray()])
