"""What is pinned stays pinned: another introduction of a seat, or one that claims what is another's, is refused."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.engine.two_seats import make_seat

from zhika.errors import Refused
from zhika.exchange.keys import create_keys, load_identities, load_signer, recipient
from zhika.exchange.trust import Trust
from zhika.flows.lanes import PLATFORM, Lane
from zhika.seat.config import Seat
from zhika.seat.introduction import describe, welcome

OWN = {"ylz", "02"}


@pytest.fixture
def platform(tmp_path: Path) -> Seat:
    return make_seat(tmp_path / "platform", "platform", PLATFORM)


def introduced(folder: Path, name: str = "icbc", organisations: Mapping[str, str] | None = None) -> Path:
    """The introduction of a bank that stands in this folder; in another folder it has other keys."""
    seat = make_seat(folder, name, frozenset({Lane.BANK}))
    path = folder / "introduction.json"
    path.write_text(describe(seat, organisations or {name: "银行"}), encoding="utf-8")
    return path


def pinned(seat: Seat, name: str = "icbc") -> str:
    return Trust.load(seat.home / "trust").peers[name].fingerprint


def test_a_pinned_certificate_is_replaced_only_when_asked_and_both_fingerprints_are_shown(
    platform: Seat, tmp_path: Path
) -> None:
    first, other = introduced(tmp_path / "icbc"), introduced(tmp_path / "impostor")
    old = welcome(platform, first, OWN).peer.fingerprint
    new = load_signer(tmp_path / "impostor" / "keys").fingerprint
    assert welcome(platform, first, OWN).peer.fingerprint == old  # the same again changes nothing
    with pytest.raises(Refused, match="--replace") as refused:
        welcome(platform, other, OWN)
    assert old in str(refused.value) and new in str(refused.value) and pinned(platform) == old
    assert welcome(platform, other, OWN, replace=True).peer.fingerprint == pinned(platform) == new


def test_another_key_to_seal_to_under_the_same_certificate_is_another_introduction(
    platform: Seat, tmp_path: Path
) -> None:
    path = introduced(tmp_path / "icbc")
    welcome(platform, path, OWN)
    create_keys(tmp_path / "other", "icbc")
    own, other = (recipient(load_identities(folder)[0]) for folder in (tmp_path / "icbc" / "keys", tmp_path / "other"))
    path.write_text(path.read_text(encoding="utf-8").replace(own, other), encoding="utf-8")
    with pytest.raises(Refused, match="介绍与原来不同"):
        welcome(platform, path, OWN)


def test_a_peer_claims_no_organisation_of_ours_or_of_another_peer(platform: Seat, tmp_path: Path) -> None:
    welcome(platform, introduced(tmp_path / "icbc"), OWN)
    for folder, claimed in (
        ("ours", {"abc": "农业银行", "02": "假中心"}),
        ("theirs", {"abc": "农业银行", "icbc": "假行"}),
    ):
        path = introduced(tmp_path / folder, "abc", claimed)
        with pytest.raises(Refused, match="不可自称"):
            welcome(platform, path, OWN, replace=True)
    assert "abc" not in Trust.load(platform.home / "trust").peers
