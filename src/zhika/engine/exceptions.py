"""Exception lists 异常清单: what another seat found keeps a card out of the next step here too."""

from zhika.engine import plastic
from zhika.engine.registry import engine_act
from zhika.engine.work import ActWork, Done
from zhika.ledger.cards import Card


@engine_act
def set_aside(work: ActWork) -> Done:
    """按异常清单剔除: the persons it names leave the batch; their plastic, where it lies good, becomes void."""
    assert work.batch is not None and work.rows is not None and work.paper is not None
    batch, source = work.batch, work.paper.sender
    rows = {row["app_no"]: row for row in work.rows.iter_rows(named=True)}
    known = set(
        Card.objects.filter(batch=batch, application_ref__in=list(rows)).values_list("application_ref", flat=True)
    )

    def write() -> None:
        causes = {app: row["cause"] for app, row in rows.items() if app in known}
        places = {
            app: (row["document"], int(row["row"])) for app, row in rows.items() if row["row"] and row["document"]
        }
        texts = {app: row["text"] for app, row in rows.items()}
        step = next(iter(rows.values()))["step"] if rows else ""
        plastic.fail(batch, causes, step=step, source=source, rows=places, texts=texts)
        plastic.void_failed(batch, by=work.by)

    return Done(write=write)
