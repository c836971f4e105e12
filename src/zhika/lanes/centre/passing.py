"""Passing on 转交: the cards of one unit leave the centre's tray for a tray of their own, with their paper list."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from zhika.card import tray as trays
from zhika.engine.work import Work
from zhika.errors import CardError
from zhika.flows.documents import PASSING_ON
from zhika.people.models import Application
from zhika.seat import things


def applications(work: Work) -> dict[str, Application]:
    """The parcel's applications with their persons, by number."""
    found = Application.objects.filter(ref__in=list(work.people)).select_related("person")
    return {row.ref: row for row in found}


def split(work: Work, apps: Sequence[str]) -> Path:
    """The parcel's tray, filled from the batch's in the order of `apps`; does only what is left to do.

    Raises CardError where a card lies in neither tray.
    """
    assert work.batch is not None
    source = work.seat.bench(work.organisation, "bench") / f"{work.batch.code}.good.tray"
    target = work.tray("cards")
    serials = [work.people[app].serial or "" for app in apps]
    with things.on_bench(work.seat.world, source) as whole:
        here = [piece for serial in serials if (piece := whole.find(serial))]
        if here:
            trays.create(target, f"{work.subject.code}.cards", "cards")
        with things.on_bench(work.seat.world, target) as parcel:
            for piece in here:
                whole.move(piece, parcel)
            lost = sum(parcel.find(serial) is None for serial in serials)
    if lost:
        raise CardError(f"{work.subject}: 料盘中缺 {lost} 张卡, 请清点后再转交")
    return target


def rows(work: Work, known: Mapping[str, Application]) -> pl.DataFrame:
    """社保卡交接单, in line order."""
    told = [
        (app, known[app].person.id_no, known[app].person.name, card.serial or "") for app, card in work.people.items()
    ]
    return pl.DataFrame(told, schema=dict.fromkeys(PASSING_ON.columns, pl.String), orient="row")
