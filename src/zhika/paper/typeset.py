"""Typesetting: a template of this folder and its data become a PDF, the same bytes for the same data."""

import json
from datetime import UTC, date, datetime, time
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import typst

from zhika.paper.typeface import path


class Party(NamedTuple):
    """One side of a handover, as it stands on paper."""

    organisation: str
    code: str
    contact: str = ""


@cache
def _fonts() -> typst.Fonts:
    """The packaged typeface alone: no font of the machine changes a page."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(path().parent)])


def pdf(template: str, *, on: date, **data: object) -> bytes:
    """Set a template; each of `data` reaches it as JSON. The file's own date is midnight (UTC) of `on`."""
    made = typst.compile(
        files("zhika.paper").joinpath(template).read_bytes(),
        font_paths=_fonts(),
        sys_inputs={name: json.dumps(value, ensure_ascii=False) for name, value in data.items()},
        format="pdf",
        pdf_tags=False,
        timestamp=datetime.combine(on, time(), UTC),
    )
    assert isinstance(made, bytes)
    return made
