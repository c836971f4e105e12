"""A step is done once or not at all; what is wrong with one person or one step is set aside, the rest goes on."""

from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import Model
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.on_a_store import RACES, do_row, open_batch, people, trust_peers
from zhika.engine import acts, desk, each, loop, plastic, rules, trouble, turns
from zhika.engine.check import agree, person_key
from zhika.engine.registry import ACT_FUNCTIONS, STEPS
from zhika.engine.serve import public, serve
from zhika.engine.todo import todo
from zhika.engine.work import Done, Subject, Work
from zhika.errors import ConfigurationError, NotAllowed, NotReady
from zhika.exchange.keys import create_keys, load_signer
from zhika.exchange.signature import is_signed, sign
from zhika.flows.acts import Act
from zhika.flows.chart import Grain
from zhika.flows.documents import CARD_LIST, EXCEPTIONS, PRODUCTION_DATA
from zhika.flows.lanes import Lane
from zhika.lanes.bank import acts as bank_acts
from zhika.lanes.bank import steps as bank_steps
from zhika.lanes.bank.models import Account
from zhika.ledger import audit
from zhika.ledger.batches import Batch
from zhika.ledger.cards import Card, Failure
from zhika.ledger.mail import Outbox
from zhika.ledger.steps import ActRecord, Paper, StepRecord, Trouble
from zhika.seat import home as homes
from zhika.seat.config import Seat, read

pytestmark = pytest.mark.django_db
CODE, OTHER = RACES[:2]
ROW = (Lane.BANK, "generate_accounts")
TABLES: tuple[type[Model], ...] = (StepRecord, Outbox, Paper, Failure, Account, ActRecord, audit.AuditEntry)


@pytest.fixture
def seat(tmp_path: Path) -> Seat:
    """A bank's seat that knows a platform and a supplier; an empty customer file."""
    home = homes.create(tmp_path / "icbc", homes.Kind.BANK, "icbc", processes=("urban-batch",))
    (home / "customers.csv").write_text("id_no,name,standing\n", encoding="utf-8")
    trust_peers(home)
    return read(home)


def counts() -> list[int]:
    return [table._default_manager.count() for table in TABLES]


def causes(code: str = CODE) -> dict[int, str]:
    """Cause by place in the batch, of those who have left."""
    places = {app: n for n, (app, *_) in enumerate(people(code))}
    found = Failure.objects.filter(card__batch__code=code).select_related("card")
    return {places[failure.card.application_ref]: failure.cause for failure in found}


def quietly(*_: object) -> None:
    """Nobody listens."""


# Exactly once -----------------------------------------------------------------------------------------------------


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(repeats=st.lists(st.sampled_from(["generate_accounts", "return_accounts"]), max_size=4))
def test_a_step_done_again_writes_nothing_more(seat: Seat, repeats: list[str]) -> None:
    code = f"A1-02-261123-{Batch.objects.count() + 10}"
    open_batch(seat, code)
    assert do_row(seat, code, "generate_accounts") and do_row(seat, code, "return_accounts")
    before = counts()
    assert not any(do_row(seat, code, work) for work in repeats)
    assert counts() == before


