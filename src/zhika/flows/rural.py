"""Annex 4: the three charts of the rural cooperative medical scheme 新农合. Their bank is ABC.

Read beside the document's annex 4. Numbers are made after the chip is initialised, printed by the bank, and the mapping comes back.
"""

from zhika.flows.chart import Cards, Flow, Grain, Kind, Step
from zhika.flows.documents import (
    ACCOUNT_OPENING,
    CARD_LIST,
    CHECK_LIST,
    COLLECTED,
    COLLECTION,
    CONFIRMATION,
    MATERIAL,
    NUMBER_MAPPING,
    PASSING_ON,
    REPLACEMENT_APPLICATION,
    REPLACEMENT_DATA,
    RURAL_APPLICATION,
    RURAL_FACE_DATA,
    RURAL_HANDOVER,
    RURAL_INSURED,
    SEMI_FINISHED,
)  # fmt: skip
from zhika.flows.lanes import Lane
from zhika.flows.own import ASKERS, BATCH_OWN, MAKERS, NEW_OWN, REPLACEMENT_OWN
from zhika.flows.urban import CHIP_NEEDS, COLLECTED_FIELDS, NUMBERS, PERSONALISE_TITLE, SERIALS

INSURED, UNIT, CENTRE, INTEGRATOR, SUPPLIER, BANK = Lane
AUTO, HAND, THING, EACH = Kind
LOT, APPLICATION, BATCH, PARCEL, CARD = Grain


def _bank(first: int) -> tuple[Step, ...]:
    """Numbers, finishing, opening, mapping, import: the five rows that all rural charts share, in this order."""
    n = first
    return (
        Step(n, BANK, "根据制卡信息生成卡号及磁道信息", "generate_numbers", awaits=(RURAL_HANDOVER,),
             needs=frozenset({"prefix", "keys", "id_no", "sex", "birth", "phone"}), makes=NUMBERS | {"tracks"}),
        Step(n + 1, BANK, "读芯片公共区信息对应打印卡号、写磁、初始芯片个人金融应用", "finish", THING,
             needs=NUMBERS | {"card_serial"}, cards=Cards.BANK),
        Step(n + 2, BANK, "开卡处理", "open_accounts", sends=(ACCOUNT_OPENING,), makes=frozenset({"account", "status"})),
        Step(n + 3, BANK, "将身份证、卡号对应关系返回", "return_mapping", sends=(NUMBER_MAPPING,)),
        Step(n + 4, INTEGRATOR, "将对应关系导入应用数据库", "import_mapping", awaits=(NUMBER_MAPPING,),
             needs=frozenset({"pan", "id_no"})),
    )  # fmt: skip


RURAL_BATCH = Flow("rural-batch", "农村批量制卡", "附件4 一", (
    Step(1, UNIT, "采集", "collect", HAND, LOT, sends=(COLLECTED,), box=False),
    Step(1, INTEGRATOR, "数据比对", "compare", AUTO, LOT, awaits=(COLLECTED,), sends=(CHECK_LIST,),
         needs=frozenset({"insurance", "household", "id_no", "name"}),
         makes=frozenset({"given", "found", "sources", "reasons", "proposal"}), box=False),
    Step(1, CENTRE, "数据确认", "confirm", HAND, LOT, awaits=(CHECK_LIST,), sends=(CONFIRMATION,),
         needs=frozenset({"given", "found"}), makes=frozenset({"decision", "signer", "second_signer"}), not_by=("collect",), box=False),
    Step(1, INTEGRATOR, "采集新农合参合人员相关信息,形成制卡数据", "form_production_data", AUTO, LOT,
         awaits=(CONFIRMATION,), needs=frozenset({"decision", "photo"}),
         makes=frozenset({"app_no", "flag", "ssc_no", "issue_date"})),
    Step(2, INTEGRATOR, "提交卡面个人化信息", "submit_faces", THING, sends=(RURAL_FACE_DATA, MATERIAL),
         needs=frozenset({"cos_version", "photo"})),
    Step(3, SUPPLIER, "印制卡面个人化信息", "print_faces", THING, awaits=(RURAL_FACE_DATA, MATERIAL),
         needs=frozenset({"photo", "ssc_no"})),
    Step(4, SUPPLIER, "卡面覆膜", "laminate", THING, makes=SERIALS, cards=Cards.BORN),
    Step(5, SUPPLIER, "返回半成品卡", "return_semi_finished", THING, sends=(SEMI_FINISHED,), cards=Cards.GIVE),
    Step(6, INTEGRATOR, PERSONALISE_TITLE, "personalise", THING, awaits=(SEMI_FINISHED,), needs=CHIP_NEEDS,
         cards=Cards.CHIP),
    Step(7, INTEGRATOR, "提交制卡信息文档及半成品卡", "hand_over", THING, sends=(RURAL_HANDOVER,), cards=Cards.GIVE),
    *_bank(8),
    Step(13, BANK, "提交制卡清单及社保卡", "deliver", THING, sends=(CARD_LIST,), cards=Cards.GIVE),
    Step(13, CENTRE, "转交乡镇、村", "pass_on", EACH, PARCEL, awaits=(CARD_LIST,), sends=(PASSING_ON,),
         needs=frozenset({"unit_no", "card_serial"}), cards=Cards.GIVE, box=False),
    Step(14, UNIT, "社保卡交接手续", "hand_out", EACH, CARD, awaits=(PASSING_ON,), sends=(COLLECTION,),
         needs=frozenset({"id_no", "card_serial"}), makes=COLLECTED_FIELDS, cards=Cards.ISSUE, not_by=MAKERS),
), BATCH_OWN)  # fmt: skip


