"""附件7: a county's leading group, and the office below it, as the annex prints them."""

from datetime import date

from zhika.ledger.batches import Organisation
from zhika.paper.annex import Heading, Row, Section, Sheet
from zhika.people.leaders import GROUP, OFFICE, Leader, LeaderList, in_force

TITLE = "{county}社会保障卡发放工作领导小组名单"
BELOW = "下设办公室"
HEADINGS = (Heading("role", "职务"), Heading("name", "姓名"), Heading("post", "单位及职务"))


def sheets(on: date, office: Organisation | None = None) -> list[Sheet]:
    """The lists that hold on a day: every county's, or one office's; one sheet each."""
    return [_sheet(held, on) for held in in_force(on, office)]


def _sheet(held: LeaderList, on: date) -> Sheet:
    people = list(held.leaders.all())
    sections = tuple(
        Section(title, HEADINGS, _rows([one for one in people if one.body == body]), ruled=False)
        for body, title in ((GROUP, ""), (OFFICE, BELOW))
    )
    return Sheet(
        "附件7", TITLE.format(county=held.county), on, sections, facts=(("名单自", held.valid_from.isoformat()),)
    )


def _rows(people: list[Leader]) -> tuple[Row, ...]:
    """By role, head first; a role is said once."""
    roles = dict.fromkeys(("head", "deputy", "member"))
    ordered = [one for role in roles for one in people if one.role == role]
    shown = ["" if at and ordered[at - 1].role == one.role else _spaced(one.title) for at, one in enumerate(ordered)]
    return tuple((title, one.name, f"{one.organisation}{one.post}") for title, one in zip(shown, ordered, strict=True))


def _spaced(title: str) -> str:
    """组　长：, as wide as 副组长："""
    return f"{'　'.join(title) if len(title) == 2 else title}："


def contact(on: date, office: Organisation) -> Leader | None:
    """Whom to call: the head of the county's own office."""
    for held in in_force(on, office):
        return held.leaders.filter(body=OFFICE, role="head").first()
    return None
