"""What becomes of documents that no row of the supplier awaits."""

from zhika.engine.booking import answered
from zhika.engine.work import ActWork, Done
from zhika.errors import NotReady
from zhika.flows.documents import ERASURE, SEMI_FINISHED
from zhika.lanes.supplier import erasing, returning, waste
from zhika.ledger.steps import Paper


def erase(work: ActWork) -> Done:
    """清除银行资料与印张, when the integrator has accepted a batch's cards; the bank hears of what was its own."""
    shipped = answered(work)
    if shipped.document != SEMI_FINISHED.code or shipped.batch is None:
        return Done()
    if shipped.accepted is None:  # `book_acceptance` comes first, and refuses what doesn't add up
        raise NotReady(f"交接 {shipped.code} 尚未入账, 暂不清除")
    code = shipped.batch.code
    kept = [paper.pk for paper in erasing.packages(code)]
    rows = erasing.erase(work.seat, code, work.now.date())

    def write() -> None:
        Paper.objects.filter(pk__in=kept).update(state=Paper.KEPT)

    return Done(documents={ERASURE: rows} if kept else {}, write=write)


def return_material(work: ActWork) -> Done:
    """退余料: the subject is the batch; what lies unused of its consignment goes back, void blanks marked."""
    return returning.return_material(work)


def destroy_waste(work: ActWork) -> Done:
    """销毁废卡: what was found here after its batch had gone, before two people."""
    return waste.destroy(work)
