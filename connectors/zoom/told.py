"""What Zoom's answers mean: how many are in the room now, and, after the session, who was there and how long."""

from collections.abc import Iterator

from analytics.records import AttendanceSample, Platform, Record, Session, Stay
from analytics.versions import PRESENTER
from connectors.contract import LookUp, Payload
from connectors.payload import Fields
from connectors.zoom.webhooks import people, short

SOURCE = "zoom-api"
LIVE, PARTICIPANTS, REPORT = "live", "participants", "report"
WAITING = "in_waiting_room"


def normalise(payload: Payload, look_up: LookUp) -> Iterator[Record]:  # noqa: ARG001 (one face for every vendor)
    """Yield what an answer says of a session; raises UnreadablePayloadError for one that is broken."""
    answer = Fields(payload)
    told, kind = answer.within("told"), answer.text("kind")
    if kind == LIVE:
        yield _session(told)
        yield from _sample(answer, told)
    elif kind == PARTICIPANTS:
        presenters = frozenset(told.texts("presenters"))
        for participant in told.each("participants"):
            if participant.text("status") != WAITING:
                yield _stay(told, participant, presenters)
    elif kind == REPORT:
        yield _session(told, is_complete=True)


def _session(told: Fields, *, is_complete: bool = False) -> Session:
    return Session(
        platform=Platform.ZOOM,
        session_id=short(told.text("uuid") or told.fail("uuid")),
        source="zoom",
        started_at=told.moment("start_time"),
        ended_at=told.moment("end_time") if is_complete else None,
        topic=told.text("topic"),
        planned_start=told.moment("planned_start"),
        planned_end=told.moment("planned_end"),
        is_complete=is_complete,
        room=told.text("id"),
    )


def _sample(answer: Fields, told: Fields) -> Iterator[AttendanceSample]:
    count = told.integer("present")
    if count is not None:
        yield AttendanceSample(
            platform=Platform.ZOOM,
            session_id=short(told.text("uuid")),
            seen_at=answer.moment("asked_at") or answer.fail("asked_at"),
            participants=count,
            source="zoom",
        )


def _stay(told: Fields, participant: Fields, presenters: frozenset[str]) -> Stay:
    known = people(participant)
    joined_at = participant.moment("join_time") or told.moment("start_time") or participant.fail("join_time")
    number = participant.integer("number") or 0  # of those without any identity who came in the same second
    stay = participant.first("user_id", "participant_uuid") or (
        f"{next(iter(known), f'#{number}' if number else '')}@{participant.text('join_time')}"
    )
    person = next(iter(known), f"stay:{short(stay)}")
    if presenters.intersection(known):
        person = f"{PRESENTER}:{person}"  # kept, so that a message about the same stay does not count it
    return Stay(
        platform=Platform.ZOOM,
        session_id=short(told.text("uuid") or told.fail("uuid")),
        stay_id=short(stay),
        person=person,
        source="zoom",
        joined_at=joined_at,
        left_at=participant.moment("leave_time"),
    )
