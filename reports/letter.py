"""The mail: one message with the figures as HTML and as text, the chart inside, and the files attached while they fit."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from hashlib import blake2b
from pathlib import Path
from typing import cast

from css_inline import CSSInliner

from reports.sections import alt_text, context, digits, environment
from reports.snapshot import Snapshot

POLICY = policy.SMTP.clone(cte_type="7bit")
TYPES = {".html": ("text", "html"), ".pdf": ("application", "pdf"), ".csv": ("text", "csv")}
CHART = "attendance"
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who writes, and when."""

    sender: str
    now: datetime

    @property
    def domain(self) -> str:
        """Return the domain that ids of ours end in."""
        return address_of(self.sender).rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Enclosure:
    """The chart and the files, and why some are missing."""

    chart: bytes
    files: tuple[Path, ...]
    missing: tuple[str, ...] = ()

    def within(self, megabytes: float) -> "Enclosure":
        """Return the enclosure without its largest files, as far as it is too large."""
        files, missing = list(self.files), list(self.missing)
        while files and sum(file.stat().st_size for file in files) > megabytes * MEGABYTE:
            largest = max(files, key=lambda file: file.stat().st_size)
            files.remove(largest)
            missing.append(f"{largest.name} is too large to be attached; it is kept where the report runs")
        return Enclosure(self.chart, tuple(files), tuple(missing))

    def short(self) -> "Enclosure":
        """Return the enclosure without files."""
        return self.within(0)


def address_of(mailbox: str) -> str:
    """Return the address alone of a mailbox such as `Ana <ana@example.com>`."""
    return parseaddr(mailbox)[1]


def subject(snapshot: Snapshot) -> str:
    """Return the date and the one figure that matters."""
    day = f", Day {snapshot.view.challenge_day}" if snapshot.view.challenge_day else ""
    count = snapshot.view.cards.high_ticket_sales_today
    sales = "high-ticket sale" if count == 1 else "high-ticket sales"
    return f"{snapshot.date:%Y-%m-%d}{day}: {digits(count)} {sales}"


def compose(snapshot: Snapshot, envelope: Envelope, enclosure: Enclosure) -> EmailMessage:
    """Return the message without its recipient and Message-ID."""
    message = EmailMessage(policy=POLICY)
    message["Subject"] = subject(snapshot)
    message["From"] = envelope.sender
    message["Date"] = format_datetime(envelope.now)
    message["List-Id"] = f"View 3 daily snapshot <daily-snapshot.view3.{envelope.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    told = {"it": context(snapshot), "footer": _footer(snapshot, enclosure)}
    message.set_content(environment().get_template("mail.txt.j2").render(told))
    message.add_alternative(as_html(snapshot, enclosure, f"cid:{CHART}@view3"), subtype="html")
    pretty = cast("EmailMessage", message.get_payload(1))
    pretty.add_related(
        enclosure.chart, "image", "png", cid=f"<{CHART}@view3>", filename="attendance.png", disposition="inline"
    )
    for file in enclosure.files:
        maintype, subtype = TYPES[file.suffix]
        message.add_attachment(file.read_bytes(), maintype, subtype, filename=file.name)
    _bind(message, snapshot.identity)
    return message


def as_html(snapshot: Snapshot, enclosure: Enclosure, picture: str) -> str:
    """Return the mail's HTML with its styles inlined; what depends on the reader's screen stays in the head."""
    it = context(snapshot)
    alt = f"{alt_text(snapshot)} The numbers stand in the text version."
    html = (
        environment()
        .get_template("mail.html.j2")
        .render(it=it, subject=subject(snapshot), picture=picture, alt=alt, footer=_footer(snapshot, enclosure))
    )
    inliner = CSSInliner(keep_style_tags=False, keep_at_rules=True, load_remote_stylesheets=False)
    return inliner.inline(html)


def addressed(message: bytes, recipient: str, message_id: str) -> bytes:
    """Return a message to one recipient under an id of its own."""
    letter = message_from_bytes(message, policy=POLICY)
    letter["To"] = recipient
    letter["Message-ID"] = message_id
    return letter.as_bytes()


def notice(envelope: Envelope, recipient: str, message_id: str, title: str, sentences: Iterable[str]) -> bytes:
    """Return a short message to the operator: sentences, no figures, no files."""
    message = EmailMessage(policy=POLICY)
    message["Subject"] = title
    message["From"] = envelope.sender
    message["To"] = recipient
    message["Date"] = format_datetime(envelope.now)
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n\n".join(sentences) + "\n")
    return message.as_bytes()


def message_id(envelope: Envelope, what: str, recipient: str, edition: int = 1) -> str:
    """Return the one id that a message has, however often it is handed over."""
    whom = blake2b(recipient.encode(), digest_size=6).hexdigest()
    return f"<view3.{what}.{edition}.{whom}@{envelope.domain}>"


def edition_of(told: str) -> int:
    """Return which edition a message id is of; 0 for none."""
    parts = told.split("@", 1)[0].rsplit(".", 2)
    return int(parts[1]) if len(parts) == 3 and parts[1].isdigit() else 0  # noqa: PLR2004 (what, edition, whom)


def _footer(snapshot: Snapshot, enclosure: Enclosure) -> str:
    missing = "".join(f" {one}." for one in enclosure.missing)
    return f"Sent by View 3 · figures {snapshot.identity}.{missing}"


def _bind(message: EmailMessage, identity: str) -> None:
    """Give the parts the same borders for the same figures."""
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"=_view3_{identity}_{number}")
