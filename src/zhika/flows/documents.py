"""The catalogue: every document that passes between lanes, declared once, with the lanes that may see each field.

Sensitivity is a set of lanes, not a level: a document that would carry a field to a lane that may not see it
is refused when this module is imported.
"""

from collections.abc import Iterable, Set
from dataclasses import dataclass
from enum import Enum

from zhika.errors import ConfigurationError
from zhika.flows.lanes import EVERYONE, Lane

INSURED, UNIT, CENTRE, INTEGRATOR, SUPPLIER, BANK = Lane


@dataclass(frozen=True)
class Field:
    """One column of a document.

    `width` is the most characters a value may have. `example` is a value of a synthetic person that fits.
    """

    name: str
    title: str
    width: int
    example: str = ""
    seen_by: Set[Lane] = EVERYONE
    required: bool = True


class Key(Enum):
    """What identifies a row."""

    PERSON = "person"
    """Application number, ID number and name: all three must agree at each arrival."""
    LINE = "line"
    """Lot and line; ID number and name as given, which may be empty."""
    NONE = "none"
    """Rows about things, money or progress, not about a person."""


LOT = Field("lot", "批次", 40, "L-urban-100000-3f9a2c1d")
LINE = Field("line", "行号", 9, "1")
APP_NO = Field("app_no", "申请编号", 20, "A26112300000017")
ID_NO = Field("id_no", "公民身份号码", 18, "350502199001010018")
NAME = Field("name", "姓名", 50, "陈阿山")
ID_GIVEN = Field("id_no", "公民身份号码", 30, "350502199001010018", required=False)
NAME_GIVEN = Field("name", "姓名", 50, "陈阿山", required=False)

_KEYS = {Key.PERSON: (APP_NO, ID_NO, NAME), Key.LINE: (LOT, LINE, ID_GIVEN, NAME_GIVEN), Key.NONE: ()}


@dataclass(frozen=True, eq=False)
class Document:
    """What passes between lanes.

    Refuses, when it is declared, a field that a sender or receiver may not see.
    """

    code: str
    title: str
    senders: Set[Lane]
    receivers: Set[Lane]
    extra: tuple[Field, ...]
    key: Key = Key.PERSON
    things: bool = False
    """Cards or material travel with it: it counts only after the taker has read the tray and accepted."""
    internal: bool = False
    """Stays in its lane's own house; nothing awaits it."""

    def __post_init__(self) -> None:
        for field in self.fields:
            blind = sorted((self.senders | self.receivers) - field.seen_by)
            if blind:
                raise ConfigurationError(
                    f"document {self.code} ({self.title}) carries {field.name} ({field.title}) to or from "
                    f"{', '.join(blind)}, who may not see it; seen by {', '.join(sorted(field.seen_by))} only"
                )
        names = [field.name for field in self.fields]
        if len(set(names)) != len(names):
            raise ConfigurationError(f"document {self.code} ({self.title}) names a field twice")

    @property
    def fields(self) -> tuple[Field, ...]:
        """Key and payload, in the order in which they stand in the file."""
        return _KEYS[self.key] + self.extra

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)

    @property
    def example(self) -> dict[str, str]:
        """One row of a synthetic person that the document accepts."""
        return {field.name: field.example for field in self.fields}

    def __str__(self) -> str:
        return self.title


# Who may see what is not everybody's -------------------------------------------------------------------------------

BANKING = frozenset({BANK, SUPPLIER})
"""Expiry and CVV2 go from bank to supplier only."""
PAN_SEEN = frozenset({INTEGRATOR, BANK, SUPPLIER})
PHOTO_SEEN = frozenset({INSURED, UNIT, CENTRE, INTEGRATOR, SUPPLIER})
CHIP_SEEN = frozenset({INTEGRATOR, SUPPLIER})
ADDRESS_SEEN = EVERYONE - {SUPPLIER}
SCHEME_SEEN = frozenset({INSURED, UNIT, CENTRE, INTEGRATOR})

