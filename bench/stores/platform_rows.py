"""What a platform's store of a whole city is filled with: SQL over the temporary tables of `stores.platform`.

`batch` has b, code, process, urban, office, bank, size, spoilt, stage, start, handed; `bundle` these with u and unit;
`number` has n from 1 to 5,000, `row` the charts' rows.
"""

SPAN = 6_000
"""Movement keys that a batch has for itself."""
FIRST_UNIT = 100

DAY = "date('2023-01-01', '+' || (start + {}) || ' days')"
AT = "datetime('2023-01-01', '+' || (start + {}) || ' days', '+2 hours')"
PLACES = (
    ("1", "blank", 1), ("1", "given", 1), ("2", "blank", 1), ("2", "used", 1),
    ("1", "blank", 2), ("1", "given", 2), ("2", "blank", 2), ("2", "work", 2),
    ("1", "good", 0), ("1", "void", 0), ("1", "given", 0), ("1", "given", 3),
    ("bank", "good", 0), ("bank", "void", 0), ("bank", "destroyed", 0), ("office", "good", 0),
)  # fmt: skip
"""Holder, state and group (0 batch, 1 modules, 2 blanks, 3 void) of a batch's places: their keys are b*100 + 1 to 16;
each unit has three more from 20 on."""
WHOLE = (
    # key, stage, day, from, to, how many, handover, cause
    (1, 2, 20, "2", "b*100 + 1", "size", "NULL", "draw"), (2, 2, 20, "3", "b*100 + 5", "size", "NULL", "draw"),
    (3, 2, 21, "b*100 + 1", "b*100 + 2", "size", "b*100 + 1", "give"),
    (4, 2, 21, "b*100 + 5", "b*100 + 6", "size", "b*100 + 1", "give"),
    (5, 2, 23, "b*100 + 2", "b*100 + 3", "size", "b*100 + 1", "accepted"),
    (6, 2, 23, "b*100 + 6", "b*100 + 7", "size", "b*100 + 1", "accepted"),
    (7, 2, 30, "b*100 + 3", "b*100 + 4", "size", "NULL", "embed"),
    (8, 2, 30, "b*100 + 7", "b*100 + 8", "size", "NULL", "embed"),
    (100, 3, 35, "b*100 + 9", "b*100 + 11", "size - spoilt", "b*100 + 2", "give"),
    (101, 3, 35, "b*100 + 10", "b*100 + 12", "spoilt", "b*100 + 2", "give"),
    (102, 3, 36, "b*100 + 11", "b*100 + 13", "size - spoilt", "b*100 + 2", "accepted"),
    (103, 3, 36, "b*100 + 12", "b*100 + 14", "spoilt", "b*100 + 2", "accepted"),
    (104, 4, 45, "b*100 + 13", "b*100 + 16", "size - spoilt", "b*100 + 3", "accept"),
)  # fmt: skip
"""Movements of a batch's whole places, with the stage that a batch must have reached for them."""
GIVEN, HELD, ISSUED = (f"b*100 + {20 + at} + u*3" for at in range(3))
CARD = "(b-1)*5000 + n"
SPOILT = "(b-1)*5000 + u*200 + 8"
"""The one card of each bundle that the chip made void."""
IN_HAND = "n <> (n-1)/200*200 + 8 AND n % 10 <> 0"
MOVEMENT = (
    "ledger_movement (id, booked_day, happened_at, from_place_id, to_place_id, n, bundle_id, card_id, handover_id,"
    " cause, by)"
)
HANDOVER = (
    "ledger_handover (id, code, document, subject_kind, subject, given, accepted, difference, trays, shipped, given_at,"
    " accepted_at, batch_id, group_id, from_organisation_id, to_organisation_id)"
)
STEP = (
    "ledger_steprecord (subject_kind, subject, batch_id, process, number, lane, function, n_in, n_out, happened_at,"
    " booked_at, by, evidence, source)"
)
PAPER = (
    "ledger_paper (type, subject_kind, subject, batch_code, process, sender_lane, sender, receiver, sha256, rows,"
    " state, handover_code, counted, acted, sealed, made_at)"
)
PLACE = "ledger_place (id, organisation_id, state, group_id)"
LINES = "batch JOIN number ON n <= size"


def moved(key: str, day: str, source: str, target: str, n: str, rest: str, rows: str) -> tuple[str, str]:
    """Movements: `rest` is bundle, card, handover and cause; `rows` the rows they are of."""
    return MOVEMENT, (
        f"SELECT b*{SPAN} + {key}, {DAY.format(day)}, {AT.format(day)}, {source}, {target}, {n}, {rest}, 'x'"
        f" FROM {rows}"
    )


