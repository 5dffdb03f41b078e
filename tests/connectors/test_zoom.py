"""Zoom beyond the golden pairs: who a person is, and the answer that keeps the subscription alive."""

import copy
import hashlib
import hmac
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from analytics.records import Session, Stay
from connectors.contract import NoLookUp, UnreadablePayloadError
from connectors.payload import parse
from connectors.zoom import webhooks as zoom

FOLDER = Path(__file__).parents[1] / "payloads" / "zoom"


def event(case: str, **participant: object) -> dict[str, Any]:
    payload = copy.deepcopy(parse((FOLDER / f"{case}.json").read_bytes()))
    if participant:
        payload["payload"]["object"]["participant"].update(participant)
    return payload


def stay(case: str, **participant: object) -> Any:
    (record,) = (one for one in zoom.normalise(event(case, **participant), NoLookUp()) if isinstance(one, Stay))
    return record


def test_the_address_is_validated_with_the_token_and_its_digest() -> None:
    answer = zoom.validation_answer(event("url-validation"), "secret")
    digest = hmac.new(b"secret", b"bLoOmToken", hashlib.sha256).hexdigest()
    assert answer == {"plainToken": "bLoOmToken", "encryptedToken": digest}
    assert zoom.validation_answer(event("webinar-started"), "secret") is None
    assert list(zoom.normalise(event("url-validation"), NoLookUp())) == []


@pytest.mark.parametrize("token", [None, "", 7.5, [], "x" * 257])
def test_a_validation_without_a_token_is_unreadable(token: object) -> None:
    with pytest.raises(UnreadablePayloadError, match="plainToken"):
        zoom.validation_answer({"event": "endpoint.url_validation", "payload": {"plainToken": token}}, "secret")


def test_a_person_is_known_by_registration_then_address_then_account_then_name() -> None:
    everything = {
        "registrant_id": "r",
        "email": "Ana@Example.com",
        "participant_user_id": "p",
        "id": "i",
        "customer_key": "k",
    }
    known = [stay("joined-by-name", **dict(list(everything.items())[first:])).person for first in range(6)]
    assert [person.partition(":")[0] for person in known] == [
        "registrant",
        "email",
        "account",
        "account",
        "name",
        "name",
    ]
    assert len(set(known)) == 6


def test_a_rejoin_is_another_stay_of_the_same_person() -> None:
    first, second = stay("joined-by-address"), stay("rejoined-by-address")
    assert first.person == second.person
    assert first.stay_id != second.stay_id


def test_who_left_is_the_stay_that_came() -> None:
    came, left = stay("joined-by-address"), stay("left-by-address")
    assert (came.session_id, came.stay_id, came.person) == (left.session_id, left.stay_id, left.person)


def test_an_address_is_not_written_into_the_identity() -> None:
    assert "ana" not in stay("joined-by-address").person
    assert "Souza" not in stay("joined-by-name").person


def test_a_person_of_whom_nothing_is_known_is_a_stay_of_their_own() -> None:
    unknown = {"user_name": "", "customer_key": ""}
    assert stay("joined-by-name", **unknown).person == "stay:16778240"
    with pytest.raises(UnreadablePayloadError, match="user_id"):
        stay("joined-by-name", **unknown, user_id=None, participant_uuid=None)


def test_the_host_is_left_out_by_either_id() -> None:
    for name in ("id", "participant_user_id"):
        assert list(zoom.normalise(event("joined-by-name", **{name: "hostRosa"}), NoLookUp())) == []


def test_a_repeated_delivery_has_the_same_id_and_another_event_another() -> None:
    cases = (
        "webinar-started",
        "webinar-ended",
        "joined-by-name",
        "rejoined-by-address",
        "left-by-address",
        "url-validation",
    )
    assert len({zoom.event_id(event(case), case.encode(), {}) for case in cases}) == len(cases)
    assert zoom.event_id(event("joined-by-name"), b"x", {}) == zoom.event_id(event("joined-by-name"), b"y", {})
    assert zoom.event_id(event("registration"), b"x", {}) != zoom.event_id(event("registration"), b"y", {})


def test_very_long_ids_are_shortened() -> None:
    assert len(stay("joined-by-name", user_id="x" * 500).stay_id) == 40
    assert len(stay("joined-by-name", registrant_id="é" * 500).person) < 191


@pytest.mark.parametrize("uuid", [None, "", [], True])
def test_an_event_without_its_session_is_unreadable(uuid: object) -> None:
    payload = event("webinar-started")
    payload["payload"]["object"]["uuid"] = uuid
    with pytest.raises(UnreadablePayloadError, match=r"payload\.object\.uuid"):
        list(zoom.normalise(payload, NoLookUp()))


def test_an_event_without_its_participant_is_unreadable() -> None:
    payload = event("joined-by-name")
    del payload["payload"]["object"]["participant"]
    with pytest.raises(UnreadablePayloadError, match="participant"):
        list(zoom.normalise(payload, NoLookUp()))


def test_a_stay_tells_when_its_session_began() -> None:
    (session,) = (one for one in zoom.normalise(event("joined-by-name"), NoLookUp()) if isinstance(one, Session))
    assert session.started_at == datetime(2026, 1, 11, 17, tzinfo=UTC)
    assert session.session_id == stay("joined-by-name").session_id
    assert (session.ended_at, session.is_complete) == (None, False)


@pytest.mark.parametrize("start", ["", None, "soon", 7])
def test_a_stay_without_a_start_of_its_session_is_kept(start: object) -> None:
    payload = event("joined-by-name")
    payload["payload"]["object"]["start_time"] = start
    assert [type(one) for one in zoom.normalise(payload, NoLookUp())] == [Stay]
