"""The samples of the documentation, run as they stand: Debian's proxies with TLS in front of dashboards."""

import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.browser.conftest import Served, free_port

NAME = "view3.example.com"
SAMPLES = Path(__file__).parents[2] / "docs" / "deploy"


@contextmanager
def nginx(served: Served, folder: Path) -> Iterator[int]:
    """Run nginx in front of a dashboard; yield its TLS port."""
    key, certificate = _certificate(folder)
    plain, tls = free_port(), free_port()
    site = _sample(
        "nginx.conf",
        {
            "/etc/ssl/view3/certificate.pem": str(certificate),
            "/etc/ssl/view3/key.pem": str(key),
            "/var/log/nginx/view3.log": str(folder / "access.log"),
            "listen 80;": f"listen 127.0.0.1:{plain};",
            "listen 443 ssl": f"listen 127.0.0.1:{tls} ssl",
            "127.0.0.1:8866": f"127.0.0.1:{served.port}",
            "proxy_set_header Host $host;": f"proxy_set_header Host $host:{tls};",
        },
    )
    for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"):
        site = f"{name}_temp_path {folder}/{name};\n{site}"
    (folder / "nginx.conf").write_text(
        f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{\n{site}\n}}\n"
    )
    command = [_program("nginx"), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    with _running(command, folder / "nginx.pid"):
        yield tls


@contextmanager
def haproxy(pages: Sequence[int], receivers: Sequence[int], folder: Path) -> Iterator[int]:
    """Run HAProxy in front of two dashboards and two receivers, by their ports; yield its TLS port."""
    key, certificate = _certificate(folder)
    (folder / "view3.pem").write_text(certificate.read_text() + key.read_text())
    plain, tls = free_port(), free_port()
    configuration = _sample(
        "haproxy.cfg",
        {
            "/etc/ssl/view3/view3.pem": str(folder / "view3.pem"),
            "log /dev/log local0": "log stdout format raw local0",
            "bind :80": f"bind 127.0.0.1:{plain}",
            "bind :443": f"bind 127.0.0.1:{tls}",
            "10.0.0.11:8866": f"127.0.0.1:{pages[0]}",
            "10.0.0.12:8866": f"127.0.0.1:{pages[1]}",
            "10.0.0.11:8867": f"127.0.0.1:{receivers[0]}",
            "10.0.0.12:8867": f"127.0.0.1:{receivers[1]}",
        },
    )
    (folder / "haproxy.cfg").write_text(configuration)
    command = [_program("haproxy"), "-db", "-f", str(folder / "haproxy.cfg"), "-p", str(folder / "haproxy.pid")]
    with _running(command, folder / "haproxy.pid"):
        yield tls


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Make a key and a certificate of our own."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    asked = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}"]
    asked += ["-addext", f"subjectAltName=DNS:{NAME}", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(asked, check=True, capture_output=True)
    return key, certificate


def _sample(name: str, here: Mapping[str, str]) -> str:
    """Return a sample with places of this test; each must stand in it."""
    text = (SAMPLES / name).read_text()
    for written, place in here.items():
        assert written in text
        text = text.replace(written, place)
    return text


def _program(name: str) -> str:
    program = shutil.which(name, path="/usr/sbin:/usr/bin")
    assert program, f"Debian's {name} is missing"
    return program


@contextmanager
def _running(command: Sequence[str], pid: Path) -> Iterator[None]:
    with pid.with_suffix(".log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        for _ in range(100):
            if pid.exists():
                break
            time.sleep(0.05)
        assert process.poll() is None, pid.with_suffix(".log").read_text()
        yield
    finally:
        process.terminate()
        process.wait(20)
