"""The integrator's acts: what is done outside the charts, and what becomes of documents that no row awaits."""

from zhika.craft import forming
from zhika.engine.work import ActWork, Done
from zhika.errors import Fault, Refused
from zhika.flows import FLOWS
from zhika.flows.acts import BATCHES
from zhika.flows.chart import Grain
from zhika.flows.documents import CORRECTION
from zhika.lanes.integrator import (
    corrections,
    destruction,
    leading,
    material,
    planning,
    registers,
    restarting,
    shelving,
    waste,
)
from zhika.ledger.steps import StepRecord


def form(work: ActWork) -> Done:
    """组批: subject is process/office, with or without the batch code that it gets."""
    return forming.form(work.seat, work.subject, work.now, BATCHES)


def restart(work: ActWork) -> Done:
    """重新发起: the subject is a failed application, or PROCESS/OFFICE/CAUSE for all who may start again."""
    return restarting.restart(work)


def load_register(work: ActWork) -> Done:
    """装载登记库: facts scheme (urban | rural), kind (insurance | household), path; the subject is a name for it."""
    return registers.load(work.seat, work.facts, work.by)


def load_material(work: ActWork) -> Done:
    """材料入库: the subject is the consignment's code; fact path where its trays don't stand in the stock yet."""
    return material.load(work.seat, work.subject, work.facts, work.by)


def load_plan(work: ActWork) -> Done:
    """装载任务计划: facts annex (3 | 6), path, from; the subject is annex, day and digest of the file."""
    return planning.load(work.seat, work.facts, work.by)


def load_leaders(work: ActWork) -> Done:
    """装载领导小组名单: facts path and from; the subject is day and digest of the file."""
    return leading.load(work.seat, work.facts, work.by)


def shelve_material(work: ActWork) -> Done:
    """退料上架: the subject is the handover with which the supplier's rest came back."""
    return shelving.shelve(work)


def destroy_waste(work: ActWork) -> Done:
    """销毁废卡、废料: the subject is a batch, for void cards that stayed here, or a lot of material."""
    return waste.destroy(work)


def notify_corrections(work: ActWork) -> Done:
    """发更正通知: to the unit, which column of which line must be mended, and why."""
    assert work.rows is not None
    rows = corrections.rows(work.rows)
    return Done(documents={CORRECTION: rows}) if rows.height else Done()


def take_progress(work: ActWork) -> Done:
    """进度登记: rows of other seats are shown here, and start no work."""
    assert work.rows is not None and work.batch is not None and work.paper is not None
    rows, batch, flow, sender = work.rows, work.batch, FLOWS[work.batch.process], work.paper.sender
    known = {(step.number, step.lane.value, step.work) for step in flow.steps if step.lane not in work.seat.lanes}
    standing = set(batch.parties.filter(seat=sender).values_list("lane", flat=True))
    faults = [
        Fault(work.paper.type, f"流程 {flow.name} 中没有发送方的这一步", place)
        for place, key in enumerate(rows.select("number", "lane", "work").iter_rows(), 2)
        if (int(key[0]), *key[1:]) not in known or key[1] not in standing
    ]
    if faults:
        raise Refused(faults)

    def write() -> None:
        StepRecord.objects.bulk_create(
            [
                StepRecord(
                    subject_kind=Grain.BATCH, subject=batch.code, batch=batch, process=batch.process,
                    number=int(row["number"]), lane=row["lane"], function=row["work"], n_in=int(row["n_in"]),
                    n_out=int(row["n_out"]), happened_at=row["at"], booked_at=work.now, by=sender,
                    source="notice",
                )
                for row in rows.iter_rows(named=True)
            ],
            ignore_conflicts=True,
        )  # fmt: skip

    return Done(write=write)


def take_destruction(work: ActWork) -> Done:
    """销毁记录登记: the void cards that it names are gone, under two pairs of eyes."""
    assert work.rows is not None and work.batch is not None and work.paper is not None
    rows, batch, teller = work.rows, work.batch, work.paper.sender
    return Done(write=lambda: destruction.book(batch, rows, work.by, teller=teller))
