"""排除原因: the data that kept somebody from a card are mended, or the bank has had its word; one may start again."""

from pathlib import Path

from zhika.engine import desk
from zhika.engine.work import ActWork, Done
from zhika.errors import Fault, NotReady, Refused
from zhika.people import restarts
from zhika.people.models import Cleared
from zhika.people.requests import CORRECTED

PHOTO = "photo"


def clear(work: ActWork) -> Done:
    """The subject is a failed application; facts are the corrected fields, the photo as a file.

    Raises NotReady for somebody who does not wait, or whose cause needs nobody outside; Refused for other facts.
    """
    found = restarts.waiting([work.subject])
    if not found:
        raise NotReady(f"{work.subject}: 没有在等待重新发起, 请核对申请编号 (zhika waiting)")
    (one,) = found
    if one.startable:
        raise NotReady(f"{work.subject}: 不须排除原因, 可直接重新发起")
    corrections = {name: value.strip() for name, value in work.facts.items() if value.strip()}
    if unknown := sorted(set(corrections) - set(CORRECTED)):
        raise Refused([Fault(name, f"不能更正。可用: {'、'.join(CORRECTED)}") for name in unknown])
    if PHOTO in corrections:
        path = Path(corrections[PHOTO])
        corrections[PHOTO] = desk.photo_file(work.seat, path.parent, path.name)
        if not corrections[PHOTO]:
            raise Refused([Fault(path.name, "照片文件不存在", column=PHOTO)])

    def write() -> None:
        restarts.correct(one.application.person, corrections)
        Cleared.objects.create(
            ref=work.subject, cause=one.cause, corrected=",".join(sorted(corrections)), reason=work.reason[:200],
            by=work.by, at=work.now,
        )  # fmt: skip

    return Done(write=write)
