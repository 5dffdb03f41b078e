"""Zoom's webhooks: when a session began and ended, who came and who left.

Zoom never repeats what was answered with a 4xx. Its events carry no id; a person who rejoins, or comes with two devices,
is several stays of one person.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from analytics.records import Platform, Record, Session, Stay
from connectors import signatures
from connectors.contract import BadSignatureError, LookUp, Payload, UnreadablePayloadError
from connectors.payload import Fields

SOURCE = "zoom"
SIGNATURE, TIMESTAMP = "x-zm-signature", "x-zm-request-timestamp"
TOLERANCE = timedelta(seconds=300)
LONGEST_KIND, LONGEST_TOKEN = 64, 256
LONGEST_ID = 150
VALIDATION = "endpoint.url_validation"
ROOMS = ("webinar", "meeting")


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> None:
    """Raise BadSignatureError unless Zoom signed these bytes within five minutes of now."""
    stamp, (version, _, claimed) = headers.get(TIMESTAMP, ""), headers.get(SIGNATURE, "").partition("=")
    if version != "v0" or not signatures.is_stamp(stamp):
        raise BadSignatureError(signatures.MISSING)
    signatures.check(b"v0:" + stamp.encode() + b":" + body, [claimed], secrets)
    signatures.check_time(stamp, now, TOLERANCE)


def validation_answer(payload: Payload, secret: str) -> dict[str, str] | None:
    """Return what Zoom wants to hear when it tries the address, within 3 s and again every 72 h; None for other events."""
    if payload.get("event") != VALIDATION:
        return None
    token = Fields(payload).within("payload").text("plainToken")
    if not secret or not token or len(token) > LONGEST_TOKEN:
        Fields(payload).within("payload").fail("plainToken")
    return {"plainToken": token, "encryptedToken": signatures.digest(secret, token.encode())}


def event_id(payload: Payload, body: bytes, headers: Mapping[str, str]) -> str:  # noqa: ARG001 (one face for every vendor)
    """Return an id made of what happened to whom, where and when: the same for a repeated delivery."""
    about = _about(payload)
    participant = about.within("participant")
    facts = [kind(payload), about.text("uuid"), Fields(payload).text("event_ts")]
    facts += [
        participant.text(name) for name in ("user_id", "participant_uuid", "registrant_id", "join_time", "leave_time")
    ]
    if not (participant and about.text("uuid")) and not _is_about_a_room(kind(payload)):
        facts.append(hashlib.blake2b(body).hexdigest())
    return f"zm-{_hash(*facts)}"


def kind(payload: Payload) -> str:
    """Return the event's name."""
    return Fields(payload).token("event", LONGEST_KIND)


def keep(payload: Payload, body: bytes) -> bytes:  # noqa: ARG001 (one face for every vendor)
    """Return the body as it came."""
    return body


def normalise(payload: Payload, look_up: LookUp) -> Iterator[Record]:  # noqa: ARG001 (one face for every vendor)
    """Yield what an event says of a session or of a stay in it; practice sessions and the host are left out."""
    room, _, happened = kind(payload).partition(".")
    about = _about(payload)
    if room not in ROOMS or about.flag("practice_session"):
        return
    if happened in {"started", "ended"}:
        yield _session(payload, about, happened)
    elif happened in {"participant_joined", "participant_left"} and not _is_host(about):
        yield _stay(payload, about, happened)
        yield from _begun(about)


def _is_about_a_room(name: str) -> bool:
    room, _, happened = name.partition(".")
    return room in ROOMS and happened in {"started", "ended"}


def _about(payload: Payload) -> Fields:
    return Fields(payload).within("payload", "object")


def _session(payload: Payload, about: Fields, happened: str) -> Session:
    started_at, ended_at = about.moment("start_time"), about.moment("end_time")
    if happened == "started":
        started_at = started_at or _happened_at(payload)
    return Session(
        platform=Platform.ZOOM,
        session_id=_session_id(about),
        source=SOURCE,
        started_at=started_at,
        ended_at=(ended_at or _happened_at(payload)) if happened == "ended" else None,
        topic=about.text("topic"),
        room=about.text("id"),
    )


def _begun(about: Fields) -> Iterator[Session]:
    """Yield when the session of a participant began: its own event may be lost, and it may have begun the day before."""
    with suppress(UnreadablePayloadError):
        if started_at := about.moment("start_time"):
            session_id, room = _session_id(about), about.text("id")
            yield Session(Platform.ZOOM, session_id, SOURCE, started_at, topic=about.text("topic"), room=room)


def _stay(payload: Payload, about: Fields, happened: str) -> Stay:
    participant = about.within("participant")
    if not participant:
        about.fail("participant")
    person = _person(participant)
    stay = participant.first("user_id", "participant_uuid") or person
    if not stay:
        participant.fail("user_id")
    joined = happened == "participant_joined"
    return Stay(
        platform=Platform.ZOOM,
        session_id=_session_id(about),
        stay_id=short(stay),
        person=person or f"stay:{short(stay)}",
        source=SOURCE,
        joined_at=(participant.moment("join_time") or _happened_at(payload))
        if joined
        else participant.moment("join_time"),
        left_at=None if joined else participant.moment("leave_time") or _happened_at(payload),
    )


def _is_host(about: Fields) -> bool:
    """Tell whether the participant is the host; panelists cannot be told apart in these events."""
    host, participant = about.text("host_id"), about.within("participant")
    return bool(host) and host in {participant.text("id"), participant.text("participant_user_id")}


def people(participant: Fields) -> list[str]:
    """Return by what a person is known again in a session, the surest first: registration, e-mail, account, name.

    Messages and reports name the same fields differently.
    """
    registrant, email = participant.text("registrant_id"), participant.first("email", "user_email").casefold()
    account, name = participant.first("participant_user_id", "id"), participant.first("user_name", "name")
    key = participant.text("customer_key")
    known = [
        f"registrant:{short(registrant)}" if registrant else "",
        f"email:{_hash(email)}" if email else "",
        f"account:{short(account)}" if account else "",
        f"name:{_hash(name, key)}" if name or key else "",
    ]
    return [person for person in known if person]


def _person(participant: Fields) -> str:
    return next(iter(people(participant)), "")


def _session_id(about: Fields) -> str:
    return short(about.text("uuid") or about.fail("uuid"))


def _happened_at(payload: Payload) -> datetime:
    event = Fields(payload)
    return event.milliseconds("event_ts") or event.fail("event_ts")


def short(text: str) -> str:
    """Return an id as it is, or a hash of one that is too long to be kept or not plain."""
    return text if len(text) <= LONGEST_ID and text.isascii() and text.isprintable() else _hash(text)


def _hash(*facts: str) -> str:
    return hashlib.blake2b("\x1f".join(facts).encode(), digest_size=20).hexdigest()