FILL: tuple[tuple[str, str], ...] = (
    ("ledger_organisation (id, code, name, kind, path)",
     "SELECT unit, printf('%d', unit), printf('单位%06d', unit), 'unit', '9/' || office || '/' || unit || '/'"
     " FROM bundle"),
    ("ledger_unit (organisation_id, office_id, category)",
     "SELECT unit, office, CASE WHEN NOT urban THEN 'rural' WHEN u % 5 < 3 THEN 'worker' WHEN u % 5 = 3 THEN 'resident'"
     " ELSE 'student' END FROM bundle"),
    ("ledger_batch (id, code, process, office_id, size, attempt, formed_at, closed_at)",
     f"SELECT b, code, process, office, size, 1, {AT.format(5)}, CASE WHEN stage > 4 THEN {AT.format(46)} END"
     " FROM batch"),
    ("ledger_party (batch_id, lane, organisation_id, seat)",
     "SELECT b, lane, CASE lane WHEN 'bank' THEN bank WHEN 'centre' THEN office ELSE who END, lane FROM batch, party"),
    ("ledger_group (id, code, kind, ref)", "SELECT b*100, code, 'batch', code FROM batch"),
    ("ledger_group (id, code, kind, ref)",
     "SELECT b*100 + n, CASE n WHEN 1 THEN 'M:' || code || ':module' WHEN 2 THEN 'M:' || code || ':blank'"
     " ELSE code || '/void' END, CASE n WHEN 3 THEN 'void' ELSE 'consignment' END, code FROM batch, number"
     " WHERE n <= 3"),
    ("ledger_group (id, code, kind, ref)",
     "SELECT b*100 + 10 + u, code || '.' || unit, 'parcel', code FROM bundle WHERE stage > 4"),
    (PLACE, "SELECT b*100 + spot, CASE holder WHEN 'bank' THEN bank WHEN 'office' THEN office ELSE holder END, state,"
     " b*100 + within FROM batch, spots"),
    (PLACE, f"SELECT {GIVEN}, office, 'given', b*100 + 10 + u FROM bundle WHERE stage > 4"),
    (PLACE, f"SELECT {HELD}, unit, 'good', b*100 + 10 + u FROM bundle WHERE stage > 4"),
    (PLACE, f"SELECT {ISSUED}, unit, 'issued', b*100 + 10 + u FROM bundle WHERE stage > 4"),
    (HANDOVER,
     "SELECT b*100 + n, code || '~' || CASE n WHEN 1 THEN 'material' WHEN 2 THEN handed ELSE 'card-list' END,"
     " CASE n WHEN 1 THEN 'material' WHEN 2 THEN handed ELSE 'card-list' END, 'batch', code, size, size, 0, '[]', 1,"
     f" {AT.format('n*20')}, {AT.format('n*20 + 1')}, b, b*100, CASE n WHEN 3 THEN bank ELSE 1 END,"
     " CASE n WHEN 1 THEN 2 WHEN 2 THEN bank ELSE office END FROM batch, number WHERE n <= 3 AND stage > n"),
    (HANDOVER,
     "SELECT b*100 + 10 + u, code || '.' || unit || '~passing-on', 'passing-on', 'parcel', code || '.' || unit,"
     f" size - 1, size - 1, 0, '[]', 1, {AT.format(50)}, {AT.format(51)}, b, b*100 + 10 + u, office, unit FROM bundle"
     " WHERE stage > 4"),
    *(moved(str(key), str(day), source, target, n, f"NULL, NULL, {handover}, '{cause}'",
            f"batch WHERE stage >= {stage}")
      for key, stage, day, source, target, n, handover, cause in WHOLE),
    moved("20 + u", "31", "b*100 + 8", "b*100 + 9", "size", "b*25 + u, NULL, NULL, 'born'", "bundle WHERE stage >= 2"),
    moved("50 + u", "33", "b*100 + 9", "b*100 + 10", "1", f"NULL, {SPOILT}, NULL, 'void'", "bundle WHERE stage >= 2"),
    moved("110 + u", "48", "b*100 + 14", "b*100 + 15", "1", f"NULL, {SPOILT}, NULL, 'destroy'",
          "bundle WHERE stage > 4"),
    moved("140 + u", "50", "b*100 + 16", GIVEN, "size - 1", "b*25 + u, NULL, b*100 + 10 + u, 'give'",
          "bundle WHERE stage > 4"),
    moved("170 + u", "51", GIVEN, HELD, "size - 1", "NULL, NULL, b*100 + 10 + u, 'accepted'", "bundle WHERE stage > 4"),
    moved("200 + n", "52 + n % 20", HELD, ISSUED, "1", f"NULL, {CARD}, NULL, 'issue'",
          f"(SELECT *, (n-1)/200 AS u FROM {LINES}) WHERE stage > 4 AND {IN_HAND}"),
    ("ledger_tally (booked_day, from_place_id, to_place_id, n)",
     "SELECT booked_day, from_place_id, to_place_id, sum(n) FROM ledger_movement GROUP BY 1, 2, 3"),
    ("ledger_balance (place_id, n, outside)",
     "SELECT id, coalesce(came, 0) - coalesce(went, 0), state = 'outside' FROM ledger_place"
     " LEFT JOIN (SELECT to_place_id, sum(n) AS came FROM ledger_tally GROUP BY 1) ON to_place_id = id"
     " LEFT JOIN (SELECT from_place_id, sum(n) AS went FROM ledger_tally GROUP BY 1) ON from_place_id = id"),
    ("ledger_bundle (id, batch_id, unit_id, size, birth_place_id, birth_movement_id)",
     f"SELECT b*25 + u, b, unit, size, CASE WHEN stage > 1 THEN b*100 + 9 END,"
     f" CASE WHEN stage > 1 THEN b*{SPAN} + 20 + u END FROM bundle"),
    ("ledger_card (id, batch_id, bundle_id, line, application_ref, person_key, attempt, serial, chip_serial)",
     f"SELECT {CARD}, b, b*25 + (n-1)/200, n, printf('A%014d', {CARD}), printf('%064x', {CARD}), 1,"
     f" CASE WHEN stage > 1 THEN printf('QZ26%09d', {CARD}) END, CASE WHEN stage > 1 THEN printf('%016X', {CARD}) END"
     f" FROM {LINES}"),
    ("ledger_failure (card_id, cause, step, document, source, happened_at)",
     f"SELECT {SPOILT}, 'chip-refused', 'personalise', '', 'platform', {AT.format(33)} FROM bundle WHERE stage > 1"),
    *(("ledger_cardevent (card_id, kind, happened_at, booked_day, by, cause)",
       f"SELECT {CARD}, '{kind}', {AT.format('52 + n % 20')}, {DAY.format('52 + n % 20')}, 'x', '签领表1' FROM {LINES}"
       f" WHERE stage > 4 AND {IN_HAND} AND {where}")
      for kind, where in (("hand_out", "1"), ("collected", "1"), ("activated", "urban"))),
    (STEP,
     f"SELECT 'batch', code, b, batch.process, number, lane, work, size, size, {AT.format('day + b % 3')},"
     f" {AT.format('day + b % 3')}, 'zhika', '', CASE WHEN lane IN ('bank', 'supplier') THEN 'notice' ELSE 'own' END"
     " FROM batch JOIN row ON row.process = batch.process WHERE NOT row.before AND stage >= needs"),
    (STEP,
     f"SELECT 'lot', 'L-' || unit, NULL, bundle.process, number, lane, work, size, size, {AT.format(1)},"
     f" {AT.format(1)}, 'x', '', 'own' FROM bundle JOIN row ON row.process = bundle.process WHERE row.before"),
    (STEP,
     "SELECT 'parcel', code || '.' || unit, b, process, 13, 'centre', 'pass_on', size, size,"
     f" {AT.format('48 + u % 5')}, {AT.format('48 + u % 5')}, 'x', '', 'own' FROM bundle WHERE stage > 4"),
    (PAPER,
     "SELECT document, 'batch', code, code, batch.process, sender, sender, 'platform', printf('%064x', b), size,"
     f" 'used', '', 1, 1, 0, {AT.format('day')} FROM batch JOIN row ON row.process = batch.process"
     " WHERE document <> '' AND stage >= needs"),
    (PAPER,
     "SELECT 'passing-on', 'parcel', code || '.' || unit, code, process, 'centre', 'platform', 'platform',"
     f" printf('%064x', unit), size, 'used', code || '.' || unit || '~passing-on', 1, 1, 0, {AT.format(50)}"
     " FROM bundle WHERE stage > 4"),
    ("ledger_auditentry (at, who, what, subject, why)",
     f"SELECT {AT.format('n % 50')}, 'zhika', 'deliver', code, '' FROM batch, number WHERE n <= 60"),
    ("people_person (id, id_key, id_no, name, sex, birth, nation, address, postcode, phone, district, scheme, category,"
     " person_no, certificate_no, member_no, relation, household_attribute, village_group, photo, unit_id, office_id)",
     f"SELECT {CARD}, printf('%064x', {CARD}), printf('350502199001%06d', {CARD} % 1000000), '陈阿山', '1', '19900101',"
     " '汉族', '鲤城区涂门街 1 号', '362000', '13900000000', '350502', 'urban', 'worker', printf('%020d', n), '', '',"
     f" '', '', '', printf('%064x', {CARD}), {FIRST_UNIT} + (b-1)*25 + (n-1)/200, office FROM {LINES}"),
    ("people_application (id, ref, process, kind, lot, batch_code, live, pending, made_at, person_id)",
     f"SELECT {CARD}, printf('A%014d', {CARD}), process, '新增', 'L-' || ({FIRST_UNIT} + (b-1)*25 + (n-1)/200),"
     f" code, 1, 0, {AT.format(1)}, {CARD} FROM {LINES}"),
    ("integrator_production (app_no, ssc_no, issue_date, pan, card_serial, chip_serial, identification,"
     " personalised_at, key_version)",
     f"SELECT printf('A%014d', {CARD}), printf('Q%08d', {CARD}), '20261123', printf('6222350%012d', {CARD}),"
     f" CASE WHEN stage > 1 THEN printf('QZ26%09d', {CARD}) END, CASE WHEN stage > 1 THEN printf('%016X', {CARD}) END,"
     f" '', CASE WHEN stage > 1 THEN {AT.format(33)} END, 'social-master/5F2A1C' FROM {LINES}"),
    ("integrator_draw (batch_code, n, consignment_id)",
     "SELECT code, size, 1 + b/10*2 + n FROM batch, number WHERE n <= 2 AND stage > 1"),
)  # fmt: skip
