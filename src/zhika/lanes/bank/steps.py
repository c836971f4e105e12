"""The bank's rows: every public function is one box."""

from zhika.engine.lists import print_list
from zhika.engine.work import Done, Work
from zhika.flows.documents import (
    ACCOUNT_FILE,
    ACCOUNT_OPENING,
    ACTIVATION,
    CARD_LIST,
    NUMBER_MAPPING,
    PRODUCTION_DATA,
    SUPPLIER_ACCOUNTS,
)
from zhika.lanes.bank import accounts, activation, delivery, opening, security, tray


def generate_accounts(work: Work) -> Done:
    """根据制卡数据生成账号资料: number, expiry and account; CVV2 comes from the keys whenever it is needed."""
    return accounts.generate(work, work.rows(PRODUCTION_DATA))


def return_accounts(work: Work) -> Done:
    """账号资料发回: application number, name, ID number and card number only."""
    return Done(documents={ACCOUNT_FILE: accounts.rows(ACCOUNT_FILE, accounts.of_people(work).values())})


def submit_accounts(work: Work) -> Done:
    """提交个人账号信息: number, expiry (YYMM) and CVV2, sealed for the supplier alone."""
    held = accounts.of_people(work)
    cvv2 = {app: values.cvv2 for app, values in security.derive(work.seat, held.values()).items()}
    return Done(documents={SUPPLIER_ACCOUNTS: accounts.rows(SUPPLIER_ACCOUNTS, held.values(), cvv2=cvv2)})


def generate_numbers(work: Work) -> Done:
    """根据制卡信息生成卡号及磁道信息: from the production data, or from the handover that came with the cards."""
    (document,) = work.step.awaits
    return accounts.generate(work, work.rows(document))


def finish(work: Work) -> Done:
    """读芯片公共区信息、写磁、初始芯片个人金融应用; the number is printed where the supplier hasn't.

    In a chart that has no row of its own for it, opening in bulk comes with it.
    """
    overprints = not any(SUPPLIER_ACCOUNTS in step.sends for step in work.flow.steps)
    failed = tray.finish(work, delivery.handed_over(work), overprints=overprints)
    if ACCOUNT_OPENING not in work.step.sends:
        return Done(failed=failed)
    held = {app: account for app, account in accounts.of_people(work).items() if app not in failed}
    return _opened(work, opening.opening(work, held), failed)


def open_accounts(work: Work) -> Done:
    """开卡处理: in bulk, closed for payment; whom the host refuses fails."""
    return _opened(work, opening.opening(work, accounts.of_people(work)), {})


def _opened(work: Work, answer: opening.Opening, failed: dict[str, str]) -> Done:
    return Done(
        documents={ACCOUNT_OPENING: answer.rows}, failed=failed | dict(answer.refused),
        write=lambda: opening.book(answer),
    )  # fmt: skip


def return_mapping(work: Work) -> Done:
    """将身份证、卡号对应关系返回: all numbers made; once accounts are opened, those of opened accounts only."""
    place = work.flow.steps.index(work.step)
    opened = any(ACCOUNT_OPENING in step.sends for step in work.flow.steps[:place])
    held = [a for a in accounts.of_people(work).values() if a.status == (a.OPENED if opened else a.RESERVED)]
    return Done(documents={NUMBER_MAPPING: accounts.rows(NUMBER_MAPPING, held)})


def deliver(work: Work) -> Done:
    """提交制卡清单及社保卡: good cards travel, void ones stay for destruction."""
    rows = delivery.card_list(work)
    delivery.sort_out(work)
    print_list(work, CARD_LIST, rows)
    return Done(documents={CARD_LIST: rows}, trays=[work.tray("good")], write=lambda: accounts.close_left(work.batch))


def activate(work: Work) -> Done:
    """柜台激活卡片: with the ID, after the collection receipt."""
    shown = {app: facts.get("id_no", "") for app, facts in work.facts.items()}
    held = activation.check(work.seat, work.people, shown)
    rows = activation.receipt(held, work.people, work.now.date())
    return Done(documents={ACTIVATION: rows}, write=lambda: activation.book(work.people))
