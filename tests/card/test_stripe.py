from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhika.card import stripe
from zhika.card.stripe import LAYOUT, Layout, Part
from zhika.errors import CardError, ConfigurationError, Refused

CARD = ("6222350000000000018", "3611", "220", "417")
PAN = st.from_regex(r"[0-9]{10,19}", fullmatch=True)
EXPIRY = st.builds("{:02}{:02}".format, st.integers(0, 99), st.integers(1, 12))
THREE = st.from_regex(r"[0-9]{3}", fullmatch=True)
FIVE = st.from_regex(r"[0-9]{5}", fullmatch=True)
LIMITS = {"track1": (79, " "), "track2": (40, "0"), "track3": (107, "0")}


def test_the_check_character_of_a_published_track_comes_out() -> None:
    # A widely copied sample of ISO/IEC 7813 track 2: LRC "3".
    assert stripe.lrc(";5301250070000191=08051010912345678901?", "0") == "3"


@given(PAN, EXPIRY, THREE, THREE, FIVE)
def test_what_is_written_is_read_back(pan: str, expiry: str, service: str, cvv: str, pvv: str) -> None:
    tracks = stripe.tracks(pan, expiry, service, cvv, pvv=pvv)
    expected = {
        Part.PAN: pan, Part.NAME: stripe.BLANK_NAME, Part.EXPIRY: expiry, Part.SERVICE: service, Part.CVV: cvv,
        Part.PVV: pvv,
    }  # fmt: skip
    for name, (longest, zero) in LIMITS.items():
        track, items = getattr(tracks, name), getattr(LAYOUT, name)
        assert stripe.read(track, items) == {part: expected[part] for part in items if isinstance(part, Part)}
        assert len(track) <= longest
        # Every column of bits holds an even number of ones: the definition of LRC.
        for bit in range(6):
            assert sum((ord(character) - ord(zero)) >> bit & 1 for character in track) % 2 == 0


@given(st.lists(st.tuples(PAN, EXPIRY, THREE), max_size=10), THREE)
def test_a_batch_is_written_as_its_cards_one_by_one(cards: list[tuple[str, str, str]], service: str) -> None:
    pans, expiries, cvvs = ([card[column] for card in cards] for column in range(3))
    columns = stripe.tracks_of(pans, expiries, service, cvvs)
    for row, (pan, expiry, cvv) in enumerate(cards):
        one = stripe.tracks(pan, expiry, service, cvv)
        assert (columns.track1[row], columns.track2[row], columns.track3[row]) == (one.track1, one.track2, one.track3)
    assert columns.track1.shape == (len(cards),)


@given(st.data())
def test_every_single_changed_character_is_found(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(LIMITS)))
    track = getattr(stripe.tracks(*CARD), name)
    place = data.draw(st.integers(0, len(track) - 1))
    other = data.draw(st.sampled_from("0123456789=?;").filter(lambda character: character != track[place]))
    with pytest.raises(CardError) as caught:
        stripe.read(track[:place] + other + track[place + 1 :], getattr(LAYOUT, name))
    assert track[5:15] not in str(caught.value)


@pytest.mark.parametrize(
    "body", [";622235000000000001=361?", ";62223500000000000184=361122000000417?", ";=?", "%?", ";"]
)
def test_a_track_of_another_layout_is_refused_even_with_a_right_check_character(body: str) -> None:
    with pytest.raises(CardError):
        stripe.read(body + stripe.lrc(body, "0"))


@pytest.mark.parametrize("track", ["", "?", "\x00", "；６２"])
def test_what_is_no_track_is_refused(track: str) -> None:
    with pytest.raises(CardError):
        stripe.read(track)


def test_a_part_that_stands_twice_must_be_the_same() -> None:
    layout = replace(LAYOUT, track2=(";", Part.PAN, "=", Part.EXPIRY, Part.EXPIRY, "?"))
    track = stripe.tracks(*CARD, layout=layout).track2
    assert stripe.read(track, layout.track2)[Part.EXPIRY] == "3611"
    body = track[:-6] + "3612?"
    with pytest.raises(CardError, match="不一致"):
        stripe.read(body + stripe.lrc(body, "0"), layout.track2)


@pytest.mark.parametrize(
    "changed",
    [
        {"track2": (";", Part.PAN, "=", Part.EXPIRY, Part.SERVICE, Part.PVV, Part.CVV, "000", "?")},  # 41 characters
        {"track1": ("%B", Part.PAN, "^", Part.NAME, "^", "0" * 29, "?")},  # 80 characters
        {"track3": (";99", Part.PAN, "=", "0" * 83, "?")},  # 108 characters
        {"track2": ("%", Part.PAN, "=", "?")},  # wrong start
        {"track2": (";", Part.PAN, "=")},  # no end
        {"track2": (";", Part.PAN, "?", "?")},  # ends twice
        {"track2": (";", Part.PAN, Part.EXPIRY, "?")},  # a PAN of which nobody knows where it ends
        {"track2": (";", Part.PAN, "0", "?")},
        {"track2": (";", Part.PAN, "=", "A", "?")},  # a character that track 2 hasn't
        {"track2": (";", Part.PAN, "=", Part.NAME, "=?")},
        {"track2": (";", Part.NAME, "=", "?")},
    ],
)
def test_a_layout_that_could_not_work_is_refused(changed: dict[str, stripe.Items]) -> None:
    with pytest.raises(ConfigurationError):
        Layout(**changed)


@pytest.mark.parametrize("column", range(4))
def test_a_row_of_another_form_is_named_and_not_quoted(column: int) -> None:
    values = list(CARD)
    values[column] = values[column][:-1] + "x"
    with pytest.raises(Refused) as caught:
        stripe.tracks(*values)
    assert caught.value.faults[0].row == 2
    assert values[column] not in str(caught.value)


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(Refused):
        stripe.tracks_of([CARD[0]] * 2, ["3611"], "220", ["417"] * 2)


def test_tracks_do_not_show_themselves() -> None:
    assert repr(stripe.tracks(*CARD)) == "Tracks()"
    assert repr(stripe.tracks_of(["6222350000000000018"], ["3611"], "220", ["417"])) == "TrackColumns()"
