from pathlib import Path

import polars as pl
import pytest

from zhika.errors import Refused
from zhika.registers import intake
from zhika.registers.columns import COLLECTED
from zhika.rehearsal.offices import OFFICES, RURAL, SCHEMES, URBAN, organisations
from zhika.rehearsal.people import City, customers, draw

REGISTERS = Path(__file__).parents[2] / "examples" / "registers"


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    return draw(REGISTERS, 1000, 7, tmp_path_factory.mktemp("city"))


def test_a_thousand_people_come_from_two_offices_a_scheme(city: City) -> None:
    assert {scheme: city.collected[scheme]["centre"].n_unique() for scheme in SCHEMES} == {URBAN: 2, RURAL: 2}
    assert len(city.offices) == 4
    assert 1000 <= sum(rows.height for rows in city.collected.values()) <= 1020
    assert city.collected[URBAN].height == 500


def test_households_are_whole(city: City) -> None:
    everyone = intake.read(REGISTERS / RURAL / "collected.csv", COLLECTED).rows
    drawn = city.collected[RURAL]["certificate_no"]
    assert everyone.filter(pl.col("certificate_no").is_in(drawn.implode())).height == drawn.len()


def test_lines_are_those_of_the_register_with_their_faults(city: City) -> None:
    for scheme in SCHEMES:
        register = pl.read_csv(REGISTERS / scheme / "collected.csv", infer_schema=False).fill_null("")
        drawn = pl.read_csv(city.folder / scheme / "collected.csv", infer_schema=False).fill_null("")
        assert drawn.equals(city.collected[scheme])
        assert drawn.join(register, on=drawn.columns, how="semi").height == drawn.height
        assert {"reject", "ask"} <= set(city.checked(scheme)["proposal"])


def test_the_same_seed_draws_the_same_people_and_another_seed_others(tmp_path: Path, city: City) -> None:
    again, other = (draw(REGISTERS, 1000, seed, tmp_path / str(seed)) for seed in (7, 8))
    for scheme in SCHEMES:
        assert again.collected[scheme].equals(city.collected[scheme])
        assert customers(again, scheme, 7).equals(customers(city, scheme, 7))
    assert not other.collected[RURAL].equals(city.collected[RURAL])


def test_no_two_accepted_lines_share_a_number_or_a_person_over_both_schemes(city: City) -> None:
    accepted = pl.concat([city.checked(scheme).filter(proposal="accept") for scheme in SCHEMES])
    assert accepted["id_no"].n_unique() == accepted.height > 900


@pytest.mark.parametrize("people", [8, 60, 2500])
def test_other_sizes_are_drawn_too(tmp_path: Path, people: int) -> None:
    city = draw(REGISTERS, people, 1, tmp_path)
    assert people <= sum(rows.height for rows in city.collected.values()) <= people + 20
    assert len(city.offices) == 4


def test_more_people_than_the_offices_have_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        draw(REGISTERS, 9000, 1, tmp_path)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_bank_knows_one_person_by_another_name_and_refuses_one(city: City, scheme: str) -> None:
    known = customers(city, scheme, 7)
    accepted = city.checked(scheme).filter(proposal="accept").select("id_no", pl.col("name").alias("given"))
    both = known.join(accepted, on="id_no")
    assert both.height == known.height < accepted.height / 2
    assert both.filter(pl.col("name") != pl.col("given")).height == 1
    refused = both.filter(standing="refused")
    assert refused.height == 1
    assert refused["name"].equals(refused["given"], check_names=False)


def test_the_city_has_the_offices_of_the_annexes_and_every_unit_one_of_them() -> None:
    offices, units = organisations(REGISTERS)
    assert offices == OFFICES
    assert [sum(office.scheme == scheme for office in offices) for scheme in SCHEMES] == [12, 9]
    assert [sum(unit.scheme == scheme for unit in units) for scheme in SCHEMES] == [250, 20]
    assert {(unit.scheme, unit.centre) for unit in units} <= {office[:2] for office in offices}
