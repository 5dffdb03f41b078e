"""The way out: it waits as long as it is asked to, tries again, gives up in time, and tells no secret."""

import logging
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import VendorError
from connectors.tokens import Bearer
from connectors.web import BusyError, Patience, RefusedError, Told, Web, again_at
from tests.connectors.vendor_server import HASTY, Asked, Fault, Reply, VendorServer

NOW = datetime(2026, 1, 17, 18, tzinfo=UTC)
SECRET = "s3cr3t-key"


def calm(asked: Asked) -> Reply:
    return Reply({"path": asked.path, **asked.params})


def web(server: VendorServer, patience: Patience = HASTY, **about: object) -> Web:
    return Web("Bloom", server.url, lambda: NOW, patience=patience, **about)  # type: ignore[arg-type]


PASSING = [one for one in Fault if one not in (Fault.NONE, Fault.UNAUTHORISED)]


@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_is_waited_for(fault: Fault) -> None:
    with VendorServer(calm, [fault, fault]) as server, web(server).asking() as ask:
        assert ask.get("/v1/people", {"page": "2"}).payload == {"path": "/v1/people", "page": "2"}
    assert len(server.asked) == 3


@pytest.mark.parametrize("fault", PASSING)
def test_what_stays_is_told_in_a_sentence(fault: Fault) -> None:
    with VendorServer(calm, [fault] * 99) as server, web(server).asking() as ask, pytest.raises(BusyError) as told:
        ask.get("/v1/people", {"key": SECRET})
    assert len(server.asked) <= HASTY.attempts
    assert str(told.value).startswith("Bloom ")
    assert SECRET not in str(told.value) + repr(told.value.__cause__) + repr(told.value.__context__)


def test_a_body_that_drips_ends_with_the_deadline() -> None:
    patience = Patience(read=5, attempts=3, first_pause=0.01, longest_pause=0.1, deadline=0.2)

    def answer(_asked: Asked) -> Reply:
        time.sleep(0.3)
        return Reply({})

    with (
        VendorServer(answer) as server,
        web(server, patience).asking() as ask,
        pytest.raises(BusyError, match="slowly"),
    ):
        ask.get("/v1/people")


def test_a_refusal_is_not_asked_again() -> None:
    with (
        VendorServer(lambda _: Reply({"code": 200}, 400)) as server,
        web(server).asking() as ask,
        pytest.raises(RefusedError) as told,
    ):
        ask.get("/v1/people", {"key": SECRET})
    assert (told.value.status, told.value.payload, len(server.asked)) == (400, {"code": 200}, 1)
    assert SECRET not in str(told.value)


def _is_400(told: Told) -> bool:
    return told.status == 400


def test_a_refusal_that_means_later_is_asked_again() -> None:
    replies = iter([Reply({"code": 17}, 400), Reply({"code": 0})])
    with VendorServer(lambda _: next(replies)) as server, web(server, is_busy=_is_400).asking() as ask:
        assert ask.get("/v1/people").payload == {"code": 0}


def test_a_moment_far_away_is_handed_on_instead_of_waited_for() -> None:
    later = {"Retry-After": "2026-01-18T00:00:00Z"}
    with (
        VendorServer(lambda _: Reply({}, 429, later)) as server,
        web(server).asking() as ask,
        pytest.raises(BusyError) as told,
    ):
        ask.get("/v1/people")
    assert told.value.again_at == datetime(2026, 1, 18, tzinfo=UTC)
    assert len(server.asked) == 1


def test_a_moment_nearby_is_waited_for() -> None:
    replies = iter([Reply({}, 429, {"Retry-After": "0.15"}), Reply({})])
    began = time.monotonic()
    with VendorServer(lambda _: next(replies)) as server, web(server).asking() as ask:
        ask.get("/v1/people")
    assert time.monotonic() - began >= 0.15


