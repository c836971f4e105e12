"""Who may not have a card put into his hands: nobody for the dead, no proxy who made or asked for the card."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from zhika.engine import origins
from zhika.engine.work import Work
from zhika.errors import Fault, NotReady
from zhika.flows import causes
from zhika.flows.documents import COLLECTION
from zhika.ledger.cards import Card
from zhika.people import deaths
from zhika.people.models import Person


@dataclass(frozen=True)
class Barred:
    """What stands against a hand-out, looked up for all its cards at once."""

    keys: Mapping[str, str]
    """Application number → keyed hash of the holder's ID number."""
    dead: frozenset[str]
    doers: origins.Doers

    @classmethod
    def of(cls, work: Work, holders: Mapping[str, Person]) -> "Barred":
        keys = {app: holders[app].id_key for app in work.people}
        return cls(keys, frozenset(deaths.among(keys.values())), origins.doers(work.people, work.step.not_by))

    def faults(self, proxies: Mapping[str, str], cards: Mapping[str, Card]) -> Iterator[Fault]:
        """By card, never by person. `proxies`: application number → name of who came instead, "" where nobody did."""
        for app, card in cards.items():
            where = f"{COLLECTION.title} {card.serial}"
            if self.keys[app] in self.dead:
                title = causes.title(causes.DECEASED)
                yield Fault(where, f"{title}, 不可发放; 请退卡 (zhika do return_cards, cause=deceased)")
            if proxies[app] and proxies[app] in self.doers[app]:
                yield Fault(where, "代领人是这张卡的经办人, 须由他人代领", column="代领人姓名")

    def check_again(self) -> None:
        """In the transaction: a list of the dead may have been loaded since. Raises NotReady."""
        if len(deaths.among(self.keys.values())) > len(self.dead):
            raise NotReady("死亡名单刚刚更新, 请重新办理")
