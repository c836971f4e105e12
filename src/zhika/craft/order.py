"""What one card is to show: its printed fields."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from zhika.card import expiry

PERSONAL = ("name", "id_no", "ssc_no", "issue_date", "sex", "photo")
"""The person's fields, from the integrator."""
BANKED = ("pan", "expiry", "cvv2")
"""The bank's, where the number is printed with the face."""


@dataclass(frozen=True)
class Order:
    """One card's printed fields, as the documents give them. Its repr shows none."""

    fields: Mapping[str, str] = field(repr=False)

    @property
    def ink(self) -> dict[str, str]:
        """The fields as they stand on the card: expiry as MM/YY, the photo by its SHA-256."""
        shown = {name: self.fields[name] for name in (*PERSONAL, *BANKED) if name in self.fields}
        return shown | ({"expiry": expiry.printed(shown["expiry"])} if "expiry" in shown else {})
