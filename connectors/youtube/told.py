"""What YouTube's answers mean: a broadcast's times, how many watched at one moment, and its final numbers days later.

A count that is absent is unknown, not zero: the owner hides it, or the broadcast is over.
"""

from collections.abc import Iterator

from analytics.records import AttendanceSample, Platform, Record, Session
from connectors.contract import LookUp, Payload
from connectors.payload import Fields

SOURCE = "youtube"
VIDEO, FINAL = "video", "analytics"
PEAK, AVERAGE = "peakConcurrentViewers", "averageConcurrentViewers"


def normalise(payload: Payload, look_up: LookUp) -> Iterator[Record]:  # noqa: ARG001 (one face for every vendor)
    """Yield what an answer says of a broadcast; raises UnreadablePayloadError for one that is broken."""
    answer = Fields(payload)
    if answer.text("kind") == FINAL:
        yield from _final(answer.within("told"))
    elif answer.text("kind") == VIDEO:
        yield from _video(answer)


def is_live(video: Fields) -> bool:
    """Tell whether a broadcast has begun and not ended."""
    times = video.within("liveStreamingDetails")
    return times.has("actualStartTime") and not times.has("actualEndTime")


def _video(answer: Fields) -> Iterator[Record]:
    video = answer.within("told")
    times, session_id = video.within("liveStreamingDetails"), video.text("id") or video.fail("id")
    yield Session(
        platform=Platform.YOUTUBE,
        session_id=session_id,
        source=SOURCE,
        started_at=times.moment("actualStartTime"),
        ended_at=times.moment("actualEndTime"),
        planned_start=times.moment("scheduledStartTime"),
        planned_end=times.moment("scheduledEndTime"),
        topic=video.within("snippet").text("title"),
    )
    viewers = times.integer("concurrentViewers")
    if viewers is not None and is_live(video):
        yield AttendanceSample(
            platform=Platform.YOUTUBE,
            session_id=session_id,
            seen_at=answer.moment("asked_at") or answer.fail("asked_at"),
            participants=viewers,
            source=SOURCE,
        )


def has_numbers(report: Fields) -> bool:
    """Tell whether a report has a peak; before YouTube has counted, it answers without rows, with zeros or with nulls."""
    return bool(_whole(_first_row(report), PEAK))


def _final(told: Fields) -> Iterator[Record]:
    """Yield the numbers that YouTube stands by; a report without rows, or with zeros, says nothing yet."""
    numbers = _first_row(told.within("report"))
    peak, average = _whole(numbers, PEAK), _whole(numbers, AVERAGE)
    if peak:
        yield Session(
            platform=Platform.YOUTUBE,
            session_id=told.text("id") or told.fail("id"),
            source=SOURCE,
            started_at=told.moment("started_at"),
            peak=peak,
            average=average or None,
        )


def _whole(numbers: Fields, name: str) -> int | None:
    """Return a number as whole viewers; YouTube writes 140 as 140.0 at times."""
    number = numbers.decimal(name)
    return None if number is None else round(number)


def _first_row(report: Fields) -> Fields:
    """Return the values of a report's first row under the names of its columns."""
    names = [column.text("name") for column in report.each("columnHeaders")]
    rows = report.values.get("rows") or []
    if rows and not (isinstance(rows, list) and isinstance(rows[0], list)):
        report.fail("rows", "is not a list of lists")
    return Fields(dict(zip(names, rows[0], strict=False)) if rows else {}, f"{report.path}.rows[0]")
