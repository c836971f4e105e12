"""Why a package is refused: one table of causes, and the two families the post office tells apart."""

from collections.abc import Sequence
from enum import Enum

from zhika.errors import Fault, Refused


class Cause(Enum):
    """Cause code of a refusal, with the sentence that the people at both ends read."""

    MISSING_FILE = "missing-file", "缺少文件或文件过大，请对方重新发出"
    UNKNOWN_SIGNER = "unknown-signer", "发送方不在本席位的信任名单中，请先核对并交换证书"
    BAD_SIGNATURE = "bad-signature", "签名与清单不符，或不是登记的证书所签"
    BAD_MANIFEST = "bad-manifest", "清单内容不合规定"
    NAME_DIFFERS = "name-differs", "文件名与清单所载发送方、编号或单据不一致"
    WRONG_RECEIVER = "wrong-receiver", "不是发给本席位的"
    WRONG_DOCUMENT = "wrong-document", "发送方、本席位或该批次无权收发此单据"
    WRONG_PROCESS = "wrong-process", "发送方未登记参与此流程"
    WRONG_PARTY = "wrong-party", "批次各方与发送方登记的泳道、机构不一致"
    BAD_DIGEST = "bad-digest", "密封文件与清单的摘要或大小不符"
    UNKNOWN_KEY = "unknown-key", "不是用本席位现有的公钥密封的"
    BAD_PAYLOAD = "bad-payload", "密封文件不能解开"
    BAD_MEMBER = "bad-member", "密封文件内有不应有、缺少、重复或过大的成员"
    BAD_PHOTO = "bad-photo", "照片内容与其摘要不符，或与各行所列照片不一致"
    HEADER_DIFFERS = "header-differs", "密封文件内的表头与清单不一致"
    WRONG_COUNT = "wrong-count", "行数与清单不符"
    BAD_ROWS = "bad-rows", "数据行不合规定"

    def __init__(self, code: str, rule: str) -> None:
        self.code = code
        self.rule = rule


class PackageRefused(Refused):
    """An authentic package that is refused for what it holds: it takes its number, its sender gets a receipt."""

    def __init__(self, where: str, cause: Cause, faults: Sequence[Fault] = ()) -> None:
        self.cause = cause
        super().__init__(faults or [Fault(where, cause.rule)])


class NotAuthentic(PackageRefused):
    """A package whose sender, number or receiver is not proved: it takes no number and earns no receipt."""
