"""The integrator's rows of the charts: every public function is one of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from zhika.engine import desk
from zhika.engine.lists import print_list
from zhika.engine.work import Done, Work
from zhika.exchange.table import frame
from zhika.flows.documents import (
    ACCOUNT_FILE,
    CHECK_LIST,
    COLLECTED,
    CONFIRMATION,
    FACE_DATA,
    HANDOVER,
    MATERIAL,
    NUMBER_MAPPING,
    PRODUCTION_DATA,
    RURAL_FACE_DATA,
    RURAL_HANDOVER,
    SEMI_FINISHED,
)  # fmt: skip
from zhika.lanes.integrator import applicants, checking, chips, making, material, numbers, production, registers
from zhika.lanes.integrator.models import LeftOut, Production
from zhika.lanes.integrator.models import Mapping as MappingRow
from zhika.ledger.cards import Card
from zhika.ledger.places import Place, State
from zhika.ledger.where import where
from zhika.people.numbers import application_numbers
from zhika.seat import things


def compare(work: Work) -> Done:
    """数据比对: every line of the lot against the registers of its scheme."""
    collected = work.rows(COLLECTED)
    checked = registers.checked(work.seat, work.flow.name, collected)
    return Done(documents={CHECK_LIST: checked}, n_in=collected.height, n_out=checked.height)


def form_production_data(work: Work) -> Done:
    """形成制卡数据: accepted lines become persons and applications; rural ones get their card number here."""
    seat, lot, options = work.seat, work.subject.code, work.seat.integrator
    confirmed = work.rows(CONFIRMATION)
    people = applicants.accepted(seat, work.subject, confirmed)
    going, left = applicants.sifted(seat, people)
    day = production.day(work.now)
    # A number for every accepted line: who drops out on a later run must not shift the numbers of the others.
    refs = application_numbers(options.application_prefix, day[2:], lot, len(people)) if people else []
    place_of = {person.line: at for at, person in enumerate(people)}
    numbered = {refs[place_of[person.line]]: person for person in going}
    scheme = registers.scheme_of(work.flow.name)
    made = numbers.card_numbers(options.ssc_prefix, lot, len(people)) if people and scheme == registers.RURAL else ()

    def write() -> None:
        applicants.enter(seat, numbered, scheme=scheme, process=work.flow.name, lot=lot, now=work.now)
        LeftOut.objects.bulk_create([LeftOut(lot=lot, line=line, reason=reason) for line, reason in left.items()])
        if made:
            Production.objects.bulk_create(
                [
                    Production(app_no=ref, ssc_no=made[place_of[person.line]], issue_date=day)
                    for ref, person in numbered.items()
                ]
            )

    return Done(write=write, n_in=confirmed.height, n_out=len(going))


def submit_production_data(work: Work) -> Done:
    """提交制卡数据: to the bank, without photo, of all who can be made."""
    people = production.of_batch(_code(work), list(work.people))
    failed = production.unfit(work.seat, people)
    rows = [one.row for ref, one in people.items() if ref not in failed]
    return Done(documents={PRODUCTION_DATA: frame(PRODUCTION_DATA, rows)}, failed=failed)


def match(work: Work) -> Done:
    """个人信息数据库对比: numbers matched person by person, and imported into the production database."""
    frames = work.received[ACCOUNT_FILE]
    found = production.matched(work.people, frames, production.known_numbers(frames, work.people))
    assert work.batch is not None
    made = numbers.card_numbers(work.seat.integrator.ssc_prefix, work.batch.code, work.batch.size)
    ssc = production.ssc_of_batch(work, made)
    day = production.day(work.now)

    def write() -> None:
        Production.objects.bulk_create(
            [Production(app_no=app, ssc_no=ssc[app], issue_date=day, pan=pan) for app, pan in found.pans.items()]
        )

    return Done(failed=found.failed, write=write)


def submit_faces(work: Work) -> Done:
    """提交卡片、COS 及卡面个人信息: face data with photos, and one module and one blank a person."""
    document = FACE_DATA if FACE_DATA in work.step.sends else RURAL_FACE_DATA
    people = production.of_batch(_code(work), list(work.people))
    failed = production.unfit(work.seat, people)
    made = _produced(work)
    again = [] if document is FACE_DATA else _started_again(work, [r for r in people if r not in {*made, *failed}])
    made |= {row.app_no: row for row in again}
    rows = [
        {**one.row, "ssc_no": made[ref].ssc_no, "issue_date": made[ref].issue_date, "pan": made[ref].pan or ""}
        for ref, one in people.items()
        if ref not in failed
    ]
    if not rows:
        return Done(failed=failed)
    kept = material.reserve(_code(work), len(rows))
    trays = material.draw(work, kept)

    def write() -> None:
        Production.objects.bulk_create(again)
        material.book(work, kept)

    return Done(
        documents={document: frame(document, rows), MATERIAL: material.rows(kept)},
        photos={row["photo"]: desk.photo_of(work.seat, row["photo"]) for row in rows},
        failed=failed, trays=trays, write=write,
    )  # fmt: skip


def _started_again(work: Work, refs: Sequence[str]) -> list[Production]:
    """Rows of the production database for new starts of the rural chart: no lot has given them a number."""
    if not refs:
        return []
    assert work.batch is not None
    made = numbers.card_numbers(work.seat.integrator.ssc_prefix, work.batch.code, work.batch.size)
    ssc, day = production.ssc_of_batch(work, made), production.day(work.now)
    return [Production(app_no=ref, ssc_no=ssc[ref], issue_date=day) for ref in refs]


def check_insured(work: Work) -> Done:
    """校验参保、参合人员相关信息, 形成制卡数据: card number and issue date, from the production database."""
    people = production.of_batch(_code(work), list(work.people))
    failed = checking.failures(work, people)
    assert work.batch is not None
    made = numbers.card_numbers(work.seat.integrator.ssc_prefix, work.batch.code, work.batch.size)
    ssc, day = production.ssc_of_batch(work, made), production.day(work.now)

    def write() -> None:
        rows = [Production(app_no=ref, ssc_no=ssc[ref], issue_date=day) for ref in people if ref not in failed]
        Production.objects.bulk_create(rows, batch_size=500)

    return Done(failed=failed, write=write)


def make_card(work: Work) -> Done:
    """在空白卡上完成 COS 芯片封装、卡面个人化信息印刷、覆膜; numbers that came before are matched and imported."""
    found = _numbers(work) if NUMBER_MAPPING in work.step.awaits else production.Matched({}, {})
    people = production.of_batch(_code(work), [app for app in work.people if app not in found.failed])
    done = making.make(work, people, _produced(work))

    def write() -> None:
        if done.write:
            done.write()
        _import(work, found, {app: bound.serial for app, bound in done.born.items()})

    return replace(done, failed={**done.failed, **found.failed}, write=write)


def personalise(work: Work) -> Done:
    """芯片初始化、社保等信息个人化: each card held against its list row, written, read back, imported."""
    listed = _listed(work)
    expected = _expected(work, listed)
    others = {one.chip["id_no"] for one in expected.values()}
    own, cos_version = chips.social_keys(work.seat), work.seat.integrator.cos_version
    failed: dict[str, str] = {}
    written: dict[str, chips.Written] = {}
    generation = chips.key_version(own)
    with things.on_bench(work.seat.world, work.tray("cards")) as tray:
        for app, card in work.people.items():
            row, piece = listed.get(app), tray.find(card.serial or "")
            if row is None or piece is None:
                failed[app] = "row-missing" if row is None else "missing"
                continue
            outcome: chips.Written | str = piece.condition or (row["cause"] if row.get("condition") == "void" else "")
            outcome = outcome or chips.look(tray.camera(piece, hidden=work.hidden), expected[app], others)
            outcome = outcome or chips.make(tray, piece, expected[app], work.seat, own, cos_version=cos_version)
            if isinstance(outcome, chips.Written):
                written[app] = outcome
            else:
                failed[app] = outcome
                tray.condemn(piece, outcome)

    def write() -> None:
        rows = list(Production.objects.filter(app_no__in=list(written)))
        for row in rows:
            row.card_serial, row.chip_serial = work.people[row.app_no].serial, written[row.app_no].chip_serial
            row.identification, row.personalised_at = written[row.app_no].identification, work.now
            row.key_version = generation
        fields = ["card_serial", "chip_serial", "identification", "personalised_at", "key_version"]
        Production.objects.bulk_update(rows, fields, batch_size=150)

    return Done(failed=failed, write=write)


def hand_over(work: Work) -> Done:
    """提交制卡信息文档及半成品卡: electronic and paper list of all cards in the tray, void ones among them."""
    assert work.batch is not None
    document = HANDOVER if HANDOVER in work.step.sends else RURAL_HANDOVER
    rows = frame(document, _handed(work))
    print_list(work, document, rows, title="半成品卡移交清单")
    return Done(documents={document: rows}, trays=[work.tray("cards")])


def import_mapping(work: Work) -> Done:
    """将对应关系导入应用数据库: ID number, social security card number and bank number, for later uses."""
    found, serials = _numbers(work), {app: card.serial or "" for app, card in work.people.items()}
    return Done(failed=found.failed, write=lambda: _import(work, found, serials))


def _numbers(work: Work) -> production.Matched:
    """The numbers of a mapping, matched person by person."""
    frames = work.received[NUMBER_MAPPING]
    return production.matched(work.people, frames, production.known_numbers(frames, work.people))


def _import(work: Work, found: production.Matched, serials: Mapping[str, str]) -> None:
    """Into the application database; call it in the step's transaction."""
    people, made = production.of_batch(_code(work), list(found.pans)), _produced(work)
    MappingRow.objects.bulk_create(
        [
            MappingRow(
                app_no=app, id_key=people[app].application.person.id_key, ssc_no=made[app].ssc_no,
                card_serial=serials.get(app, ""), pan=pan, imported_at=work.now,
            )
            for app, pan in found.pans.items()
        ],
        batch_size=500,
    )  # fmt: skip


