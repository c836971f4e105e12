"""Why a card leaves its batch: one dictionary of causes, shared by all seats."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cause:
    """One cause: its code in documents, what people read, who mends it, and whether the person may start again."""

    code: str
    title: str
    mended_by: str
    citizen: str
    again: bool = True
    outside: bool = False
    """Somebody must mend data or have a word before the person may start again; else the integrator's word is enough."""


CAUSES: dict[str, Cause] = {
    cause.code: cause
    for cause in (
        Cause("row-unknown", "单据中有本批次没有的申请", "发送方", "资料核对中，请等待通知。", False),
        Cause("row-differs", "单据行与申请的证件号码、姓名不符", "发送方", "资料核对中，将为您重新制卡。"),
        Cause("row-twice", "同一申请在单据中出现两次", "发送方", "资料核对中，将为您重新制卡。"),
        Cause("row-missing", "单据中缺少该申请", "发送方", "资料核对中，将为您重新制卡。"),
        Cause("second-number", "一个申请出现第二个卡号，或卡号重复", "银行", "资料核对中，将为您重新制卡。"),
        Cause("number-bad", "银行卡号不合校验", "银行", "资料核对中，将为您重新制卡。"),
        Cause("name-differs", "银行客户资料姓名不一致", "本人、银行", "请带身份证到银行网点核对姓名。", outside=True),
        Cause("account-refused", "银行不予开户", "银行", "请带身份证到银行网点咨询。", outside=True),
        Cause(
            "not-insured",
            "当前不在参保、参合状态",
            "本人、经办机构",
            "您目前不在参保状态，恢复参保后再办卡。",
            outside=True,
        ),
        Cause(
            "id-of-other", "号码在参保系统中属于另一人", "经办机构", "请带身份证到经办机构核对参保记录。", outside=True
        ),
        Cause("photo-bad", "照片不合格或缺失", "采集单位", "请重新提交照片。", outside=True),
        Cause("glyph-missing", "姓名中有字库没有的字", "数据集成方", "姓名用字处理中，请等待通知。", outside=True),
        Cause("name-too-long", "姓名超出芯片或卡面长度", "数据集成方", "姓名用字处理中，请等待通知。", outside=True),
        Cause("misprint", "卡面印制有误", "卡片供应商", "卡片重新制作中。"),
        Cause("number-misprint", "卡面银行卡号印制有误", "卡片供应商", "卡片重新制作中。"),
        Cause("chip-dead", "芯片无应答", "卡片供应商", "卡片重新制作中。"),
        Cause("chip-refused", "芯片写入或回读失败", "数据集成方", "卡片重新制作中。"),
        Cause("serial-differs", "卡序列号与卡面人员不符", "卡片供应商", "卡片重新制作中。"),
        Cause("area-differs", "公共区身份与清单不符", "数据集成方", "卡片重新制作中。"),
        Cause("area-not-empty", "公共区未能清除", "银行", "卡片重新制作中。"),
        Cause("stripe-bad", "磁条写入或回读失败", "银行", "卡片重新制作中。"),
        Cause("interrupted", "写卡中断", "本工序", "卡片重新制作中。"),
        Cause("missing", "交接短少", "移交方", "卡片重新制作中。"),
        Cause("data-wrong", "卡上资料有误", "本人、经办机构", "请带身份证到经办机构更正资料，将为您重新制卡。"),
        Cause("withdrawn", "本人撤回申请", "本人", "您的申请已撤回，如需办卡请重新申请。", False),
        Cause("rejected", "审核不予受理", "经办机构", "您的申请未通过审核，请到经办机构咨询。", False),
        Cause("no-old-card", "原卡已不是本人现用的卡", "经办机构", "您要补换的卡已不在使用，请到经办机构核对。", False),
        Cause("recalled", "召回", "数据集成方", "卡片已召回，将为您重新制卡。"),
        Cause("deceased", "持卡人已死亡", "经办机构", "请持证明到经办机构办理注销。", False),
        Cause("unclaimed", "逾期未领", "本人", "您的卡已退回银行保管，请到经办机构申请重新发放。", False),
        Cause("closed", "逾期未领，已注销销毁", "本人", "您的卡逾期未领已注销，请到经办机构重新申请。", False),
    )
}

DECEASED = "deceased"
"""Cause with which who stands on a list of the dead leaves a batch, and the card is given back."""
WITHDRAWN = "withdrawn"
"""Cause with which whoever has withdrawn the request leaves a batch."""
RETURNED_FOR = ("data-wrong", "misprint", "chip-dead", "stripe-bad", "recalled", "deceased", "unclaimed")
"""Why a finished card may be given back."""
CLOSED = "closed"
"""Cause of a kept card that was destroyed at last."""
KEPT = frozenset({"unclaimed"})
"""Causes for which it stays as good as it was, and is kept; with every other one it is void."""


def title(code: str) -> str:
    """What people read for a code; the code itself where another release's seat sent one we do not know."""
    return CAUSES[code].title if code in CAUSES else code
