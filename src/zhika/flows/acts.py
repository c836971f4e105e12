"""What people do outside the charts, and what becomes of documents that no row awaits: declared once, as data.

An act is refused by its own rule, wherever it is called from: command line, console or API call the same one.
"""

from collections.abc import Set
from dataclasses import dataclass

from zhika.flows.documents import (
    ACCEPTANCE,
    ACTIVATION,
    BLOCK_NOTICE,
    CARD_LIST,
    COLLECTION,
    CONFIRMATION,
    CORRECTION,
    DESTRUCTION,
    ERASURE,
    EXCEPTIONS,
    MATERIAL,
    PROGRESS,
    RETURNED,
    SETTLEMENT,
    Document,
)  # fmt: skip
from zhika.flows.lanes import EVERYONE, Lane

INSURED, UNIT, CENTRE, INTEGRATOR, SUPPLIER, BANK = Lane
REPLACEMENTS = frozenset({"urban-replacement", "rural-replacement"})
BATCHES = frozenset({"urban-batch", "rural-batch"})
HOLDERS = frozenset({INTEGRATOR, SUPPLIER, BANK, CENTRE})
ALL = frozenset({"urban-batch", "urban-new", "urban-replacement", "rural-batch", "rural-new", "rural-replacement"})
SPORADIC = ALL - BATCHES
BLOCK, REPLACE, RETURN = "block", "apply_replacement", "return_cards"
"""What a recall leads to, two acts and a row: at once, then either with its holder's card or where it lies
uncollected."""


@dataclass(frozen=True, eq=False)
class Act:
    """One act: on which lanes, by whom not, with whom, and which document it answers or sends."""

    name: str
    title: str
    lanes: Set[Lane]
    awaits: Document | None = None
    sends: tuple[Document, ...] = ()
    hand: bool = False
    """True: a person does it, with name and evidence. False: `zhika work` does it, once for each document awaited."""
    not_by: tuple[str, ...] = ()
    """Names of earlier acts and rows on the same subject whose doer may not do this one."""
    not_giver: bool = False
    """Its subject is a handover, and whoever gave that may not do it."""
    reason: bool = False
    persons: int = 1
    repeats: bool = False
    """May be done again on the same subject, when there is something to do it to. Where it is done card by card too, it
    writes its cards' events itself."""
    each: bool = False
    """Done card by card, like a row of that grain: an event of the card, for as many cards at once as are told."""
    picked: bool = False
    """About cards told by serial, parcel or batch: those that lie together are done together, as one subject."""
    first: bool = False
    """Runs before any row: an exception list keeps a failed card out of the next step."""
    processes: frozenset[str] = ALL


ACTS: tuple[Act, ...] = (
    Act("set_aside", "按异常清单剔除", EVERYONE, EXCEPTIONS, first=True),
    Act("accept", "清点、接收", EVERYONE - {INSURED}, sends=(ACCEPTANCE,), hand=True, not_giver=True),
    Act("book_acceptance", "交接回执入账", EVERYONE - {INSURED}, ACCEPTANCE),
    Act("found", "短少卡找回、多出卡退回", EVERYONE - {INSURED}, sends=(CARD_LIST, EXCEPTIONS), hand=True, reason=True, repeats=True),
    Act("form", "组批", {INTEGRATOR}, hand=True, processes=BATCHES),
    Act("clear_cause", "排除原因", {CENTRE}, hand=True, reason=True),
    Act("restart", "重新发起", {INTEGRATOR}, hand=True, reason=True),
    Act("form_requests", "零星组批", {CENTRE}, hand=True, processes=SPORADIC),
    Act("withdraw", "撤回申请", {CENTRE}, sends=(EXCEPTIONS,), hand=True, reason=True, repeats=True, processes=SPORADIC),
    Act("load_register", "装载登记库", {INTEGRATOR}, hand=True),
    Act("load_plan", "装载任务计划", {INTEGRATOR}, hand=True),
    Act("load_leaders", "装载领导小组名单", {INTEGRATOR}, hand=True),
    Act("load_material", "材料入库", {INTEGRATOR}, hand=True),
    Act("return_material", "退余料", {SUPPLIER}, sends=(MATERIAL,), hand=True, processes=BATCHES),
    Act("shelve_material", "退料上架", {INTEGRATOR}, hand=True, processes=BATCHES),
    Act("count_stock", "盘点", HOLDERS, hand=True, persons=2, repeats=True),
    Act("settle_difference", "材料差异处理", HOLDERS, hand=True, persons=2, reason=True),
    Act("notify_corrections", "发更正通知", {INTEGRATOR}, CONFIRMATION, sends=(CORRECTION,), processes=BATCHES),
    Act("take_correction", "收更正通知", {UNIT}, CORRECTION, processes=BATCHES),
    Act("take_progress", "进度登记", {INTEGRATOR}, PROGRESS),
    Act("erase", "清除银行资料与印张", {SUPPLIER}, ACCEPTANCE, sends=(ERASURE,)),
    Act("delete_sealed_copy", "删除已寄封包", {BANK}, ERASURE),
    Act("take_collection", "领卡回执登记", {CENTRE, BANK}, COLLECTION),
    Act("activate", "柜台激活", {BANK}, sends=(ACTIVATION,), hand=True, each=True, processes=ALL - {"urban-batch"}),
    Act("take_activation", "激活回执登记", {CENTRE}, ACTIVATION),
    Act("destroy", "销毁废卡", {BANK, CENTRE}, sends=(DESTRUCTION,), hand=True, persons=2, repeats=True),
    Act("destroy_waste", "销毁废卡、废料", {INTEGRATOR, SUPPLIER}, hand=True, persons=2, repeats=True),
    Act("take_destruction", "销毁记录登记", {INTEGRATOR, CENTRE}, DESTRUCTION),
    Act("return_cards", "退卡", {UNIT, CENTRE}, sends=(RETURNED, EXCEPTIONS), hand=True, reason=True, repeats=True, picked=True),
    Act("take_returned", "退卡登记", {BANK}, RETURNED),
    Act("give_again", "重新发放", {BANK}, sends=(CARD_LIST,), hand=True, reason=True, repeats=True, picked=True),
    Act("remind", "逾期未领提醒", {CENTRE}, hand=True),
    Act("load_deaths", "装载死亡名单", {CENTRE}, hand=True),
    Act("load_rates", "装载收费标准", {CENTRE}, hand=True, processes=REPLACEMENTS),
    Act("settle", "结算", {CENTRE}, sends=(SETTLEMENT,), hand=True, processes=REPLACEMENTS),
    Act("agree_settlement", "核定结算单", {CENTRE}, SETTLEMENT, hand=True, not_by=("settle",), processes=REPLACEMENTS),
    Act("block", "挂失", {CENTRE, BANK}, sends=(BLOCK_NOTICE,), hand=True, each=True, repeats=True),
    Act("lift", "解挂", {CENTRE, BANK}, sends=(BLOCK_NOTICE,), hand=True, each=True, repeats=True),
    Act("cancel", "注销", {CENTRE, BANK}, sends=(BLOCK_NOTICE,), hand=True, each=True, repeats=True, reason=True),
    Act("take_block", "挂失登记", {CENTRE, BANK}, BLOCK_NOTICE, sends=(BLOCK_NOTICE,)),
    Act("lapse", "挂失到期", {CENTRE, BANK}, hand=True, repeats=True),
)  # fmt: skip
BY_NAME = {act.name: act for act in ACTS}
