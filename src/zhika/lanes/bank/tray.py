"""A batch's tray at the bank: every listed card finished, one after the other."""

from zhika.engine.work import Rows, Work
from zhika.lanes.bank import accounts, finishing, security
from zhika.lanes.bank.finishing import Order
from zhika.seat import things


def finish(work: Work, rows: Rows, *, overprints: bool) -> dict[str, str]:
    """Application number → cause of those whose card is void. `rows`: the production handover.

    A card that is listed void, or isn't in the tray, is not worked on. May be cut off anywhere and done again.
    """
    held = accounts.of_people(work)
    values = security.derive(work.seat, held.values())
    bank = finishing.bank_keys(work.seat)
    serials = dict(rows.select("app_no", "card_serial").iter_rows())
    failed = accounts.void_rows(rows, work.people)
    with things.on_bench(work.seat.world, work.tray()) as tray:
        for app, account in held.items():
            if app in failed:
                continue
            piece = tray.find(serials.get(app, ""))
            if piece is None:
                failed[app] = "missing" if app in serials else "row-missing"
            elif cause := finishing.finish(
                tray, piece, Order.of(account, values[app]), bank, hidden=work.hidden, overprints=overprints
            ):
                failed[app] = cause
    return failed
