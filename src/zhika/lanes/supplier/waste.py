"""销毁废卡 at the supplier: a card that was missing on its way to the integrator and was found here later."""

from collections.abc import Iterator

from zhika.craft import destroying
from zhika.engine.todo import Todo
from zhika.engine.work import ActWork, Done
from zhika.errors import NotReady
from zhika.flows.lanes import Lane
from zhika.ledger.batches import Batch, Organisation
from zhika.seat.config import Seat

GONE = "return_semi_finished"
"""Row with which a batch leaves the supplier."""


def destroy(work: ActWork) -> Done:
    """The subject is a batch that has gone. Raises NotReady where nothing of it lies here void."""
    batch = work.batch or Batch.objects.filter(code=work.subject).first()
    if batch is None:
        raise NotReady(f"没有批次 {work.subject}; 销毁按批次进行, 先看 zhika todo")
    holder = _holder(batch)
    doomed = destroying.Doomed(holder, batch, destroying.left_behind(holder, batch, GONE))
    return destroying.destroy(work, doomed, tell=False)


def shred(seat: Seat, batch_code: str) -> None:
    """What was destroyed of a batch leaves the trays."""
    batch = Batch.objects.get(code=batch_code)
    destroying.shred(seat, _holder(batch), batch)


def todo(seat: Seat) -> Iterator[Todo]:
    """What was left behind."""
    return destroying.todo(seat, Lane.SUPPLIER, GONE)


def _holder(batch: Batch) -> Organisation:
    return batch.parties.select_related("organisation").get(lane=Lane.SUPPLIER).organisation
