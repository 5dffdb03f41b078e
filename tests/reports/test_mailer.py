"""Handing a message to real servers: plain, encrypted, with a password, in a bad mood, slow, or away."""

import socket
import ssl
import subprocess
from pathlib import Path

import pytest

from reports.mailer import Fate, Patience, RefusedError, Server, send, session
from tests.reports.conftest import HURRY, Post, Serve, free_port

MESSAGE = b"Subject: hello\r\n\r\nhello\r\n"
SENDER, ANA = "view3@example.com", "ana@example.com"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1, signed by itself, with its key beside it."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder / "cert.pem"


@pytest.fixture
def identified(certificate: Path) -> ssl.SSLContext:
    """What a server with that certificate needs."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    return context


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine trusts the certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


def given(url: str, patience: Patience = HURRY) -> tuple[Fate, str]:
    answer = send(Server.of(url), SENDER, ANA, MESSAGE, patience)
    return answer.fate, answer.reason


@pytest.mark.parametrize(
    ("replies", "fate", "taken"),
    [
        ([], Fate.SENT, 1),
        (["451 later"], Fate.SENT, 1),
        (["451 later"] * 3, Fate.LATER, 0),
        (["550 never"], Fate.REFUSED, 0),
        (["552 too large"], Fate.TOO_LARGE, 0),
        (["421 closing"], Fate.SENT, 1),
    ],
)
def test_a_reply_decides(post: Post, replies: list[str], fate: Fate, taken: int) -> None:
    for script in (post.at_recipient, post.at_data):
        post.taken.clear()
        script[ANA] = list(replies)
        assert given(post.url)[0] is fate
        assert len(post.got(ANA)) == taken


def test_starttls_is_used_where_it_is_offered(serve: Serve, identified: ssl.SSLContext, trusted: None) -> None:
    post = serve(starttls=identified)
    assert given(post.url)[0] is Fate.SENT
    assert post.was_encrypted == [True]


def test_tls_from_the_first_byte(serve: Serve, identified: ssl.SSLContext, trusted: None) -> None:
    post = serve(tls=identified)
    assert given(f"smtps://127.0.0.1:{post.port}")[0] is Fate.SENT
    assert post.was_encrypted == [True]


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_certificate_that_is_not_trusted_is_refused(serve: Serve, identified: ssl.SSLContext, scheme: str) -> None:
    post = serve(tls=identified) if scheme == "smtps" else serve(starttls=identified)
    fate, reason = given(f"{scheme}://127.0.0.1:{post.port}")
    assert fate is Fate.REFUSED
    assert "not trusted" in reason
    assert post.taken == []


def test_login(serve: Serve, identified: ssl.SSLContext, trusted: None) -> None:
    post = serve(starttls=identified, login="p@ss:word")
    assert given(f"smtp://view3:p%40ss%3Aword@127.0.0.1:{post.port}")[0] is Fate.SENT
    fate, reason = given(f"smtp://view3:wrong@127.0.0.1:{post.port}")
    assert fate is Fate.REFUSED
    assert "535" in reason
    assert "wrong" not in reason
    assert len(post.taken) == 1


def test_a_password_never_goes_over_the_wire_in_clear(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    post = serve(login="secret")
    monkeypatch.setattr("reports.mailer.LOOPBACK", ())  # as if the server were another machine
    fate, reason = given(f"smtp://view3:secret@127.0.0.1:{post.port}")
    assert fate is Fate.REFUSED
    assert "offers no encryption" in reason
    assert "secret" not in reason


def test_a_server_that_is_away_or_slow_is_tried_again_later() -> None:
    fate, reason = given(f"smtp://127.0.0.1:{free_port()}")
    assert fate is Fate.LATER
    assert "did not answer" in reason
    with socket.socket() as silent:  # takes the connection and says nothing
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        hurry = Patience(timeout=0.2, attempts=2, first_wait=0.01, longest_wait=0.02)
        assert given(f"smtp://127.0.0.1:{silent.getsockname()[1]}", hurry)[0] is Fate.LATER


def test_a_connection_that_breaks_is_tried_again(post: Post) -> None:
    post.at_data[ANA] = ["DROP EARLY", "DROP EARLY"]
    assert given(post.url)[0] is Fate.SENT
    assert len(post.got(ANA)) == 1


def test_a_session_greets_and_mails_nothing(post: Post) -> None:
    with session(Server.of(post.url)) as smtp:
        assert smtp.ehlo_resp
    assert post.taken == []


def test_what_a_server_says_is_one_printable_line(post: Post) -> None:
    post.at_recipient[ANA] = ["550 \x1b[31mred " + "x" * 400]
    reason = given(post.url)[1]
    assert reason.isprintable()
    assert len(reason) < 260


def test_a_server_tells_its_address_and_no_secret() -> None:
    server = Server.of("smtps://view3:secret@mail.example.com")
    assert repr(server) == "mail.example.com:465"
    assert (server.user, server.password, server.is_tls) == ("view3", "secret", True)


def test_an_address_that_cannot_be_told_to_the_server_is_refused(post: Post) -> None:
    with pytest.raises(RefusedError), session(Server.of(post.url)):
        raise RefusedError("no")
    assert send(Server.of(post.url), SENDER, "añá@example.com", MESSAGE, HURRY).fate is not Fate.SENT
