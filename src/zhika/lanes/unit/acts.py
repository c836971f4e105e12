"""The unit's acts."""

from zhika.engine.work import ActWork, Done


def take_correction(work: ActWork) -> Done:
    """收更正通知: the notice stays on the desk until the unit hands in the mended lines, as a lot of their own."""
    return Done()
