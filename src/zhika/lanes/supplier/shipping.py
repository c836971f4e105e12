"""The semi-finished list 半成品清单: every card of the batch, good or void and why, in one tray."""

import polars as pl

from zhika.engine.work import Rows, Work
from zhika.flows.documents import FACE_DATA, RURAL_FACE_DATA, SEMI_FINISHED
from zhika.lanes.supplier import ordering
from zhika.ledger.cards import Card
from zhika.seat import things


def semi_finished(work: Work) -> Rows:
    """The list, in line order. A card whose person has left since it was made is void."""
    assert work.batch is not None
    told = {row["app_no"]: row for row in ordering.on_desk(work, FACE_DATA, RURAL_FACE_DATA).iter_rows(named=True)}
    cards = Card.objects.filter(batch=work.batch, serial__isnull=False).order_by("line")
    return pl.DataFrame(
        [
            {
                **{name: told[app][name] for name in ("app_no", "id_no", "name", "flag")},
                "card_serial": serial, "chip_serial": chip or "", "condition": "void" if cause else "good",
                "cause": cause or "",
            }
            for app, serial, chip, cause in cards.values_list(
                "application_ref", "serial", "chip_serial", "failure__cause"
            )
        ],
        schema=dict.fromkeys(SEMI_FINISHED.columns, pl.String),
    )  # fmt: skip


def mark_void(work: Work, rows: Rows) -> None:
    """Void cards are marked on the plastic too, before they travel."""
    void = dict(rows.filter(pl.col("condition") == "void").select("card_serial", "cause").iter_rows())
    with things.on_bench(work.seat.world, work.tray()) as tray:
        for piece in tray.pieces():
            if piece.serial in void and not piece.condition:
                tray.condemn(piece, void[piece.serial])
