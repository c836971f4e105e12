"""The columns of the files that come from outside, with the titles under which they are known."""

from enum import Enum
from typing import NamedTuple


class Kind(Enum):
    """How a cell is tidied."""

    NAME = "name"
    """A person's name: blanks and middle dots."""
    ID = "id"
    """公民身份号码: full-width characters, blanks, small x."""
    DIGITS = "digits"
    """A number that is text: full-width digits and blanks."""
    TEXT = "text"
    """Free text: blanks at both ends."""


class Column(NamedTuple):
    """One column: its name in English, its title in Chinese, other titles seen, whether a file must have it."""

    name: str
    title: str
    kind: Kind = Kind.TEXT
    aliases: tuple[str, ...] = ()
    required: bool = False


_PERSON = (
    Column("name", "姓名", Kind.NAME, ("参保人姓名", "成员姓名"), required=True),
    Column("id_no", "公民身份号码", Kind.ID, ("身份证号", "身份证号码", "公民身份证号码", "证件号码"), required=True),
    Column("sex", "性别", required=True),
    Column("nation", "民族"),
    Column("birth", "出生日期", Kind.DIGITS, ("出生年月日",), required=True),
)
_RESIDENCE = (
    Column("address", "地址", Kind.TEXT, ("住址", "家庭住址", "通讯地址")),
    Column("district", "行政区划", Kind.DIGITS, ("行政区划代码",)),
    Column("relation", "与户主关系"),
)

INSURANCE = (
    Column("person_no", "个人编号", Kind.DIGITS, ("个人编码",), required=True),
    Column("scheme", "险种", Kind.TEXT, ("参保类型",)),
    Column("category", "人员类别"),
    Column("centre", "经办机构", Kind.DIGITS, ("经办机构编号",), required=True),
    Column("unit_no", "单位（村）编号", Kind.DIGITS, ("单位编号", "村编号"), required=True),
    Column("unit_name", "单位（村）", Kind.TEXT, ("单位名称", "村名称"), required=True),
    Column("village_group", "组", Kind.TEXT, ("乡村组",)),
    Column("certificate_no", "医疗证号", Kind.DIGITS, ("合作医疗证号",)),
    Column("member_no", "成员序号", Kind.DIGITS),
    Column("household_attribute", "户属性"),
    *_PERSON,
    *_RESIDENCE,
    Column("phone", "电话", Kind.DIGITS, ("联系电话", "手机号码")),
    Column("postcode", "邮编", Kind.DIGITS, ("邮政编码",)),
    Column("status", "参保状态", Kind.TEXT, ("参合状态", "状态"), required=True),
)
"""参保库 (urban) and 参合库 (rural): the insurance systems' extracts."""

COLLECTED = (*INSURANCE, Column("photo", "照片", Kind.TEXT, ("照片文件",)))
"""采集信息: what employers, neighbourhoods, universities and villages hand in (annexes 2 and 5)."""

DEATHS = (
    Column("id_no", "公民身份号码", Kind.ID, ("身份证号", "身份证号码", "证件号码"), required=True),
    Column("name", "姓名", Kind.NAME, ("死者姓名",), required=True),
    Column("died_on", "死亡日期", Kind.DIGITS, ("死亡年月日", "死亡时间"), required=True),
)
"""死亡名单: who has died, as civil affairs or the police tell it."""

HOUSEHOLD = (
    *_PERSON,
    *_RESIDENCE,
    Column("household_book", "户口簿号", Kind.DIGITS, ("户号",)),
    Column("status", "户籍状态", Kind.TEXT, ("状态",)),
)
"""户籍库: the police household register. It knows no personal number: an ID number is its only key."""

FORM = (
    *(column._replace(required=column.name in ("name", "id_no", "centre", "category"))
      for column in COLLECTED if column.name != "status"),
    Column("payment_no", "缴费单号", Kind.DIGITS, ("缴费凭证号",)),
    Column("rush", "加急"),
)  # fmt: skip
"""参保、参合申请表: one line a person who applies at the own office; sex and birth follow from the ID number."""

REPLACEMENT = (
    Column("old_card", "原卡序列号", Kind.DIGITS, ("卡序列号",)),
    Column("id_no", "公民身份号码", Kind.ID, ("身份证号", "证件号码")),
    Column("kind", "业务类型"),
    Column("reason", "原因"),
    Column("exempt", "免收原因"),
    Column("rush", "加急"),
    *(column._replace(required=False) for column in COLLECTED
      if column.name in ("name", "nation", "address", "phone", "postcode", "photo")),
)  # fmt: skip
"""补换卡申请: one line a card, named by its serial or its holder's ID number; with what is to be corrected.

Kind and reason may be told once for the whole file.
"""
