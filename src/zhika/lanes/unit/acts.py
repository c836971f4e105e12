"""The unit's acts."""

from zhika.craft import returning
from zhika.engine.work import ActWork, Done


def take_correction(work: ActWork) -> Done:
    """收更正通知: the notice stays on the desk until the unit hands in the mended lines, as a lot of their own."""
    return Done()


def return_cards(work: ActWork) -> Done:
    """退卡: to the office that passed them on; fact cause."""
    return returning.to_office(work)
