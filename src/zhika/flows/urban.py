"""Annex 1: the three charts of the urban schemes (workers, residents, students). Their bank is ICBC.

Read beside the document's annex 1. In A1 the bank's numbers exist before the card is printed, and the supplier prints them.
"""

from zhika.flows.chart import Cards, Flow, Grain, Kind, Step
from zhika.flows.documents import (
    ACCOUNT_FILE,
    ACCOUNT_OPENING,
    ACTIVATION,
    CARD_LIST,
    CHECK_LIST,
    COLLECTED,
    COLLECTION,
    CONFIRMATION,
    FACE_DATA,
    HANDOVER,
    MATERIAL,
    NUMBER_MAPPING,
    PASSING_ON,
    PRODUCTION_DATA,
    REPLACEMENT_APPLICATION,
    REPLACEMENT_DATA,
    SEMI_FINISHED,
    SUPPLIER_ACCOUNTS,
    URBAN_APPLICATION,
    URBAN_INSURED,
)  # fmt: skip
from zhika.flows.lanes import Lane
from zhika.flows.own import ASKERS, BATCH_OWN, MAKERS, NEW_OWN, REPLACEMENT_OWN

INSURED, UNIT, CENTRE, INTEGRATOR, SUPPLIER, BANK = Lane
AUTO, HAND, THING, EACH = Kind
LOT, APPLICATION, BATCH, PARCEL, CARD = Grain

PERSONALISE_TITLE = "芯片初始化、社保等信息个人化,同时在公共区写入身份证、姓名信息,并将相关数据导入生产数据库"
SERIALS = frozenset({"card_serial", "chip_serial", "condition", "cause"})
NUMBERS = frozenset({"pan", "expiry", "cvv2"})
CHIP_NEEDS = frozenset({"card_serial", "chip_serial", "id_no", "name", "ssc_no", "issue_date"})
COLLECTED_FIELDS = frozenset({"date", "by"})

URBAN_BATCH = Flow("urban-batch", "城镇批量制卡", "附件1 一", (
    Step(1, UNIT, "采集", "collect", HAND, LOT, sends=(COLLECTED,), box=False),
    Step(1, INTEGRATOR, "数据比对", "compare", AUTO, LOT, awaits=(COLLECTED,), sends=(CHECK_LIST,),
         needs=frozenset({"insurance", "id_no", "name"}),
         makes=frozenset({"given", "found", "sources", "reasons", "proposal"}), box=False),
    Step(1, CENTRE, "数据确认", "confirm", HAND, LOT, awaits=(CHECK_LIST,), sends=(CONFIRMATION,),
         needs=frozenset({"given", "found"}), makes=frozenset({"decision", "signer", "second_signer"}), not_by=("collect",), box=False),
    Step(1, INTEGRATOR, "城镇职工、居民采集人员相关信息、形成制卡数据", "form_production_data", AUTO, LOT,
         awaits=(CONFIRMATION,), needs=frozenset({"decision", "photo"}), makes=frozenset({"app_no", "flag"})),
    Step(2, INTEGRATOR, "提交制卡数据", "submit_production_data", sends=(PRODUCTION_DATA,)),
    Step(3, BANK, "根据制卡数据生成账号资料", "generate_accounts", awaits=(PRODUCTION_DATA,),
         needs=frozenset({"prefix", "keys", "id_no", "name"}), makes=NUMBERS),
    Step(4, BANK, "账号资料发回", "return_accounts", sends=(ACCOUNT_FILE,)),
    Step(5, INTEGRATOR, "个人信息数据库对比", "match", awaits=(ACCOUNT_FILE,),
         needs=frozenset({"pan", "id_no", "name"}), makes=frozenset({"ssc_no", "issue_date"})),
    Step(6, INTEGRATOR, "易联众提交采购的卡片、YLZ-COS(卡内操作系统)及卡面个人信息", "submit_faces", THING,
         sends=(FACE_DATA, MATERIAL), needs=frozenset({"cos_version", "photo", "pan"})),
    Step(6, BANK, "工行提交个人账号信息", "submit_accounts", sends=(SUPPLIER_ACCOUNTS,), needs=NUMBERS),
    Step(7, SUPPLIER, "封装芯片、印制卡面个人信息", "print_faces", THING, awaits=(FACE_DATA, MATERIAL, SUPPLIER_ACCOUNTS),
         needs=NUMBERS | {"photo", "ssc_no"}),
    Step(8, SUPPLIER, "卡面覆膜", "laminate", THING, makes=SERIALS, cards=Cards.BORN),
    Step(9, SUPPLIER, "返回半成品卡", "return_semi_finished", THING, sends=(SEMI_FINISHED,), cards=Cards.GIVE),
    Step(10, INTEGRATOR, PERSONALISE_TITLE, "personalise", THING, awaits=(SEMI_FINISHED,), needs=CHIP_NEEDS,
         cards=Cards.CHIP),
    Step(11, INTEGRATOR, "提交制卡信息文档及半成品卡", "hand_over", THING, sends=(HANDOVER,), cards=Cards.GIVE),
    Step(12, BANK, "读芯片公共区信息、写磁、初始芯片个人金融应用", "finish", THING, awaits=(HANDOVER,),
         sends=(ACCOUNT_OPENING,), needs=NUMBERS | {"id_no", "name", "keys", "card_serial"},
         makes=frozenset({"account", "status", "tracks"}), cards=Cards.BANK),
    Step(13, BANK, "提交制卡清单及社保卡", "deliver", THING, sends=(CARD_LIST,), cards=Cards.GIVE),
    Step(13, CENTRE, "转交主管部门、乡镇", "pass_on", EACH, PARCEL, awaits=(CARD_LIST,), sends=(PASSING_ON,),
         needs=frozenset({"unit_no", "card_serial"}), cards=Cards.GIVE, box=False),
    Step(14, UNIT, "社保卡交接手续", "hand_out", EACH, CARD, awaits=(PASSING_ON,), sends=(COLLECTION,),
         needs=frozenset({"id_no", "name", "card_serial"}), makes=COLLECTED_FIELDS, cards=Cards.ISSUE, not_by=MAKERS),
    Step(15, BANK, "柜台激活卡片", "activate", EACH, CARD, awaits=(COLLECTION,), sends=(ACTIVATION,),
         needs=frozenset({"account", "date", "id_no"}), makes=frozenset({"date"})),
), BATCH_OWN)  # fmt: skip