def test_the_outcome_of_a_worker_who_comes_second_is_thrown_away_whole(
    seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_batch(seat, CODE)
    monkeypatch.setattr(turns, "turn", lambda *_, **__: nullcontext())  # nothing rests on whose turn it is
    real, after_the_first = STEPS[ROW], []

    def overtaken(work: Work) -> Done:
        monkeypatch.setitem(STEPS, ROW, real)
        assert do_row(seat, CODE, "generate_accounts")
        after_the_first.extend(counts())
        first = people(CODE)[0][0]
        return Done(failed={first: "name-differs"}, write=lambda: Account.objects.all().delete() and None)

    monkeypatch.setitem(STEPS, ROW, overtaken)
    assert do_row(seat, CODE, "generate_accounts") is False
    assert counts() == after_the_first
    assert causes() == {}


def test_a_document_that_the_row_does_not_send_is_refused_and_nothing_written(
    seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_batch(seat, CODE)
    before = counts()
    monkeypatch.setitem(STEPS, ROW, lambda work: Done({CARD_LIST: pl.DataFrame([CARD_LIST.example])}))
    with pytest.raises(ConfigurationError, match=r"generate_accounts.*card-list"):
        do_row(seat, CODE, "generate_accounts")
    assert counts() == before


@pytest.mark.parametrize("name", ["count_stock", "block"])
def test_a_document_that_the_act_does_not_send_is_refused_and_nothing_written(
    seat: Seat, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Done once for its subject, or card by card."""
    open_batch(seat, CODE)
    card = Card.objects.filter(batch__code=CODE).order_by("line")[0]
    Card.objects.filter(pk=card.pk).update(serial="QZ26000000001")
    before = counts()
    lane = Lane.BANK if name == "block" else None
    monkeypatch.setitem(ACT_FUNCTIONS, (lane, name), lambda work: Done({CARD_LIST: pl.DataFrame([CARD_LIST.example])}))
    with pytest.raises(ConfigurationError, match=rf"{name}.*card-list"):
        if name == "block":
            each.do_cards(seat, name, {"QZ26000000001": {}}, by="甲", evidence="挂失书")
        else:
            acts.act(seat, name, seat.name, by="甲", second="乙")
    assert counts() == before


def test_a_step_that_raises_is_set_aside_after_three_tries_and_the_others_go_on(
    seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    for code in (CODE, OTHER):
        open_batch(seat, code)
    real, tries = STEPS[ROW], []

    def broken(work: Work) -> Done:
        if work.subject.code != CODE:
            return real(work)
        tries.append(1)
        raise ValueError(f"cannot digest {people(CODE)[0][2]}")

    monkeypatch.setitem(STEPS, ROW, broken)
    for _ in range(5):
        loop.work_once(seat, quietly)
    assert len(tries) == trouble.TRIES
    done = StepRecord.objects.values_list("subject", "function")
    assert (OTHER, "return_accounts") in done and CODE not in dict(done)
    listed = [t for t in todo(seat) if t.kind == "trouble"]
    assert [(t.work, t.subject) for t in listed] == [("generate_accounts", CODE)]
    assert "ValueError" in listed[0].title and people(CODE)[0][2] not in Trouble.objects.get().error
    monkeypatch.setitem(STEPS, ROW, real)
    loop.work_once(seat, quietly)
    assert not StepRecord.objects.filter(subject=CODE).exists()
    assert trouble.retry() == 1
    loop.work_once(seat, quietly)
    assert StepRecord.objects.filter(subject=CODE, function="generate_accounts").exists()
    assert not Trouble.objects.exists()


# Faults of a person -----------------------------------------------------------------------------------------------


def test_swapped_names_a_person_twice_and_an_unknown_one_are_set_aside_and_told_to_the_other_seats(seat: Seat) -> None:
    open_batch(seat, CODE)
    rows = desk.read(seat, Paper.objects.get())
    name = pl.Series("name", [rows["name"][n] for n in (1, 0, 2, 3, 4, 5)])
    stranger = rows[5].with_columns(app_no=pl.lit("A26112399999999"))
    spoilt = pl.concat([rows.with_columns(name), rows[2], stranger])
    Paper.objects.update(sha256=desk.freeze(seat, PRODUCTION_DATA, spoilt), rows=spoilt.height)
    assert do_row(seat, CODE, "generate_accounts")
    assert causes() == {0: "row-differs", 1: "row-differs", 2: "row-twice"}
    assert sorted(Account.objects.values_list("application_ref", flat=True)) == [app for app, *_ in people(CODE)[3:]]
    told = Paper.objects.filter(type=EXCEPTIONS.code)
    assert {(p.receiver, p.state, p.rows) for p in told} == {("platform", "sent", 5), ("supplier", "sent", 5)}
    listed = desk.read(seat, told[0])
    assert sorted(zip(listed["row"], listed["cause"], strict=True)) == [
        ("2", "row-differs"), ("3", "row-differs"), ("4", "row-twice"), ("8", "row-twice"), ("9", "row-unknown"),
    ]  # fmt: skip


FATES = st.lists(st.sampled_from(["right", "renamed", "twice", "absent"]), min_size=6, max_size=6)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(fates=FATES, strangers=st.integers(0, 3), order=st.randoms())
def test_rows_that_agree_go_on_and_every_other_row_is_named_with_its_place(
    seat: Seat, fates: list[str], strangers: int, order
) -> None:  # type: ignore[no-untyped-def]
    roster = {app: person_key(seat.home, id_no, name) for app, id_no, name, _ in people(CODE)}
    expected: dict[str, str] = {"renamed": "row-differs", "twice": "row-twice"}
    lines = [
        (app, id_no, name + ("某" if fate == "renamed" else ""), fate)
        for (app, id_no, name, _), fate in zip(people(CODE), fates, strict=True)
        for _ in range({"absent": 0, "twice": 2}.get(fate, 1))
    ] + [(f"A9{n}", "350502199001010018", "谁", "stranger") for n in range(strangers)]
    order.shuffle(lines)
    rows = pl.DataFrame(
        [PRODUCTION_DATA.example | {"app_no": a, "id_no": i, "name": n} for a, i, n, _ in lines],
        schema=dict.fromkeys(PRODUCTION_DATA.columns, pl.String),
    )
    kept, asides = agree(PRODUCTION_DATA, rows, roster, seat.home)
    assert kept["app_no"].to_list() == [a for a, *_, fate in lines if fate == "right"]
    assert [(aside.row, aside.app_no, aside.cause) for aside in asides] == [
        (place, a, expected.get(fate, "row-unknown")) for place, (a, *_, fate) in enumerate(lines, 2) if fate != "right"
    ]


def test_an_exception_list_for_a_batch_not_yet_known_waits_and_is_applied_when_the_batch_opens(seat: Seat) -> None:
    app, id_no, name, _ = people(CODE)[2]
    row = EXCEPTIONS.example | {"app_no": app, "id_no": id_no, "name": name, "cause": "photo-bad"}
    desk.file(
        seat, EXCEPTIONS, pl.DataFrame([row]), Subject(Grain.BATCH, CODE), process="urban-batch", batch_code=CODE,
        sender_lane=Lane.INTEGRATOR, sender="platform", receiver="icbc",
    )  # fmt: skip
    assert acts.run_awaiting(seat, first=True) == 0
    assert not Paper.objects.get().acted
    open_batch(seat, CODE)
    assert acts.run_awaiting(seat, first=True) > 0
    assert causes() == {2: "photo-bad"}
    assert Paper.objects.get(type=EXCEPTIONS.code).acted
    assert acts.run_awaiting(seat, first=True) == 0
    assert do_row(seat, CODE, "generate_accounts")
    assert not Account.objects.filter(application_ref=app).exists()


# Acts and what lanes hand over --------------------------------------------------------------------------------------


TWO_EYES = Act("sign", "签发", {Lane.BANK}, hand=True, persons=2, reason=True, not_by=("prepare", "finish"))


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        ({"by": "", "second": "乙", "reason": "到期"}, "--by"),
        ({"by": "甲", "second": "", "reason": "到期"}, "--second"),
        ({"by": "甲", "second": "甲", "reason": "到期"}, "--second"),
        ({"by": "甲", "second": "乙", "reason": ""}, "--reason"),
        ({"by": "丙", "second": "乙", "reason": "到期"}, "prepare"),
        ({"by": "甲", "second": "丙", "reason": "到期"}, "prepare"),
        ({"by": "甲" * 30, "second": "乙", "reason": "到期"}, "最多 29 个"),
        ({"by": "甲", "second": "乙" * 30, "reason": "到期"}, "最多 29 个"),
        ({"by": "甲", "second": "乙", "reason": "期" * 181}, "最多 180 个"),
        ({"by": "zhika", "second": "乙", "reason": "到期"}, "程序自己的名字"),
        ({"by": "甲", "second": " Zhika", "reason": "到期"}, "程序自己的名字"),
        ({"by": "丁", "second": "乙", "reason": "到期"}, "读芯片公共区信息"),
    ],
)
def test_an_act_is_refused_with_the_rule_that_forbids_it(seat: Seat, facts: Mapping[str, str], rule: str) -> None:
    open_batch(seat, CODE)
    assert do_row(seat, CODE, "generate_accounts")
    when = StepRecord.objects.get().happened_at
    ActRecord.objects.create(name="prepare", subject=CODE, happened_at=when, by="丙")
    StepRecord.objects.update(function="finish", by="丁")
    with pytest.raises(NotAllowed, match=rule):
        acts.allowed(TWO_EYES, CODE, **facts)
    acts.allowed(TWO_EYES, CODE, by="甲", second="乙", reason="到期")
    acts.allowed(TWO_EYES, OTHER, by="丙", second="乙", reason="到期")


def test_nobody_goes_by_the_programs_own_name_whatever_is_done(seat: Seat) -> None:
    open_batch(seat, CODE)
    for by_hand in (
        lambda: do_row(seat, CODE, "generate_accounts", by="zhika"),
        lambda: acts.act(seat, "destroy", CODE, by="zhika", second="乙"),
        lambda: rules.check_many("审核", [CODE], by="Zhika "),
    ):  # fmt: skip
        with pytest.raises(NotAllowed, match="程序自己的名字"):
            by_hand()
    assert do_row(seat, CODE, "generate_accounts") and StepRecord.objects.get().by == "zhika"


def test_what_would_not_fit_into_the_records_is_refused_with_its_limit(seat: Seat) -> None:
    open_batch(seat, CODE)
    for facts, limit in (({"evidence": "表" * 181}, "凭证.*最多 180"), ({"by": "甲" * 30}, "经办人.*最多 29")):
        with pytest.raises(NotAllowed, match=limit):
            do_row(seat, CODE, "generate_accounts", **{"by": "甲", **facts})
    with pytest.raises(NotAllowed, match=r"对象.*最多 76"):
        acts.act(seat, "destroy", "B" * 77, by="甲", second="乙")
    assert not StepRecord.objects.exists()
    assert do_row(seat, CODE, "generate_accounts", by="甲" * 29, evidence="表" * 180)


@pytest.mark.parametrize(("name", "rule"), [("destroy", "--second"), ("form", "泳道"), ("set_aside", "没有这项操作")])
def test_the_one_door_refuses_what_is_not_this_seats_or_nobodys_to_do_by_hand(seat: Seat, name: str, rule: str) -> None:
    before = counts()
    with pytest.raises(NotAllowed, match=rule):
        acts.act(seat, name, CODE, by="甲")
    assert counts() == before


def module(functions: Mapping[str, object]) -> ModuleType:
    """A lane's module that offers just these."""
    made = ModuleType("lane")
    for name, function in functions.items():

        def offered(work: object, function: object = function) -> object:
            return function

        offered.__module__ = made.__name__
        setattr(made, name, offered)
    return made


def test_a_lane_that_offers_one_function_too_many_or_too_few_is_refused_by_its_name(
    seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zhika.engine.serve.SEAT", seat)
    steps, offered = public(bank_steps), public(bank_acts)
    registered = dict(STEPS)
    for bad, good, name in (
        (steps | {"polish": quietly}, offered, "polish"),
        ({k: v for k, v in steps.items() if k != "finish"}, offered, "finish"),
        (steps, offered | {"applaud": quietly}, "applaud"),
        (steps, {k: v for k, v in offered.items() if k != "destroy"}, "destroy"),
    ):
        try:
            with pytest.raises(ConfigurationError, match=rf"lanes/bank/(steps|acts): .*\b{name}\b"):
                serve(Lane.BANK, module(bad), module(good))
        finally:
            STEPS.update(registered)


# Audit --------------------------------------------------------------------------------------------------------------


def sealed(folder: Path) -> list[str]:
    """What the seat's own certificate makes of the audit."""
    certificate = load_signer(folder).certificate
    return [what for _, what in audit.faults(lambda content, signature: is_signed(content, signature, certificate))]


@pytest.mark.parametrize(
    ("sabotage", "found"),
    [
        ("", []),
        ("UPDATE ledger_auditentry SET who = 'nobody' WHERE id = {second}", ["记录与封存时不同"]),
        ("DELETE FROM ledger_auditentry WHERE id = {second}", ["记录与封存时不同"]),
        (
            "DELETE FROM ledger_auditseal WHERE first_id < {second}",
            ["这一段的封存记录缺失", "与前一段不衔接"],
        ),
        ("UPDATE ledger_auditseal SET signature = {other} WHERE first_id < {second}", ["签名不符"]),
    ],
    ids=["nothing", "changed", "taken out", "range taken out", "signed by another"],
)
def test_audit_ranges_are_chained_and_whatever_is_changed_in_them_is_found(
    tmp_path: Path, sabotage: str, found: list[str]
) -> None:
    own, other = create_keys(tmp_path / "own", "icbc"), create_keys(tmp_path / "other", "abc")
    for who in ("甲", "乙", "丙"):
        assert audit.seal(lambda content: sign(content, own), least=2) is None
        audit.note(who, "look", "B1")
        audit.note(who, "look", "B2")
        assert audit.seal(lambda content: sign(content, own), least=2) is not None
    first = audit.AuditSeal.objects.order_by("last_id")[0]
    forged = sign(first.sha256.encode(), other)
    if sabotage:
        with connection.cursor() as cursor:
            for table in ("ledger_auditentry", "ledger_auditseal"):
                for event in ("update", "delete"):
                    on = "" if connection.vendor == "sqlite" else f" ON {table}"
                    cursor.execute(f"DROP TRIGGER {table}_no_{event}{on}")
            told = sabotage.format(second=first.last_id, other="%s")
            cursor.execute(told, [forged] if "%s" in told else None)
    assert sealed(tmp_path / "own") == found


def test_the_store_itself_lets_nobody_change_or_delete_a_seal(tmp_path: Path) -> None:
    own = create_keys(tmp_path / "own", "icbc")
    audit.note("甲", "look", "B1")
    assert audit.seal(lambda content: sign(content, own))
    for change in (
        lambda: audit.AuditSeal.objects.update(last_id=9),
        lambda: connection.cursor().execute("DELETE FROM ledger_auditseal"),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()
    assert sealed(tmp_path / "own") == []


@pytest.mark.parametrize("gone", ["last", "all"])
def test_entries_whose_seal_is_gone_are_named_once_they_should_have_one(tmp_path: Path, gone: str) -> None:
    own = create_keys(tmp_path / "own", "icbc")
    long_ago = timezone.now() - 2 * audit.OVERDUE
    for _ in range(2):
        for _ in range(audit.SEAL_AFTER):
            audit.note("甲", "look", "B1", at=long_ago)
        assert audit.seal(lambda content: sign(content, own), least=audit.SEAL_AFTER)
    assert audit.overdue() == 0
    on = "" if connection.vendor == "sqlite" else " ON ledger_auditseal"
    connection.cursor().execute(f"DROP TRIGGER ledger_auditseal_no_delete{on}")
    kept = audit.AuditSeal.objects.order_by("pk")[0]
    audit.AuditSeal.objects.exclude(pk=kept.pk if gone == "last" else None).delete()
    signed = [within for within, _ in audit.faults(lambda content, signature: True)]
    assert signed == [f"{kept.last_id + 1 if gone == 'last' else 1}–{audit.AuditEntry.objects.latest('pk').pk}"]


# Turns --------------------------------------------------------------------------------------------------------------


def test_an_exception_taken_in_while_a_row_is_computed_makes_it_computed_again(
    seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_batch(seat, CODE)
    real, (left, *_) = STEPS[ROW], (app for app, *_ in people(CODE))

    def overtaken(work: Work) -> Done:
        monkeypatch.setitem(STEPS, ROW, real)
        assert work.batch is not None
        plastic.fail(work.batch, {left: "row-differs"}, step="elsewhere", source="platform")
        return real(work)

    monkeypatch.setitem(STEPS, ROW, overtaken)
    assert do_row(seat, CODE, "generate_accounts") is False
    assert counts()[0] == 0
    assert do_row(seat, CODE, "generate_accounts")
    assert StepRecord.objects.get().n_in == len(people(CODE)) - 1


def test_a_second_worker_leaves_a_batch_alone_while_the_first_is_at_it(seat: Seat) -> None:
    open_batch(seat, CODE)
    with turns.turn(seat, CODE), pytest.raises(NotReady, match="另一进程"):
        do_row(seat, CODE, "generate_accounts")
    assert do_row(seat, CODE, "generate_accounts")


@pytest.mark.parametrize("name", ["block", "settle", "return_cards"])
def test_an_act_that_nothing_here_can_do_is_refused_and_not_called_done(seat: Seat, name: str) -> None:
    with pytest.raises(NotAllowed):
        acts.act(seat, name, "QZ1", by="甲", reason="试")
    assert not ActRecord.objects.exists()


def test_blanks_around_a_name_make_nobody_else() -> None:
    for by, second in (("王芳", "王芳 "), (" ", "李敏"), ("王芳", "  ")):
        with pytest.raises(NotAllowed):
            rules.check("销毁废卡", CODE, by=by, second=second, persons=2)
    rules.check("销毁废卡", CODE, by="王芳", second="李敏", persons=2)