PAN = Field("pan", "银行卡号", 19, "6222350000000000018", PAN_SEEN)
EXPIRY = Field("expiry", "有效期", 4, "3611", BANKING)
CVV2 = Field("cvv2", "CVV2", 3, "417", BANKING)
TRACK1 = Field("track1", "一磁道", 79, "%99", frozenset({BANK}))
TRACK2 = Field("track2", "二磁道", 40, ";62", frozenset({BANK}))
TRACK3 = Field("track3", "三磁道", 107, ";99", frozenset({BANK}))
SECRET_FIELDS = (EXPIRY, CVV2, TRACK1, TRACK2, TRACK3)
"""What no platform seat may hold in any column, document, log or list."""

PHOTO = Field("photo", "照片", 64, "0" * 64, PHOTO_SEEN)
PHOTO_GIVEN = Field("photo", "照片", 64, "0" * 64, PHOTO_SEEN, required=False)
CHIP_SERIAL = Field("chip_serial", "芯片序列号", 16, "F1000000000A", CHIP_SEEN, required=False)
CARD_SERIAL = Field("card_serial", "卡序列号", 20, "QZ26000000017")
CONDITION = Field("condition", "成品/作废", 4, "good")
CAUSE = Field("cause", "原因", 20, "chip-dead", required=False)
FLAG = Field("flag", "新增/补换", 4, "新增")

SEX = Field("sex", "性别", 1, "1", ADDRESS_SEEN | {SUPPLIER})
BIRTH = Field("birth", "出生日期", 8, "19900101", ADDRESS_SEEN)
NATION = Field("nation", "民族", 12, "汉族", SCHEME_SEEN, required=False)
ADDRESS = Field("address", "地址", 100, "鲤城区涂门街 1 号", ADDRESS_SEEN, required=False)
POSTCODE = Field("postcode", "邮编", 6, "362000", ADDRESS_SEEN, required=False)
PHONE = Field("phone", "电话", 20, "13900000000", ADDRESS_SEEN, required=False)
CENTRE_NO = Field("centre", "经办机构", 12, "02", ADDRESS_SEEN)
UNIT_NO = Field("unit_no", "单位（村）编号", 20, "100000", ADDRESS_SEEN)
UNIT_NAME = Field("unit_name", "单位（村）", 60, "闽达小学", ADDRESS_SEEN)
SSC_NO = Field("ssc_no", "社会保障卡号", 9, "A00000011", CHIP_SEEN)
ISSUE_DATE = Field("issue_date", "发卡日期", 8, "20261123", CHIP_SEEN)
DATE = Field("date", "日期", 10, "2026-11-23")
PERSON_NO = Field("person_no", "个人编号", 20, "350500000000", SCHEME_SEEN, required=False)
CATEGORY = Field("category", "人员类别", 8, "职工", SCHEME_SEEN)
DISTRICT = Field("district", "行政区划", 6, "350502", SCHEME_SEEN, required=False)
PAYMENT_NO = Field("payment_no", "缴费单号", 30, "P0001", SCHEME_SEEN)
REQUEST_KIND = Field("kind", "业务类型", 12, "lost", SCHEME_SEEN)
REASON = Field("reason", "原因", 100, "遗失", SCHEME_SEEN)
OLD_CARD = Field("old_card", "原卡序列号", 20, "QZ26000000009", SCHEME_SEEN)
CORRECTIONS = Field("corrections", "更正内容", 400, "", SCHEME_SEEN, required=False)

HOUSEHOLD = (
    Field("village_group", "组", 20, "12组", SCHEME_SEEN, required=False),
    Field("certificate_no", "医疗证号", 18, "350504000100000", SCHEME_SEEN, required=False),
    Field("member_no", "成员序号", 2, "01", SCHEME_SEEN, required=False),
    Field("relation", "与户主关系", 12, "户主", SCHEME_SEEN, required=False),
    Field("household_attribute", "户属性", 12, "一般农户", SCHEME_SEEN, required=False),
)


def _optional(fields: Iterable[Field]) -> tuple[Field, ...]:
    """The same columns as they come from outside: any may be missing, each may be too long."""
    return tuple(Field(f.name, f.title, max(f.width, 60), f.example, f.seen_by, required=False) for f in fields)


