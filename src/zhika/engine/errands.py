"""Things move after the transaction that books them: at once, or by `zhika work` if somebody was killed in between."""

from zhika.card.tray import TrayBusy
from zhika.engine import turns
from zhika.engine.registry import ERRANDS
from zhika.engine.trouble import attempt
from zhika.engine.work import Done, Subject
from zhika.errors import Busy
from zhika.flows.chart import Grain
from zhika.flows.lanes import Lane
from zhika.ledger.errands import Errand
from zhika.seat.config import Seat


def leave(lane: Lane | None, work: str, done: Done) -> Errand | None:
    """Within the transaction: write down what is to be done with things after it."""
    return Errand.objects.create(lane=lane or "", work=work, subject=done.after) if done.after else None


def run(seat: Seat, errand: Errand | None) -> None:
    """Do it now; while somebody else has the tray, or such an errand in hand, it is left to `zhika work`."""
    if errand is not None:
        try:
            _run(seat, errand)
        except (TrayBusy, Busy):
            return


def run_left(seat: Seat) -> int:
    """Do what was left by whoever was killed, or found a tray busy. Returns how many."""
    return sum(
        bool(attempt(Subject(Grain.LOT, errand.subject), errand.work, lambda e=errand: _run(seat, e)))
        for errand in Errand.objects.order_by("pk")
    )


def _run(seat: Seat, errand: Errand) -> bool:
    """One at a time of each work: whoever comes second finds it done, and not a tray gone."""
    with turns.turn(seat, f"errand-{errand.work}"):
        if not Errand.objects.filter(pk=errand.pk).exists():
            return False
        ERRANDS[Lane(errand.lane) if errand.lane else None, errand.work](seat, errand.subject)
        Errand.objects.filter(pk=errand.pk).delete()
        return True
