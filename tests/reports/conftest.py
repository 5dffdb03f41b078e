"""A small challenge to report on, a mail server that does as it is told, and a report whose notebook is quick."""

import asyncio
import base64
import shutil
import socket
import ssl
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import nbformat
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from pydantic import SecretStr

from analytics.challenge import Challenge
from analytics.database import writing
from analytics.ingest import accept
from analytics.records import AdSpend, Attendance, Lead, Offer, Order, Platform, Record, Statistic, Utm, order_of_one
from analytics.settings import Settings
from analytics.workbench import Workbench
from reports.daily import Daily
from reports.mailer import Patience
from reports.settings import ReportSettings
from reports.snapshot import read_snapshot

ZONE = "America/Sao_Paulo"
CHALLENGE = Challenge.starting(date(2026, 1, 1), ZONE)
SATURDAY = date(2026, 1, 17)
MORNING = CHALLENGE.moment(datetime(2026, 1, 18, 7, 0))
RECIPIENTS = ("ana@example.com", "Bo Lee <bo@example.com>", "cy@example.com")
OPERATOR = "ops@example.com"
HURRY = Patience(timeout=2, attempts=3, first_wait=0.02, longest_wait=0.05)
PIXEL = base64.b64decode(
    b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
HOSTILE = "<img src=x onerror=alert(1)>"
ACCENTS = "Zoë Müller-Ñandú"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def at(day: int, hour: int, month: int = 1, year: int = 2026) -> datetime:
    return CHALLENGE.moment(datetime(year, month, day, hour))


def lead(number: int, campaign: str, when: datetime) -> Lead:
    utm = Utm("facebook", "paid", campaign, "Broad", "Video 1")
    return Lead("cf", str(number), f"p{number}@x.com", when, utm=utm)


def sale(number: int, name: str, price: str, when: datetime, offer: Offer = Offer.HIGH_TICKET) -> Order:
    return order_of_one(
        "stripe", f"s{number}", f"p{number}@x.com", name, "Mastermind", Decimal(price), "USD", when, offer=offer
    )


def story() -> list[Record]:
    """Two sales on Saturday, one on Friday, one in the challenge before; a campaign that tries to be code."""
    return [
        lead(1, "FB_Jan", at(20, 10, 12, 2025)),
        lead(2, f"Evil\r\nBcc: thief@example.com{HOSTILE}", at(28, 10, 12, 2025)),
        lead(3, "FB_Jan", at(5, 9)),
        sale(1, ACCENTS, "4997.00", at(17, 11)),
        sale(2, HOSTILE, "2997.10", at(17, 12)),
        sale(3, "Cy Fox", "4997.00", at(16, 23)),
        sale(4, "Di Roe", "47.00", at(6, 10), Offer.VIP),
        AdSpend(date(2026, 1, 5), "meta", Decimal("1200.10"), "USD", "meta_ads", campaign="FB_Jan"),
        AdSpend(SATURDAY, "google", Decimal("99.99"), "USD", "google_ads", campaign="Brand"),
        sale(9, "Old Buyer", "1000.00", at(17, 11, 8, 2025)),
        AdSpend(date(2025, 8, 2), "meta", Decimal("500.00"), "USD", "meta_ads", campaign="Old"),
        *(
            Attendance(platform, f"{platform}{day}", date(2026, 1, day), people, Statistic.PEAK_VIEWERS, str(platform), started_at=at(day, 20))
            for day, people in ((1, 500), (16, 300), (17, 210))
            for platform in (Platform.YOUTUBE, Platform.ZOOM)
        ),
    ]  # fmt: skip


@pytest.fixture
def workbench(database_url: str) -> Iterator[Workbench]:
    """The story on an engine, looked at on Sunday morning."""
    yield from _told(database_url)


@pytest.fixture
def quick_workbench(migrated: Path, tmp_path: Path) -> Iterator[Workbench]:
    """The story on SQLite, for what does not touch the engine."""
    shutil.copyfile(migrated, tmp_path / "quick.db")
    yield from _told(f"sqlite:///{tmp_path}/quick.db")


def _told(url: str) -> Iterator[Workbench]:
    settings = Settings.model_validate(
        {
            "database_url": url,
            "challenge_start": date(2026, 1, 1),
            "funnel_start": date(2025, 12, 1),
            "previous_start": date(2025, 8, 1),
            "timezone": ZONE,
            "now": MORNING,
        }
    )
    workbench = Workbench.open(settings)
    workbench.upgrade()
    tell(workbench, *story())
    yield workbench
    workbench.engine.dispose()
    workbench.reader.dispose()


def tell(workbench: Workbench, *records: Record) -> None:
    with writing(workbench.engine) as connection:
        accept(connection, workbench.rules, list(records))


def settings_for(url: str = "smtp://127.0.0.1:1", **more: Any) -> ReportSettings:
    told = {
        "smtp_url": SecretStr(url),
        "report_to": RECIPIENTS,
        "report_from": "View 3 <view3@example.com>",
        "report_operator": OPERATOR,
        "report_stale_hours": {"": 0},
    }
    return ReportSettings.model_validate({**told, **more})


@dataclass
class Post:
    """A mail server: it answers a recipient, or the data for one, as scripted, and else takes everything."""

    at_recipient: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    at_data: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    taken: list[tuple[str, EmailMessage]] = field(default_factory=list)
    was_encrypted: list[bool] = field(default_factory=list)
    port: int = 0

    async def handle_RCPT(self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]) -> str:  # noqa: N802
        """Answer RCPT TO."""
        answer = _next(self.at_recipient, address)
        if answer is None:
            envelope.rcpt_tos.append(address)
        return answer or "250 OK"

    async def handle_DATA(self, server: SMTP, _: Session, envelope: Envelope) -> str:  # noqa: N802
        """Answer the data; DROP takes the message and hangs up without a word."""
        (address,) = envelope.rcpt_tos
        answer = _next(self.at_data, address)
        if answer in {None, "DROP"}:
            content = envelope.content
            assert isinstance(content, bytes)
            self.taken.append((address, message_from_bytes(content, policy=policy.default)))
            assert server.transport is not None
            self.was_encrypted.append(server.transport.get_extra_info("sslcontext") is not None)
        if answer in {"DROP", "DROP EARLY"}:
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        return answer or "250 OK"

    def got(self, address: str) -> list[EmailMessage]:
        """Return what an address has had."""
        return [message for whom, message in self.taken if whom == address]

    @property
    def url(self) -> str:
        """Return the server's address."""
        return f"smtp://127.0.0.1:{self.port}"


