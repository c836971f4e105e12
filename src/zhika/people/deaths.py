"""死亡名单: who has died, as keyed hashes alone; names and numbers stay in the list's own file.

It is asked before a batch is formed and before a card is handed out: nobody collects a dead person's card.
"""

from collections.abc import Iterable

from django.db import models

from zhika.ledger.chunks import chunks


class Death(models.Model):
    """One person of a list that was loaded."""

    id_key = models.CharField(max_length=64, unique=True)
    """Keyed hash of the ID number, as `Person.id_key`."""
    died_on = models.DateField()
    source = models.CharField(max_length=64)
    """SHA-256 of the list, as it is kept."""
    loaded_at = models.DateTimeField()


def among(id_keys: Iterable[str]) -> set[str]:
    """Those of these keyed hashes that stand on a list of the dead."""
    listed, found = sorted(set(id_keys)), set[str]()
    for some in chunks(listed):
        rows = Death.objects.filter(id_key__in=some)
        found |= set(rows.values_list("id_key", flat=True))
    return found
