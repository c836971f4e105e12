"""What becomes of documents that no row of the supplier awaits."""

from zhika.engine.work import ActWork, Done
from zhika.flows.documents import ERASURE, SEMI_FINISHED
from zhika.lanes.supplier import erasing
from zhika.ledger.custody import Handover
from zhika.ledger.steps import Paper


def erase(work: ActWork) -> Done:
    """清除银行资料与印张, when the integrator has accepted a batch's cards; the bank hears of what was its own."""
    assert work.rows is not None
    shipped = Handover.objects.filter(code__in=work.rows["handover"].to_list(), document=SEMI_FINISHED.code).first()
    if shipped is None or shipped.batch is None:
        return Done()
    code = shipped.batch.code
    kept = [paper.pk for paper in erasing.packages(code)]
    rows = erasing.erase(work.seat, code, work.now.date())

    def write() -> None:
        Paper.objects.filter(pk__in=kept).update(state=Paper.KEPT)

    return Done(documents={ERASURE: rows} if kept else {}, write=write)