@given(st.integers(0, 10**7))
def test_retry_after_reads_alike_in_its_three_forms(seconds: int) -> None:
    moment = NOW + timedelta(seconds=seconds)
    for text in (
        str(seconds),
        format_datetime(moment, usegmt=True),
        moment.isoformat(),
        f"{moment:%Y-%m-%dT%H:%M:%SZ}",
    ):
        assert again_at({"retry-after": text}, NOW) == moment


@given(st.text(max_size=40))
def test_retry_after_in_another_form_counts_as_none(text: str) -> None:
    moment = again_at({"retry-after": text}, NOW)
    assert moment is None or moment.tzinfo is not None


def test_nobody_else_gets_our_credentials() -> None:
    with VendorServer(calm) as server, web(server).asking() as ask, pytest.raises(VendorError, match="another address"):
        ask.get("http://localhost.example.com/next")
    assert server.asked == []


def test_no_address_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with VendorServer(calm, [Fault.BROKEN]) as server, web(server).asking() as ask:
        ask.get("/v1/people", {"key": SECRET})
    assert SECRET not in "".join(f"{record.__dict__}" for record in caplog.records)


def sign_in(server: VendorServer) -> Bearer:
    form = {"grant_type": "account_credentials", "account_id": "a"}
    return Bearer(
        vendor="Bloom",
        address=f"{server.url}/token",
        form=form,
        hint="look there.",
        clock=lambda: NOW,
        account=("i", SECRET),
    )


class Office:
    """Gives tokens, of which only the newest is good."""

    def __init__(self, lives: int = 3600) -> None:
        self.given, self.lives = 0, lives

    def __call__(self, asked: Asked) -> Reply:
        if asked.path == "/token":
            assert asked.form == {"grant_type": "account_credentials", "account_id": "a"}
            assert asked.headers["authorization"] == "Basic aTpzM2NyM3Qta2V5"
            self.given += 1
            return Reply({"access_token": f"t{self.given}", "expires_in": self.lives})
        good = asked.headers.get("authorization") == f"Bearer t{self.given}"
        return Reply({"good": True}) if good else Reply({}, 401)


def test_a_token_is_asked_for_once() -> None:
    office = Office()
    with VendorServer(office) as server, web(server, auth=sign_in(server)).asking() as ask:
        assert all(ask.get("/v1/people").payload["good"] for _ in range(3))
    assert office.given == 1


def test_a_token_near_its_end_is_renewed_before_it_is_refused() -> None:
    office = Office(lives=30)
    with VendorServer(office) as server, web(server, auth=sign_in(server)).asking() as ask:
        assert all(ask.get("/v1/people").payload["good"] for _ in range(2))
    assert office.given == 2


def test_a_token_refused_in_the_middle_is_renewed_once() -> None:
    office = Office()
    with VendorServer(office) as server, web(server, auth=sign_in(server)).asking() as ask:
        ask.get("/v1/people")
        office.given += 1  # whoever revoked it
        assert ask.get("/v1/people").payload["good"]
        server.answer = lambda asked: office(asked) if asked.path == "/token" else Reply({}, 401)
        with pytest.raises(RefusedError) as told:
            ask.get("/v1/people")
    assert told.value.status == 401


@pytest.mark.parametrize("reply", [Reply({"reason": "Invalid client_id"}, 400), Reply({}, 200), Reply([], 200)])
def test_no_token_is_told_in_a_sentence(reply: Reply) -> None:
    sentence = pytest.raises(VendorError, match=r"Bloom gives no access token.*look there")
    with VendorServer(lambda _: reply) as server, web(server, auth=sign_in(server)).asking() as ask, sentence as told:
        ask.get("/v1/people")
    assert SECRET not in str(told.value)


def test_a_token_office_that_is_overburdened_is_waited_for() -> None:
    faults = [Fault.BROKEN, Fault.TOO_MANY]
    with VendorServer(Office(), faults) as server, web(server, auth=sign_in(server)).asking() as ask:
        assert ask.get("/v1/people").payload["good"]