def _next(script: dict[str, list[str]], address: str) -> str | None:
    return script[address].pop(0) if script[address] else None


Serve = Callable[..., Post]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts mail servers: plain, with STARTTLS, or with TLS from the first byte; they end with the test."""
    with ExitStack() as running:

        def start(
            *, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None, login: str = ""
        ) -> Post:
            post = Post(port=free_port())
            more: dict[str, Any] = {"tls_context": starttls} if starttls else {}
            if login:
                more |= {
                    "authenticator": _knowing(login),
                    "auth_required": bool(starttls),
                    "auth_require_tls": bool(starttls),
                }
            controller = Controller(post, hostname="127.0.0.1", port=post.port, ssl_context=tls, **more)
            controller.start()
            running.callback(controller.stop)
            return post

        yield start


def _knowing(password: str) -> Callable[..., AuthResult]:
    def judge(server: SMTP, session: Session, envelope: Envelope, mechanism: str, told: LoginPassword) -> AuthResult:
        return AuthResult(success=told == LoginPassword(b"view3", password.encode()), handled=False)

    return judge


@pytest.fixture
def post(serve: Serve) -> Post:
    """A plain mail server."""
    return serve()


@dataclass
class Bench:
    """A report whose notebook and PDF are made in no time, with all that it said."""

    workbench: Workbench
    settings: ReportSettings
    out: Path
    moment: datetime = MORNING
    said: list[str] = field(default_factory=list)
    runs: int = 0

    def daily(self, **more: Any) -> Daily:
        """Return the report."""
        told: dict[str, Any] = {
            "now": lambda: self.moment,
            "tell": self.said.append,
            "out": self.out,
            "run": self.run,
            "print_pdf": printed,
            "patience": HURRY,
        }
        return Daily(self.workbench, self.settings, **{**told, **more})

    def run(self, notebook: Path, output: Path, parameters: Mapping[str, str], seconds: float) -> None:  # noqa: ARG002 (the runner's signature)
        """Write what the notebook would show."""
        self.runs += 1
        on, as_of = date.fromisoformat(parameters["date"]), datetime.fromisoformat(parameters["as_of"])
        shown = read_snapshot(self.workbench, self.settings, on, as_of.astimezone(UTC)).identity
        output.write_text(nbformat.writes(executed(f"<p>Figures {shown}</p>")), encoding="utf-8")


def printed(browser: str | None, page: Path, pdf: Path) -> str:
    """Print nothing, quickly."""
    pdf.write_bytes(b"%PDF-1.4")
    return ""


def executed(html: str) -> Any:
    """Return an executed notebook that shows some HTML and a picture."""
    data = {"text/html": html, "image/png": base64.b64encode(PIXEL).decode()}
    outputs = [nbformat.v4.new_output("display_data", {name: value}) for name, value in data.items()]
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("page.cards()", outputs=outputs)])


@pytest.fixture
def bench(workbench: Workbench, post: Post, tmp_path: Path) -> Bench:
    """A report to three people on the plain mail server."""
    return Bench(workbench, settings_for(post.url), tmp_path / "out")
