"""Annex 7: a county's leading group for issuing the cards 发放工作领导小组, and the office below it 下设办公室."""

from collections.abc import Mapping
from datetime import date

from django.db import models

from zhika.ledger.batches import Organisation

GROUP, OFFICE = "group", "office"
HEAD, DEPUTY, MEMBER = "head", "deputy", "member"
TITLES: Mapping[str, Mapping[str, str]] = {
    GROUP: {HEAD: "组长", DEPUTY: "副组长", MEMBER: "成员"},
    OFFICE: {HEAD: "主任", DEPUTY: "副主任", MEMBER: "成员"},
}
"""Bodies and their roles, in the order of the annex, as it calls them."""


class LeaderList(models.Model):
    """One county's list. A newer one replaces it from its day on; none is ever changed."""

    office = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    """The county's rural-scheme office."""
    county = models.CharField(max_length=60)
    """The county as its list names it."""
    valid_from = models.DateField()
    sha256 = models.CharField(max_length=64)
    """Of the file that it was loaded from."""
    loaded_at = models.DateTimeField()
    by = models.CharField(max_length=60)

    class Meta:
        indexes = [models.Index(fields=["office", "valid_from"], name="leaders_in_force")]


class Leader(models.Model):
    """One person in one body; who stands in both has a row in each."""

    list = models.ForeignKey(LeaderList, models.PROTECT, related_name="leaders")
    place = models.IntegerField()
    """Row of the file."""
    body = models.CharField(max_length=6)
    """group | office"""
    role = models.CharField(max_length=6)
    """head | deputy | member"""
    name = models.CharField(max_length=50)
    organisation = models.CharField(max_length=80)
    post = models.CharField(max_length=60)
    phone = models.CharField(max_length=30, blank=True)

    class Meta:
        ordering = ["place"]

    @property
    def title(self) -> str:
        """组长, 副主任 …"""
        return TITLES[self.body][self.role]


def in_force(on: date, office: Organisation | None = None) -> list[LeaderList]:
    """The list of each county, or of one, that holds on a day, by the office's code."""
    held = LeaderList.objects.filter(valid_from__lte=on).order_by("valid_from", "pk")
    lists = {row.office_id: row for row in (held.filter(office=office) if office else held).select_related("office")}
    return sorted(lists.values(), key=lambda row: row.office.code)
