"""Whose card it is: plastic read from a tray for the first time, held against the document that lists it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from zhika.engine.check import agree, person_key
from zhika.engine.work import Bound
from zhika.flows.documents import Document

Face = Mapping[str, str]


@dataclass(frozen=True)
class Whose:
    """Every card that was read, as somebody's of the batch or as nobody's."""

    bound: Mapping[str, Bound]
    """By application number."""
    void: Mapping[str, str]
    """Application number → cause, of those bound whose card can't be good."""
    nobodys: Sequence[str]
    """Serials that neither a row nor the face gives to somebody who has no other card here."""


def whose(
    document: Document, rows: pl.DataFrame, roster: Mapping[str, str], faces: Mapping[str, Face], home: Path
) -> Whose:
    """Who each card in the tray belongs to.

    `roster`: application number → person key; `faces`: card serial → printed fields, of all cards in the tray. A row
    counts if it agrees with the batch and is the only one of its serial. Any other card is whose face it bears; one
    whose face says nothing is void and the application's that its row names, unless that has a card.
    """
    agreed, asides = agree(document, rows, roster, home)
    serials = rows["card_serial"]
    doubled = set(serials.filter(serials.is_duplicated()))
    bound: dict[str, Bound] = {}
    void: dict[str, str] = {}
    for row in agreed.iter_rows(named=True):
        if row["card_serial"] in faces and row["card_serial"] not in doubled:
            bound[row["app_no"]] = Bound(row["card_serial"], row.get("chip_serial", ""))
            if row.get("condition") == "void":
                void[row["app_no"]] = row.get("cause") or "interrupted"
    causes = dict.fromkeys(agreed["app_no"], "serial-differs") | {aside.app_no: aside.cause for aside in asides}
    left = {serial: face for serial, face in faces.items() if serial not in {card.serial for card in bound.values()}}
    people = {key: app for app, key in roster.items()}
    shown = {serial: people.get(person_key(home, f.get("id_no", ""), f.get("name", ""))) for serial, f in left.items()}
    named = {serials[aside.row - 2]: aside.app_no for aside in asides}
    for found in (shown, named):
        for serial in list(left):
            app = found.get(serial)
            if app in roster and app not in bound:
                bound[app] = Bound(serial, "")
                void[app] = causes.get(app, "row-missing")
                del left[serial]
    return Whose(bound, void, list(left))