def _listed(work: Work) -> dict[str, dict[str, str]]:
    """Rows of the list that came with the cards; of cards made here, what was bound at embedding."""
    if SEMI_FINISHED in work.step.awaits:
        return {row["app_no"]: row for row in work.rows(SEMI_FINISHED).iter_rows(named=True)}
    return {app: {"app_no": app, "chip_serial": card.chip_serial or ""} for app, card in work.people.items()}


def _code(work: Work) -> str:
    assert work.batch is not None
    return work.batch.code


def _produced(work: Work) -> dict[str, Production]:
    return {row.app_no: row for row in Production.objects.filter(app_no__in=list(work.people))}


def _expected(work: Work, listed: Mapping[str, Mapping[str, str]]) -> dict[str, chips.Expected]:
    """What each card must show and hold: from the person's record and the production database, not from the list."""
    people, made = production.of_batch(_code(work), list(work.people)), _produced(work)
    found = {}
    for app, one in people.items():
        person, row = one.application.person, made[app]
        printed = {
            "name": person.name, "id_no": person.id_no, "ssc_no": row.ssc_no, "issue_date": row.issue_date,
        }  # fmt: skip
        if row.pan:
            printed["pan"] = row.pan
        told = listed.get(app, {})
        values = chips.holder_values(work.seat, person, row.ssc_no, row.issue_date)
        found[app] = chips.Expected(work.people[app].serial or "", told.get("chip_serial", ""), printed, values)
    return found


def _handed(work: Work) -> list[dict[str, str]]:
    """Every card of the batch that lies here, good or void, by line."""
    cards = list(Card.objects.filter(batch=work.batch, serial__isnull=False).select_related("failure").order_by("line"))
    here = Place.objects.filter(organisation__code=work.organisation, state__in=[State.GOOD, State.VOID])
    lying, own = where([card.pk for card in cards]), set(here.values_list("pk", flat=True))
    cards = [card for card in cards if lying.get(card.pk) in own]
    people = production.of_batch(_code(work))
    rows = []
    for card in cards:
        failure = getattr(card, "failure", None)
        state = {"condition": "void", "cause": failure.cause} if failure else {"condition": "good", "cause": ""}
        rows.append({**people[card.application_ref].row, "card_serial": card.serial or "", **state})
    return rows
