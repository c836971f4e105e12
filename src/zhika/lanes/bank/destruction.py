"""销毁 at the bank: a batch's void cards, and what was kept past its time, which is closed by it."""

from functools import partial

from zhika.craft import destroying
from zhika.engine.work import ActWork, Done
from zhika.errors import NotReady
from zhika.flows.lanes import Lane
from zhika.lanes.bank import again
from zhika.ledger.batches import Batch, Organisation
from zhika.ledger.places import today
from zhika.seat.config import Seat


def destroy(work: ActWork) -> Done:
    """All void cards of a batch that lie at this bank, with those that were kept too long and are closed by this."""
    batch = work.batch or Batch.objects.filter(code=work.subject).first()
    if batch is None:
        raise NotReady(f"没有批次 {work.subject}; 销毁按批次进行, 先看 zhika todo")
    holder = _holder(batch)
    doomed = destroying.Doomed(
        holder, batch, destroying.void_of(holder, batch), again.overdue(work.seat, holder, batch, today(work.now)),
        again.kept(holder, batch), partial(again.close, batch, source=work.seat.name),
    )  # fmt: skip
    return destroying.destroy(work, doomed)


def shred(seat: Seat, batch_code: str) -> None:
    """What was destroyed of a batch leaves the bank's trays."""
    batch = Batch.objects.get(code=batch_code)
    destroying.shred(seat, _holder(batch), batch)


def _holder(batch: Batch) -> Organisation:
    return batch.parties.select_related("organisation").get(lane=Lane.BANK).organisation