def _finished_at_the_integrator(first: int, made: Step) -> tuple[Step, ...]:
    """From the integrator's own making to hand-out: rows that A2 and A3 share word for word, their numbers apart."""
    n = first
    return (
        Step(n, INTEGRATOR, "提交制卡信息", "submit_production_data", sends=(PRODUCTION_DATA,)),
        Step(n + 1, BANK, "根据制卡信息生成卡号及磁道信息", "generate_numbers", awaits=(PRODUCTION_DATA,),
             needs=frozenset({"prefix", "keys", "id_no"}), makes=NUMBERS),
        Step(n + 2, BANK, "将身份证、卡号对应关系返回", "return_mapping", sends=(NUMBER_MAPPING,)),
        made,
        Step(n + 4, INTEGRATOR, PERSONALISE_TITLE, "personalise", THING, needs=CHIP_NEEDS, cards=Cards.CHIP),
        Step(n + 5, INTEGRATOR, "提交制卡信息文档及半成品卡", "hand_over", THING, sends=(HANDOVER,), cards=Cards.GIVE),
        Step(n + 6, BANK, "读芯片公共区信息对应打印卡号、写磁、初始芯片个人金融应用", "finish", THING, awaits=(HANDOVER,),
             sends=(ACCOUNT_OPENING,), needs=NUMBERS | {"keys", "card_serial"},
             makes=frozenset({"account", "status", "tracks"}), cards=Cards.BANK),
        Step(n + 7, BANK, "提交制卡清单及社保卡数据", "deliver", THING, sends=(CARD_LIST,), cards=Cards.GIVE),
        Step(n + 8, CENTRE, "社保卡交接手续", "hand_out", EACH, CARD, awaits=(CARD_LIST,), sends=(COLLECTION,),
             needs=frozenset({"id_no", "card_serial"}), makes=COLLECTED_FIELDS, cards=Cards.ISSUE, not_by=ASKERS),
    )  # fmt: skip


def _make_card(number: int) -> Step:
    return Step(number, INTEGRATOR, "在空白卡上完成COS芯片封装、卡面个人化信息印刷、覆膜", "make_card", THING,
                awaits=(NUMBER_MAPPING,), needs=frozenset({"photo", "sex", "ssc_no"}), makes=SERIALS,
                cards=Cards.BORN)  # fmt: skip


URBAN_NEW = Flow("urban-new", "城镇零星新增制卡", "附件1 二", (
    Step(1, INSURED, "填制参保表格并提供一寸免冠彩照", "fill_form", EACH, APPLICATION, makes=frozenset({"app_no"})),
    Step(2, INSURED, "提出参保申请、缴费", "apply", EACH, APPLICATION, sends=(URBAN_APPLICATION,),
         makes=frozenset({"payment_no"})),
    Step(3, CENTRE, "审核、录入参保信息并扫描相片形成参保数据", "review", EACH, APPLICATION, awaits=(URBAN_APPLICATION,),
         needs=frozenset({"payment_no", "photo"}), makes=frozenset({"flag", "reason"}),
         not_by=("fill_form", "apply")),
    Step(4, CENTRE, "发送参保数据", "send_insured", sends=(URBAN_INSURED,)),
    Step(5, INTEGRATOR, "校验参保人员相关信息,形成制卡数据", "check_insured", awaits=(URBAN_INSURED,),
         needs=frozenset({"photo", "id_no", "sex"}), makes=frozenset({"ssc_no", "issue_date"})),
    *_finished_at_the_integrator(6, _make_card(9)),
), NEW_OWN)  # fmt: skip

URBAN_REPLACEMENT = Flow("urban-replacement", "城镇补换卡", "附件1 三", (
    Step(1, INSURED, "提出补卡申请、缴费", "apply_replacement", EACH, APPLICATION, sends=(REPLACEMENT_APPLICATION,),
         makes=frozenset({"app_no", "payment_no", "old_card", "reason", "kind"})),
    Step(2, CENTRE, "审核确认", "review_replacement", EACH, APPLICATION, awaits=(REPLACEMENT_APPLICATION,),
         needs=frozenset({"old_card", "reason", "payment_no"}), makes=frozenset({"flag", "centre"}),
         not_by=("apply_replacement",)),
    Step(3, CENTRE, "发送参保数据", "send_insured", sends=(REPLACEMENT_DATA,)),
    Step(4, INTEGRATOR, "校验参保人员相关信息,形成制卡数据", "check_insured", awaits=(REPLACEMENT_DATA,),
         needs=frozenset({"photo", "id_no", "sex"}), makes=frozenset({"ssc_no", "issue_date"})),
    *_finished_at_the_integrator(5, _make_card(8)),
), REPLACEMENT_OWN)  # fmt: skip
