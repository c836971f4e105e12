"""销毁 at the centre: void cards of a batch that lie at its office."""

from zhika.craft import destroying
from zhika.engine.work import ActWork, Done
from zhika.errors import NotReady
from zhika.ledger.batches import Batch
from zhika.seat.config import Seat


def destroy(work: ActWork) -> Done:
    """All void cards of a batch that lie at its office."""
    batch = work.batch
    if batch is None:
        raise NotReady(f"{work.subject}: 本机构没有该批次待销毁的废卡")
    doomed = destroying.Doomed(batch.office, batch, destroying.void_of(batch.office, batch))
    return destroying.destroy(work, doomed)


def shred(seat: Seat, batch_code: str) -> None:
    """What was destroyed of a batch leaves its office's trays."""
    batch = Batch.objects.select_related("office").get(code=batch_code)
    destroying.shred(seat, batch.office, batch)
