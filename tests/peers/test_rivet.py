"""Zoom's own receiver, @zoom/rivet, accepts what we sign, refuses what we refuse, and answers a validation as we do.

It signs JSON that it writes anew, so it fits compact JSON alone, and it never looks at the age: ours does.
"""

import json
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

from connectors.contract import BadSignatureError
from connectors.payload import parse
from connectors.zoom import webhooks as zoom
from tests.connectors.events import FOLDER, NOW, SECRET, signed

HERE = Path(__file__).parent
CASES = sorted(path.stem for path in (FOLDER / "zoom").glob("*.json") if not path.name.endswith(".records.json"))


def ask(npm: Path, *requests: tuple[bytes, dict[str, str]]) -> list[dict[str, Any]]:
    """What Zoom's receiver answers."""
    lines = "".join(json.dumps({"body": body.decode(), "headers": headers}) + "\n" for body, headers in requests)
    command = ["node", str(HERE / "rivet.mjs"), str(npm), SECRET]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, timeout=60, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def compact(case: str) -> bytes:
    payload = json.loads((FOLDER / "zoom" / f"{case}.json").read_bytes())
    return json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()


def we_accept(body: bytes, headers: dict[str, str]) -> bool:
    try:
        zoom.verify({name.lower(): value for name, value in headers.items()}, body, (SECRET,), NOW)
    except BadSignatureError:
        return False
    return True


def test_it_accepts_every_sample_that_we_sign(npm: Path) -> None:
    bodies = {case: compact(case) for case in CASES}
    answers = ask(npm, *((body, signed("zoom", body)) for body in bodies.values()))
    assert [answer["status"] for answer in answers] == [200] * len(CASES)
    for (case, body), answer in zip(bodies.items(), answers, strict=True):
        name = json.loads(body)["event"]
        assert answer["heard"] == ([] if name == zoom.VALIDATION else [name]), case
        assert we_accept(body, signed("zoom", body))


def test_it_refuses_what_we_refuse(npm: Path) -> None:
    body = compact("webinar-started")
    good = signed("zoom", body)
    foul = [
        (body.replace(b"webinar", b"meeting", 1), good),
        (body, signed("zoom", body, secret="another")),
        (body, {**good, "x-zm-signature": good["x-zm-signature"].removeprefix("v0=")}),
        (body, {**good, "x-zm-signature": good["x-zm-signature"].upper()}),
        (body, {**good, "x-zm-request-timestamp": "1"}),
        (body, {}),
    ]
    assert [answer["status"] for answer in ask(npm, *foul)] == [400] * len(foul)
    assert not any(we_accept(*request) for request in foul)


def test_its_answer_to_a_validation_is_ours(npm: Path) -> None:
    tokens = ["bLoOmToken", "qgg8vlvZRS6UYooatFL8Aw", "x" * 256, "ключ-🌸"]
    told = [{"event": zoom.VALIDATION, "event_ts": 1, "payload": {"plainToken": token}} for token in tokens]
    bodies = [json.dumps(one, separators=(",", ":"), ensure_ascii=False).encode() for one in told]
    answers = ask(npm, *((body, signed("zoom", body)) for body in bodies))
    assert [answer["body"] for answer in answers] == [zoom.validation_answer(parse(body), SECRET) for body in bodies]
    assert all(answer["status"] == 200 for answer in answers)


def test_it_never_looks_at_the_age_and_we_do(npm: Path) -> None:
    body = compact("webinar-started")
    old = signed("zoom", body, NOW - timedelta(days=30))
    assert ask(npm, (body, old))[0]["status"] == 200
    assert not we_accept(body, old)
