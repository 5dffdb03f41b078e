"""Zoom's own receiver, @zoom/rivet, accepts what we sign, refuses what we refuse, and answers a validation as we do.

It signs JSON that it writes anew, so it fits compact JSON alone, and it never looks at the age: ours does.
"""

import json
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors import zoom
from connectors.contract import BadSignatureError
from connectors.payload import parse
from tests.connectors.events import FOLDER, NOW, SECRET, signed

HERE = Path(__file__).parent
HOME = HERE.parents[1] / ".venv" / "peers"
CASES = sorted(path.stem for path in (FOLDER / "zoom").glob("*.json") if not path.name.endswith(".records.json"))


@pytest.fixture(scope="module")
def rivet() -> Path:
    """The folder in which Zoom's package is installed, pinned with hashes and without running its scripts."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.fail("node and npm are missing: install them, or leave the peers out with VIEW3_TEST_WITHOUT=peers")
    lock = (HERE / "package-lock.json").read_bytes()
    installed = HOME / "installed.lock"
    if not installed.exists() or installed.read_bytes() != lock:
        HOME.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, HOME / name)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=HOME, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            pytest.fail(
                f"@zoom/rivet cannot be installed (VIEW3_TEST_WITHOUT=peers leaves it out): {done.stderr[-800:]}"
            )
        installed.write_bytes(lock)
    return HOME


def ask(rivet: Path, *requests: tuple[bytes, dict[str, str]]) -> list[dict[str, Any]]:
    """What Zoom's receiver answers."""
    lines = "".join(json.dumps({"body": body.decode(), "headers": headers}) + "\n" for body, headers in requests)
    command = ["node", str(HERE / "rivet.mjs"), str(rivet), SECRET]
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


def test_it_accepts_every_sample_that_we_sign(rivet: Path) -> None:
    bodies = {case: compact(case) for case in CASES}
    answers = ask(rivet, *((body, signed("zoom", body)) for body in bodies.values()))
    assert [answer["status"] for answer in answers] == [200] * len(CASES)
    for (case, body), answer in zip(bodies.items(), answers, strict=True):
        name = json.loads(body)["event"]
        assert answer["heard"] == ([] if name == zoom.VALIDATION else [name]), case
        assert we_accept(body, signed("zoom", body))


def test_it_refuses_what_we_refuse(rivet: Path) -> None:
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
    assert [answer["status"] for answer in ask(rivet, *foul)] == [400] * len(foul)
    assert not any(we_accept(*request) for request in foul)


def test_its_answer_to_a_validation_is_ours(rivet: Path) -> None:
    tokens = ["bLoOmToken", "qgg8vlvZRS6UYooatFL8Aw", "x" * 256, "ключ-🌸"]
    told = [{"event": zoom.VALIDATION, "event_ts": 1, "payload": {"plainToken": token}} for token in tokens]
    bodies = [json.dumps(one, separators=(",", ":"), ensure_ascii=False).encode() for one in told]
    answers = ask(rivet, *((body, signed("zoom", body)) for body in bodies))
    assert [answer["body"] for answer in answers] == [zoom.validation_answer(parse(body), SECRET) for body in bodies]
    assert all(answer["status"] == 200 for answer in answers)


def test_it_never_looks_at_the_age_and_we_do(rivet: Path) -> None:
    body = compact("webinar-started")
    old = signed("zoom", body, NOW - timedelta(days=30))
    assert ask(rivet, (body, old))[0]["status"] == 200
    assert not we_accept(body, old)
