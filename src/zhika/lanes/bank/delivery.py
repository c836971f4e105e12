"""The card list 制卡清单, and the tray that travels with it: good cards only, void ones stay on the bench."""

from collections.abc import Mapping

import polars as pl

from zhika.card import tray as trays
from zhika.card.chip.public import public_area
from zhika.card.tray import Tray
from zhika.engine import desk
from zhika.engine.work import Rows, Work
from zhika.errors import CardError
from zhika.flows.documents import CARD_LIST, HANDOVER, RURAL_HANDOVER
from zhika.ledger.cards import Card
from zhika.seat import things

HANDOVERS = (HANDOVER.code, RURAL_HANDOVER.code)


def handed_over(work: Work) -> Rows:
    """The rows of the production handover on the desk, of those still in the batch, in line order."""
    frames = [desk.read(work.seat, paper) for paper in desk.filed(work.subject) if paper.type in HANDOVERS]
    line = {app: card.line for app, card in work.people.items()}
    return (
        pl.concat(frames).filter(pl.col("app_no").is_in(list(line)))
        .sort(pl.col("app_no").replace_strict(line, default=0, return_dtype=pl.Int64))
    )  # fmt: skip


def card_list(work: Work) -> Rows:
    """The good cards, with where they go."""
    return handed_over(work).select(CARD_LIST.columns)


def sort_out(work: Work) -> None:
    """Good cards into the tray that travels, void ones marked with their cause where they lie.

    May be cut off anywhere and done again. Raises CardError where a good card isn't on the bench, or its public area
    isn't empty.
    """
    assert work.batch is not None
    good = {card.serial for card in work.people.values()}
    failed = Card.objects.filter(batch=work.batch, failure__isnull=False, serial__isnull=False)
    causes = {str(serial): cause for serial, cause in failed.values_list("serial", "failure__cause")}
    travels = work.tray("good")
    trays.create(travels, travels.stem, "cards")
    with things.on_bench(work.seat.world, work.tray()) as bench, things.on_bench(work.seat.world, travels) as going:
        _part(bench, going, good, causes)
        lying = [piece for piece in going if piece.serial in good]
        if len(lying) != len(good):
            raise CardError(f"料盘中缺 {len(good) - len(lying)} 张良品卡, 找到后再交付")
        for piece in lying:
            with going.chip(piece) as chip:
                if public_area(chip) is not None:
                    raise CardError(f"卡 {piece.serial} 的公共区未清除, 不能交付")


def _part(bench: Tray, going: Tray, good: set[str | None], causes: Mapping[str, str]) -> None:
    for piece in going.pieces():
        if piece.serial not in good:  # left the batch after it was laid here by a worker cut off
            going.move(piece, bench)
    for piece in bench.pieces():
        if piece.serial in good:
            bench.move(piece, going)
        elif not piece.condition and piece.serial in causes:
            bench.condemn(piece, causes[str(piece.serial)])
