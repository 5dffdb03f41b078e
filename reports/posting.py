"""One message to one recipient, by the server and the sender of the settings."""

from reports import letter
from reports.mailer import Answer, Patience, Server, send
from reports.settings import ReportSettings


def post(settings: ReportSettings, recipient: str, message: bytes, patience: Patience) -> Answer:
    """Hand a message to the mail server and return what became of it."""
    url = settings.smtp_url
    server = Server.of(url.get_secret_value() if url else "")
    return send(server, letter.address_of(settings.report_from), letter.address_of(recipient), message, patience)