def _from_blank_to_hand(first: int) -> tuple[Step, ...]:
    """From the blank with chip to hand-out: rows that B2 and B3 share, their numbers apart."""
    n = first
    return (
        Step(n, INTEGRATOR, "在空白卡上完成卡面个人化信息印刷、覆膜", "make_card", THING,
             needs=frozenset({"photo", "sex", "ssc_no"}), makes=SERIALS, cards=Cards.BORN),
        Step(n + 1, INTEGRATOR, PERSONALISE_TITLE, "personalise", THING, needs=CHIP_NEEDS, cards=Cards.CHIP),
        Step(n + 2, INTEGRATOR, "提交制卡信息文档及半成品卡", "hand_over", THING, sends=(RURAL_HANDOVER,), cards=Cards.GIVE),
        *_bank(n + 3),
        Step(n + 8, BANK, "提交制卡清单及社保卡数据", "deliver", THING, sends=(CARD_LIST,), cards=Cards.GIVE),
        Step(n + 9, CENTRE, "社保卡交接手续", "hand_out", EACH, CARD, awaits=(CARD_LIST,), sends=(COLLECTION,),
             needs=frozenset({"id_no", "card_serial"}), makes=COLLECTED_FIELDS, cards=Cards.ISSUE, not_by=ASKERS),
    )  # fmt: skip


RURAL_NEW = Flow("rural-new", "农村零星新增制卡", "附件4 二", (
    Step(1, INSURED, "填制参合表格并提供一寸免冠彩照", "fill_form", EACH, APPLICATION, makes=frozenset({"app_no"})),
    Step(2, INSURED, "提出参合申请、缴费", "apply", EACH, APPLICATION, sends=(RURAL_APPLICATION,),
         makes=frozenset({"payment_no"})),
    Step(3, CENTRE, "审核、录入参合信息并扫描相片形成参合数据", "review", EACH, APPLICATION, awaits=(RURAL_APPLICATION,),
         needs=frozenset({"payment_no", "photo"}), makes=frozenset({"flag", "reason"}),
         not_by=("fill_form", "apply")),
    Step(4, CENTRE, "发送参合数据", "send_insured", sends=(RURAL_INSURED,)),
    Step(5, INTEGRATOR, "校验参合人员相关信息,形成制卡数据", "check_insured", awaits=(RURAL_INSURED,),
         needs=frozenset({"photo", "id_no", "sex"}), makes=frozenset({"ssc_no", "issue_date"})),
    *_from_blank_to_hand(6),
), NEW_OWN)  # fmt: skip

RURAL_REPLACEMENT = Flow("rural-replacement", "农村补换卡", "附件4 三", (
    Step(1, INSURED, "提出补卡申请、缴费", "apply_replacement", EACH, APPLICATION, sends=(REPLACEMENT_APPLICATION,),
         makes=frozenset({"app_no", "payment_no", "old_card", "reason", "kind"})),
    Step(2, CENTRE, "审核确认", "review_replacement", EACH, APPLICATION, awaits=(REPLACEMENT_APPLICATION,),
         needs=frozenset({"old_card", "reason", "payment_no"}), makes=frozenset({"flag", "centre"}),
         not_by=("apply_replacement",)),
    Step(3, CENTRE, "发送参合数据", "send_insured", sends=(REPLACEMENT_DATA,)),
    Step(4, INTEGRATOR, "校验参合人员相关信息,形成制卡数据", "check_insured", awaits=(REPLACEMENT_DATA,),
         needs=frozenset({"photo", "id_no", "sex"}), makes=frozenset({"ssc_no", "issue_date"})),
    *_from_blank_to_hand(5),
), REPLACEMENT_OWN)  # fmt: skip