FORM = (
    PERSON_NO,
    CATEGORY,
    CENTRE_NO,
    UNIT_NO,
    UNIT_NAME,
    *HOUSEHOLD,
    SEX,
    NATION,
    BIRTH,
    ADDRESS,
    PHONE,
    POSTCODE,
    DISTRICT,
)
"""The form's fields: annex 2 (urban) and annex 5 (rural)."""

# The documents -----------------------------------------------------------------------------------------------------

COLLECTED = Document(  # 采集信息
    "collected", "采集信息", {UNIT}, {INTEGRATOR},
    (*_optional(FORM), Field("status", "参保状态", 20, "正常", SCHEME_SEEN, required=False), PHOTO_GIVEN), Key.LINE,
)  # fmt: skip
CHECK_LIST = Document(  # 数据核对
    "check-list", "数据核对", {INTEGRATOR}, {CENTRE},
    (
        Field("given", "采集值", 400, "姓名=陈阿山", SCHEME_SEEN, required=False),
        Field("found", "比对值", 400, "姓名=陈阿珊", SCHEME_SEEN, required=False),
        Field("sources", "来源", 60, "医保", SCHEME_SEEN, required=False),
        Field("reasons", "疑点代码", 200, "name-differs", SCHEME_SEEN, required=False),
        Field("proposal", "建议", 8, "accept", SCHEME_SEEN),
    ), Key.LINE,
)  # fmt: skip
CONFIRMATION = Document(  # 数据确认
    "confirmation", "数据确认", {CENTRE}, {INTEGRATOR},
    (
        Field("decision", "结论", 8, "accept", SCHEME_SEEN),
        Field("reasons", "原因代码", 200, "", SCHEME_SEEN, required=False),
        Field("signer", "经办人", 30, "王芳", SCHEME_SEEN),
        Field("second_signer", "复核人", 30, "李敏", SCHEME_SEEN),
    ), Key.LINE,
)  # fmt: skip
URBAN_APPLICATION = Document(  # 参保申请
    "urban-application", "参保申请", {INSURED}, {CENTRE}, (*FORM, PAYMENT_NO, PHOTO)
)
RURAL_APPLICATION = Document(  # 参合申请
    "rural-application", "参合申请", {INSURED}, {CENTRE}, (*FORM, PAYMENT_NO, PHOTO)
)
REPLACEMENT_APPLICATION = Document(  # 补卡申请
    "replacement-application", "补卡申请", {INSURED}, {CENTRE}, (REQUEST_KIND, REASON, OLD_CARD, PAYMENT_NO)
)
CORRECTION = Document(  # 更正通知
    "correction", "更正通知", {INTEGRATOR}, {UNIT},
    (
        Field("column", "有误栏目", 40, "姓名", SCHEME_SEEN),
        Field("reasons", "原因代码", 200, "name-differs", SCHEME_SEEN),
    ), Key.LINE,
)  # fmt: skip
URBAN_INSURED = Document(  # 参保数据
    "urban-insured", "参保数据", {CENTRE}, {INTEGRATOR}, (*FORM, FLAG, PHOTO)
)
RURAL_INSURED = Document(  # 参合数据
    "rural-insured", "参合数据", {CENTRE}, {INTEGRATOR}, (*FORM, FLAG, PHOTO)
)
REPLACEMENT_DATA = Document(  # 补换数据
    "replacement-data", "补换数据", {CENTRE}, {INTEGRATOR},
    (CENTRE_NO, FLAG, REQUEST_KIND, REASON, OLD_CARD, CORRECTIONS),
)  # fmt: skip
PRODUCTION_DATA = Document(  # 制卡数据
    "production-data", "制卡数据", {INTEGRATOR}, {BANK},
    (SEX, BIRTH, ADDRESS, POSTCODE, PHONE, CENTRE_NO, UNIT_NO, UNIT_NAME, FLAG),
)  # fmt: skip
ACCOUNT_FILE = Document("account-file", "账号资料", {BANK}, {INTEGRATOR}, (PAN,))  # 账号资料
SUPPLIER_ACCOUNTS = Document(  # 个人账号信息
    "supplier-accounts", "个人账号信息", {BANK}, {SUPPLIER}, (PAN, EXPIRY, CVV2)
)
FACE_DATA = Document(  # 卡面个人化信息, urban: with the bank card number
    "face-data", "卡面个人化信息", {INTEGRATOR}, {SUPPLIER}, (SEX, SSC_NO, ISSUE_DATE, FLAG, PAN, PHOTO)
)
RURAL_FACE_DATA = Document(  # 卡面个人化信息, rural: no bank card number exists yet
    "rural-face-data", "卡面个人化信息", {INTEGRATOR}, {SUPPLIER}, (SEX, SSC_NO, ISSUE_DATE, FLAG, PHOTO)
)
MATERIAL = Document(  # 材料交接单; what is left comes back the same way
    "material", "材料交接单", {INTEGRATOR, SUPPLIER}, {INTEGRATOR, SUPPLIER},
    (
        Field("consignment", "来料批号", 30, "M-2026-01"),
        Field("kind", "材料", 12, "module"),
        Field("count", "数量", 9, "250"),
        Field("cos_version", "COS 版本", 30, "ZHIKA-COS 1.0", CHIP_SEEN, required=False),
        Field("cos_digest", "COS 摘要", 64, "0" * 64, CHIP_SEEN, required=False),
    ), Key.NONE, things=True,
)  # fmt: skip
SEMI_FINISHED = Document(  # 半成品清单
    "semi-finished", "半成品清单", {SUPPLIER}, {INTEGRATOR},
    (CARD_SERIAL, CHIP_SERIAL, CONDITION, CAUSE, FLAG), things=True,
)  # fmt: skip
HANDOVER = Document(  # 制卡信息文档, urban
    "production-handover", "制卡信息文档", {INTEGRATOR}, {BANK},
    (CARD_SERIAL, CONDITION, CAUSE, POSTCODE, ADDRESS, CENTRE_NO, UNIT_NO, UNIT_NAME, FLAG), things=True,
)  # fmt: skip
RURAL_HANDOVER = Document(  # 制卡信息文档, rural: what the bank needs to open accounts comes with it
    "rural-production-handover", "制卡信息文档", {INTEGRATOR}, {BANK},
    (CARD_SERIAL, CONDITION, CAUSE, SEX, BIRTH, PHONE, POSTCODE, ADDRESS, CENTRE_NO, UNIT_NO, UNIT_NAME, FLAG),
    things=True,
)  # fmt: skip
ACCOUNT_OPENING = Document(  # 批量开卡文档
    "account-opening", "批量开卡文档", {BANK}, {BANK},
    (
        PAN,
        Field("account", "账号", 20, "1402000000000000017", frozenset({BANK})),
        Field("branch", "网点", 12, "1402", frozenset({BANK})),
        Field("status", "状态", 20, "opened", frozenset({BANK})),
    ), internal=True,
)  # fmt: skip
NUMBER_MAPPING = Document("number-mapping", "号码对应关系", {BANK}, {INTEGRATOR}, (PAN,))  # 号码对应关系
CARD_LIST = Document(  # 制卡清单
    "card-list", "制卡清单", {BANK}, {CENTRE},
    (CARD_SERIAL, UNIT_NO, UNIT_NAME, POSTCODE, ADDRESS, FLAG), things=True,
)  # fmt: skip
PASSING_ON = Document(  # 社保卡交接单
    "passing-on", "社保卡交接单", {CENTRE}, {UNIT}, (CARD_SERIAL,), things=True
)
RETURNED = Document(  # 退卡清单
    "returned-cards", "退卡清单", {UNIT, CENTRE}, {CENTRE, BANK}, (CARD_SERIAL, CAUSE, FLAG), things=True
)
COLLECTION = Document(  # 领卡回执
    "collection", "领卡回执", {UNIT, CENTRE}, {CENTRE, BANK},
    (CARD_SERIAL, DATE, Field("by", "本人/代领", 5, "self")),
)  # fmt: skip
ACTIVATION = Document("activation", "激活回执", {BANK}, {CENTRE}, (CARD_SERIAL, DATE))  # 激活回执
BLOCK_NOTICE = Document(  # 挂失/注销通知
    "block-notice", "挂失/注销通知", {CENTRE, BANK}, {BANK, CENTRE},
    (
        CARD_SERIAL,
        Field("kind", "种类", 12, "lost-call"),
        Field("until", "有效至", 10, "2026-12-08", required=False),
        Field("at", "办理时间", 32, "2026-11-23T10:00:00+08:00"),
    ),
)  # fmt: skip
ACCEPTANCE = Document(  # 交接回执, the answer to every ⇒
    "acceptance", "交接回执", EVERYONE - {INSURED}, EVERYONE - {INSURED},
    (
        Field("handover", "交接编号", 60, "H-icbc-000001"),
        Field("kind", "类别", 12, "good"),
        Field("given", "移交数", 9, "250"),
        Field("accepted", "实收数", 9, "249"),
        Field("difference", "差异", 9, "1"),
        Field("serial", "差异卡序列号", 20, "QZ26000000017", required=False),
    ), Key.NONE,
)  # fmt: skip
ERASURE = Document(  # 清除记录
    "erasure", "清除记录", {SUPPLIER}, {BANK},
    (Field("what", "清除对象", 60, "package"), Field("sha256", "摘要", 64, "0" * 64), DATE), Key.NONE,
)  # fmt: skip
DESTRUCTION = Document(  # 销毁记录
    "destruction", "销毁记录", {BANK, CENTRE}, {INTEGRATOR, CENTRE},
    (CARD_SERIAL, Field("witness", "监销人", 30, "王芳"), Field("second_witness", "监销人二", 30, "李敏"), DATE), Key.NONE,
)  # fmt: skip
SETTLEMENT = Document(  # 结算单: a line for each item, kind and reason of the period
    "settlement", "结算单", {CENTRE}, {CENTRE},
    (
        CENTRE_NO,
        Field("period", "结算期", 7, "2026-11"),
        Field("item", "项目", 8, "fee"),
        Field("of", "业务所属期", 7, "2026-11", required=False),
        Field("kind", "业务类型", 12, "lost", SCHEME_SEEN, required=False),
        Field("exempt", "免收事由", 20, "", SCHEME_SEEN, required=False),
        Field("count", "笔数", 9, "12"),
        Field("amount", "金额", 15, "240.00"),
    ), Key.NONE,
)  # fmt: skip
PROGRESS = Document(  # 进度通知
    "progress", "进度通知", EVERYONE, {INTEGRATOR},
    (
        Field("number", "序号", 2, "7"),
        Field("lane", "泳道", 12, "supplier"),
        Field("work", "步骤", 40, "print"),
        Field("n_in", "收入", 9, "250"),
        Field("n_out", "完成", 9, "249"),
        Field("at", "时间", 32, "2026-11-23T10:00:00+08:00"),
    ), Key.NONE,
)  # fmt: skip
EXCEPTIONS = Document(  # 异常清单
    "exceptions", "异常清单", EVERYONE, EVERYONE,
    (
        Field("document", "单据", 40, "semi-finished", required=False),
        Field("row", "行", 9, "17", required=False),
        Field("card_serial", "卡序列号", 20, "QZ26000000017", required=False),
        Field("step", "步骤", 40, "personalise"),
        Field("cause", "原因代码", 20, "chip-dead"),
        Field("text", "说明", 200, "卡面有划痕", required=False),
    ),
)  # fmt: skip

CATALOGUE: tuple[Document, ...] = (
    COLLECTED, CHECK_LIST, CONFIRMATION, URBAN_APPLICATION, RURAL_APPLICATION, REPLACEMENT_APPLICATION, CORRECTION,
    URBAN_INSURED, RURAL_INSURED, REPLACEMENT_DATA, PRODUCTION_DATA, ACCOUNT_FILE, SUPPLIER_ACCOUNTS, FACE_DATA,
    RURAL_FACE_DATA, MATERIAL, SEMI_FINISHED, HANDOVER, RURAL_HANDOVER, ACCOUNT_OPENING, NUMBER_MAPPING, CARD_LIST,
    PASSING_ON, RETURNED, COLLECTION, ACTIVATION, BLOCK_NOTICE, ACCEPTANCE, ERASURE, DESTRUCTION, SETTLEMENT,
    PROGRESS, EXCEPTIONS,
)  # fmt: skip
BY_CODE = {document.code: document for document in CATALOGUE}
