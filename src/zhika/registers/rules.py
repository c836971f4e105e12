"""The dictionary of simple checks: one table of reasons, the same word for unit, centre, integrator and citizen."""

from enum import StrEnum
from typing import NamedTuple


class Proposal(StrEnum):
    """What the comparison proposes for a line. The centre decides."""

    ACCEPT = "accept"
    """Nothing stands against it."""
    ASK = "ask"
    """Somebody at the centre must look: signed, the line is right as given."""
    REJECT = "reject"
    """Can't go on as given: it goes back to be mended."""


SEVERITY = (Proposal.ACCEPT, Proposal.ASK, Proposal.REJECT)
"""From mild to severe: a line's proposal is the most severe of its reasons."""


class Rule(NamedTuple):
    """One reason."""

    code: str
    title: str
    """For the clerk."""
    column: str
    """Title of the column at fault."""
    mended_by: str
    """Code of the lane that mends it."""
    proposal: Proposal
    citizen: str
    """The sentence that a person reads or is told."""


_UNIT, _CENTRE = "unit", "centre"
_ACCEPT, _ASK, _REJECT = SEVERITY
_NAME, _ID, _SEX, _BIRTH, _NO, _STATUS = "姓名", "公民身份号码", "性别", "出生日期", "个人编号", "参保状态"
_BRING_ID = "请携带身份证到单位或村委会核对。"

RULES: tuple[Rule, ...] = (
    Rule("no-name", "姓名为空", _NAME, _UNIT, _REJECT, f"登记表上没有您的姓名，{_BRING_ID}"),
    Rule("no-id", "公民身份号码为空", _ID, _UNIT, _REJECT, f"登记表上没有您的身份证号码，{_BRING_ID}"),
    Rule("id-length", "公民身份号码不是 18 位", _ID, _UNIT, _REJECT, f"您的身份证号码位数不对，{_BRING_ID}"),
    Rule(
        "id-old-15", "15 位旧号码，没有校验码，须按身份证确认", _ID, _UNIT, _ASK, f"登记的是旧的 15 位号码，{_BRING_ID}"
    ),
    Rule("id-characters", "公民身份号码含有不允许的字符", _ID, _UNIT, _REJECT, f"您的身份证号码有误，{_BRING_ID}"),
    Rule("id-birth", "公民身份号码中的出生日期不存在", _ID, _UNIT, _REJECT, f"您的身份证号码有误，{_BRING_ID}"),
    Rule("id-check", "公民身份号码校验码不符", _ID, _UNIT, _REJECT, f"您的身份证号码有误，{_BRING_ID}"),
    Rule("id-shared", "同一号码登记了两个人", _ID, _UNIT, _ASK, f"您的身份证号码也登记在别人名下，{_BRING_ID}"),
    Rule("id-of-other", "号码在参保系统中属于另一人", _ID, _UNIT, _REJECT, f"登记的身份证号码是别人的，{_BRING_ID}"),
    Rule("id-differs", "号码与参保系统不一致", _ID, _CENTRE, _ASK, "身份证号码与参保记录不一致，请到经办机构核对。"),
    Rule("name-differs", "姓名与参保系统或户籍不一致", _NAME, _CENTRE, _ASK, "姓名与登记不一致，请到经办机构核对。"),
    Rule("person-no-differs", "个人编号与参保系统不一致", _NO, _UNIT, _ASK, "个人编号与参保记录不一致，请到单位核对。"),
    Rule("sex-contradicts-id", "性别与公民身份号码不符", _SEX, _UNIT, _ASK, f"登记的性别与身份证号码不符，{_BRING_ID}"),
    Rule(
        "birth-contradicts-id",
        "出生日期与公民身份号码不符",
        _BIRTH,
        _UNIT,
        _ASK,
        f"登记的出生日期与身份证不符，{_BRING_ID}",
    ),
    Rule("sex-differs", "性别与参保系统或户籍不一致", _SEX, _CENTRE, _ASK, "性别与登记不一致，请到经办机构核对。"),
    Rule(
        "birth-differs",
        "出生日期与参保系统或户籍不一致",
        _BIRTH,
        _CENTRE,
        _ASK,
        "出生日期与登记不一致，请到经办机构核对。",
    ),
    Rule("duplicate-line", "与前面一行完全相同", _NO, _UNIT, _REJECT, "您已登记一次，不必重复登记。"),
    Rule("line-conflicts", "同一人有两行，内容不同", _NO, _UNIT, _ASK, "您登记了两次，内容不同，请到单位核对。"),
    Rule(
        "not-in-insurance",
        "参保系统中没有此人",
        _NO,
        _CENTRE,
        _REJECT,
        "没有查到您的参保记录，请先到经办机构办理参保。",
    ),
    Rule(
        "not-in-household", "户籍中没有此人", _ID, _CENTRE, _ASK, "没有查到您的户籍记录，请携带户口簿到经办机构核对。"
    ),
    Rule("not-insured", "当前不在参保状态", _STATUS, _CENTRE, _REJECT, "您目前不在参保状态，恢复参保后再办卡。"),
    Rule(
        "insured-in-both",
        "城镇、农村两边同时参保",
        _STATUS,
        _CENTRE,
        _ASK,
        "您同时参加了城镇和农村医保，请选定一种，只发一张卡。",
    ),
    Rule("has-card", "已有有效的卡或正在办理", _ID, _CENTRE, _REJECT, "您已有社会保障卡或正在办理，不必再办。"),
    Rule("deceased", "在死亡名单中", _ID, _CENTRE, _REJECT, "登记显示持卡人已死亡，如有误请到经办机构更正。"),
    Rule("no-photo", "没有照片", "照片", _UNIT, _REJECT, "还没有您的照片，请到单位或村委会补照。"),
    Rule("name-repaired", "姓名中的空格或间隔点已整理", _NAME, _UNIT, _ACCEPT, "姓名的写法已按规范整理。"),
    Rule(
        "id-repaired", "公民身份号码的全角、空格或小写 x 已整理", _ID, _UNIT, _ACCEPT, "身份证号码的写法已按规范整理。"
    ),
)
BY_CODE = {rule.code: rule for rule in RULES}

ID_FAULTS = {
    "missing": "no-id",
    "length": "id-length",
    "old-15": "id-old-15",
    "characters": "id-characters",
    "birth": "id-birth",
    "check": "id-check",
}
"""The rule of GB 11643 that an ID number breaks (`zhika.card.idnumber.faults`), and its reason here."""

INSURED = ("正常", "参合")
"""Who is insured now, urban and rural. Every other status (停保, 退保, 死亡, 未参合, 暂停, 终止, none) gets no card."""


def proposal(reasons: str) -> Proposal:
    """The most severe proposal of reasons joined by ";".

    >>> proposal("name-repaired;no-photo"), proposal("")
    (<Proposal.REJECT: 'reject'>, <Proposal.ACCEPT: 'accept'>)
    """
    found = [BY_CODE[code].proposal for code in reasons.split(";") if code]
    return max(found, key=SEVERITY.index, default=Proposal.ACCEPT)
