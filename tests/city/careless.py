"""A supplier whose semi-finished list is wrong: two serials exchanged, a row left out, a row of somebody unknown.

The cards themselves are as they should be: only the list is not. What was done to whom is written to altered.json
beside the homes.
"""

import json
from pathlib import Path

import polars as pl

UNKNOWN, INVENTED = "A26019999999999", "QZ99000000001"


def arrange() -> None:
    """Called in the supplier's process (`desk`)."""
    from zhika.lanes.supplier import shipping

    honest = shipping.semi_finished

    def careless(work: object) -> pl.DataFrame:
        return altered(work, honest(work))  # type: ignore[arg-type]

    shipping.semi_finished = careless  # type: ignore[assignment]


def altered(work: object, rows: pl.DataFrame) -> pl.DataFrame:
    """In each scheme's first office, of the first four good rows: 0 and 1 exchange their serials, 2 is left out, 3 is
    told of somebody unknown.

    In a rural batch 3 stays as it is, and a row of a card is added that nobody made, for somebody unknown.
    """
    subject = work.subject.code  # type: ignore[attr-defined]
    city = Path(work.seat.home).parent  # type: ignore[attr-defined]
    offices = json.loads((city / "offices.json").read_text(encoding="utf-8"))
    if subject.split("-")[1] not in {codes[0] for codes in offices.values()}:
        return rows
    told = rows.to_dicts()
    good = [row for row in told if row["condition"] == "good"][:4]
    first, second, third, fourth = good
    notes = {
        "swapped": [first["app_no"], second["app_no"]], "left_out": third["app_no"],
        "serials": {row["app_no"]: row["card_serial"] for row in good},
    }  # fmt: skip
    for name in ("card_serial", "chip_serial"):
        first[name], second[name] = second[name], first[name]
    told.remove(third)
    if subject.startswith("A1"):
        notes["renamed"] = fourth["app_no"]
        fourth["app_no"] = UNKNOWN
    else:
        told.append({**fourth, "app_no": UNKNOWN, "card_serial": INVENTED, "chip_serial": "F1FFFFFFFFFF"})
    path = city / "altered.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(json.dumps(known | {subject: notes}), encoding="utf-8")
    return pl.DataFrame(told, schema=rows.schema)
