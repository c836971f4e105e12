"""The unit's rows of the charts: every public function is one of them."""

from zhika.craft import handing
from zhika.engine import desk
from zhika.engine.work import Done, Work
from zhika.errors import Fault, Refused
from zhika.exchange import table
from zhika.flows.documents import COLLECTED
from zhika.lanes.unit.handing import parcel_tray
from zhika.lanes.unit.models import Receipt
from zhika.ledger.places import today
from zhika.people.lots import CollectedLot


def collect(work: Work) -> Done:
    """采集: the lot's rows, kept by content when the file was read; fact `digest`."""
    told = {**work.facts.get("", {}), **work.facts.get(work.subject.code, {})}
    path = desk.file_of(work.seat, told.get("digest", ""))
    if not path.is_file():
        raise Refused([Fault(work.subject.code, "没有采集文件的内容: 用 zhika do collect 文件 送交")])
    rows = table.read(COLLECTED, path)
    if rows["lot"].unique().to_list() != [work.subject.code]:
        raise Refused([Fault(work.subject.code, "文件内容属于另一批次")])
    photos = dict(desk.photos_named(work.seat, COLLECTED, rows))
    came = CollectedLot(
        code=work.subject.code, process=work.flow.name, office=rows.item(0, "centre"), rows=rows.height, day=today()
    )
    return Done(documents={COLLECTED: rows}, photos=photos, n_in=rows.height, n_out=rows.height, write=came.save)


def hand_out(work: Work) -> Done:
    """社保卡交接手续: out of the parcel, into the hands of who signs."""
    return handing.hand_out(work, parcel_tray(work.seat, work.subject.code), Receipt)
