"""The supplier's rows: every public function is one box."""

from zhika.card import tray as trays
from zhika.engine.lists import print_list
from zhika.engine.work import Done, Work
from zhika.flows.documents import SEMI_FINISHED
from zhika.lanes.supplier import embedding, ordering, printing, shipping
from zhika.seat import things


def print_faces(work: Work) -> Done:
    """印制卡面个人信息: sheets for the press, ink on the blanks, in line order."""
    joined = ordering.of(work)
    with things.on_bench(work.seat.world, work.tray("blanks")) as blanks:
        places = printing.reserve(work.subject.code, list(joined.orders), [piece.position for piece in blanks])
        short = {app: "missing" for app in joined.orders if app not in places}
        orders = {app: order for app, order in joined.orders.items() if app in places}
        failed = {**joined.failed, **short, **printing.draw(work, orders, places)}
        printing.ink(blanks, {app: order for app, order in orders.items() if app not in failed}, places)
    return Done(failed=failed)


def laminate(work: Work) -> Done:
    """卡面覆膜: laminate, punch, embed; here cards are born, good and void."""
    joined, places = ordering.of(work), printing.placed(work.subject.code)
    serials = embedding.reserve(work.subject.code, work.seat.supplier.maker, places, work.now.year)
    path = work.tray()
    trays.create(path, path.stem, "cards")
    with (
        things.on_bench(work.seat.world, work.tray("blanks")) as blanks,
        things.on_bench(work.seat.world, work.tray("modules")) as modules,
        things.on_bench(work.seat.world, path) as cards,
    ):
        bench = embedding.Bench(blanks, modules, cards)
        done = embedding.embed(bench, joined.orders, places, serials, hidden=work.hidden)
    return Done(born=done.born, failed={**joined.failed, **done.failed})


def return_semi_finished(work: Work) -> Done:
    """返回半成品卡: good and void cards in one tray, with the list on paper too."""
    rows = shipping.semi_finished(work)
    shipping.mark_void(work, rows)
    print_list(work, SEMI_FINISHED, rows)
    return Done(documents={SEMI_FINISHED: rows}, trays=[work.tray()])
