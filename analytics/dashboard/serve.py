"""Voilà, started in this process for exactly one notebook, with our template and the hardening it needs."""

import errno
import logging
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import click
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_events import EventLogger
from jupyter_server.utils import url_path_join
from tornado.ioloop import IOLoop
from tornado.web import StaticFileHandler
from traitlets.config import Config
from voila.app import Voila

from analytics.dashboard import answering, assets, beginning, download
from analytics.dashboard.compiled import keep_compiled
from analytics.dashboard.door import Doorkeeper, Page, cookie_secret
from analytics.dashboard.elements import STATIC, script
from analytics.dashboard.errors import keep_quiet, log_failure, quiet
from analytics.dashboard.first_sight import FirstSight
from analytics.dashboard.hardening import QuietConnection
from analytics.dashboard.http_server import PageServer
from analytics.dashboard.settings import drop_secrets
from analytics.dashboard.source import Source
from analytics.dashboard.viewers import MOST_VIEWERS, ViewersKernels, Visit, allow_handles
from analytics.dashboard.warm import serving
from analytics.project import resource

NOTEBOOK: Final = resource("notebooks") / "view3.ipynb"
TEMPLATE: Final = Path(__file__).parent / "template"
LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
LARGEST_MESSAGE: Final = 1024 * 1024  # bytes a browser may send at once
# Seconds for what the cell shows to reach the page after the kernel is done: its messages are read
# between other viewers' requests, and the usual four are over on a busy machine, whose page then stays without its link.
OUTPUT_MAY_TAKE: Final = 120
UNSERVED: Final = ("/voila/files", "/voila/templates", "/voila/query", "/voila/execution")
UNUSED: Final = ["jupyterlab-plotly", "jupyterlab_pygments", "@voila-dashboards/jupyterlab-preview"]
POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' blob:",  # blob: is how anywidget loads a module
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)

log = logging.getLogger(__name__)


class ServeError(RuntimeError):
    """The page cannot be served; the message is a sentence for people."""


class OneKernel(KernelSpecManager):
    """Knows one kernel, the Python this server runs on, whatever is installed on the machine."""

    def find_kernel_specs(self) -> dict[str, str]:
        """Return the one kernel."""
        return {"python3": str(TEMPLATE)}

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return this Python as a kernel."""
        if kernel_name != "python3":
            raise NoSuchKernel(kernel_name)
        return serving.kernelspec(str(TEMPLATE))


class Server(Voila):  # type: ignore[misc]
    """Voilà with our template first, our static files, and a port that is either free or an error."""

    figures: Source | None = None  # where exports are read from
    sight: FirstSight | None = None  # what answers before a kernel can
    behind_proxy = False  # whether a proxy says where visitors come from

    @cached_property
    def event_logger(self) -> EventLogger:
        """Return the one that all kernels tell; without it each makes its own, schemas and all, and leaves a part of it behind."""
        return EventLogger()

    def setup_template_dirs(self) -> None:
        """Look into our template before Voilà's own."""
        super().setup_template_dirs()
        self.template_paths: list[str] = [str(TEMPLATE), *self.template_paths]

    def init_handlers(self) -> list[Any]:
        """Serve the page, its kernels and static files, and nothing else that Voilà could."""
        ours = [
            (rf"/{beginning.STATIC}/(.*)", StaticFileHandler, {"path": str(STATIC)}),
            *(download.routes(self.figures) if self.figures else ()),
            *(answering.routes(self.sight) if self.sight else ()),
        ]
        ours = [(url_path_join(self.base_url, pattern), *rest) for pattern, *rest in ours]
        kept = [rule for rule in super().init_handlers() if not any(part in rule[0] for part in UNSERVED)]
        *others, (pattern, _, options) = kept  # the page comes last, for it takes every address
        rules = [*map(assets.prepared, [*ours, *others]), (pattern, Visit, {**options, "sight": self.sight})]
        return [*map(quiet, rules)]

    def listen(self) -> None:
        """Serve until told to stop; kernels end with the server."""
        self.app.transforms.append(assets.PackedPages)  # the setting for it is read before Voilà applies ours
        try:
            PageServer(self.app, behind_proxy=self.behind_proxy).listen(self.port, self.ip)
        except OSError as error:
            self.stop()
            raise ServeError(_why_not(error, self.ip, self.port)) from None
        with suppress(OSError):  # a full disk under the log is no reason to serve nobody
            click.echo(f"View 3 is at http://{self.ip}:{self.port}{self.base_url}")
        self.ioloop = IOLoop.current()
        try:
            self.ioloop.start()
        except KeyboardInterrupt:
            log.info("stopped by hand")
        finally:
            self.stop()


@dataclass(frozen=True, slots=True)
class Where:
    """Where the page answers: port and host it listens on, the address viewers type where a proxy stands in front."""

    port: int = 8866
    host: str = "127.0.0.1"
    address: str = ""
    plain_http: bool = False

    @property
    def is_loopback(self) -> bool:
        """Tell whether only this machine can reach the port."""
        return self.host in LOOPBACK

    @property
    def is_encrypted(self) -> bool:
        """Tell whether viewers come through TLS."""
        return self.address.startswith("https://")

    @property
    def path(self) -> str:
        """Return the path under which the page stands, where a proxy gave it one; it begins and ends with a slash."""
        return f"/{urlsplit(self.address).path.strip('/')}/".replace("//", "/")

    def refuse_if_open(self) -> None:
        """Raise ServeError for a port that a network reaches without encryption, unless that was asked for by name."""
        if not (self.is_loopback or self.is_encrypted or self.plain_http):
            raise ServeError(
                f"On {self.host} anybody on the way could read along. Put a proxy with TLS in front and set VIEW3_ADDRESS to "
                "its https:// address, or set VIEW3_PLAIN_HTTP=yes where the network is trusted."
            )


def serve(
    where: Where, *, token: str = "", source: Source | None = None, most: int = MOST_VIEWERS, notebook: Path = NOTEBOOK
) -> None:
    """Serve View 3 until Ctrl-C or SIGTERM; raises ServeError where it cannot, or where strangers could read along.

    Kernels run in the current folder with this process's environment, but for the settings that only others need. `source`, where given, lets the server write the
    first sight of the page itself. `most` is how many may look at once.
    """
    if not notebook.is_file():
        raise ServeError(f"The page {notebook} is missing: install View 3 again.")
    where.refuse_if_open()
    if not token and not (where.is_loopback and not where.address):
        raise ServeError("Whoever knows the address could look: set VIEW3_TOKEN to a long random text first.")
    drop_secrets()  # they were read; neither a kernel nor what starts them needs one
    nursery = serving.open_nursery()
    config = _config(where, token, notebook)
    config.ViewersKernels.most = most
    serving.configure(config, nursery)
    keep_compiled()
    allow_handles(most)
    server = Server(config=config, log_level=logging.WARNING)
    server.figures = source
    server.sight = FirstSight(serving.through_reader(source, nursery)) if source else None
    server.behind_proxy = bool(where.address)
    server.tornado_settings = _tornado_settings(where)
    keep_quiet(server.log)
    server.initialize([])
    server.start()


def _config(where: Where, token: str, notebook: Path) -> Config:
    config = Config()
    config.Voila.update(
        port=where.port,
        ip=where.host,
        base_url=where.path,
        port_retries=0,
        open_browser=False,
        config_file_paths=[],  # never run a voila.py that lies in the current folder
        notebook_path=str(notebook),
        kernel_websocket_connection_class=QuietConnection,
        identity_provider_class=Doorkeeper,
        **({"token": token, "cookie_secret": cookie_secret(token)} if token else {}),
    )
    # Lax: who comes by the link in the morning's mail stays logged in; what changes anything asks for the XSRF cookie.
    config.Doorkeeper.update(base_url=where.path, secure_cookie=where.is_encrypted, cookie_options={"samesite": "Lax"})
    config.VoilaConfiguration.update(
        strip_sources=True,
        show_tracebacks=False,
        allow_template_override="NO",
        allow_theme_override="NO",
        file_allowlist=[],
        extension_denylist=UNUSED,
        kernel_spec_manager_class=OneKernel,
        multi_kernel_manager_class=ViewersKernels,
        prelaunch_hook=_before_kernel,
        resources={"view3_link": script("link.js")},
    )
    config.VoilaExecutor.iopub_timeout = OUTPUT_MAY_TAKE
    config.MappingKernelManager.update(
        cull_idle_timeout=180, cull_interval=30, buffer_offline_messages=False, root_dir=str(Path.cwd())
    )
    return config


def _before_kernel(handler: Page, notebook: Any, cwd: str) -> None:  # noqa: ARG001 - named by Voilà
    """Have the visit's kernel take its place: from here to the kernel's start nothing else runs."""
    handler.kernel_manager.seat_next(handler.place)


def _tornado_settings(where: Where) -> dict[str, Any]:
    return {
        "headers": {
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",  # without any, browsers post the form from nowhere, and it is refused
        },
        # Behind a proxy the one name viewers type is let through; on a trusted network they may type any.
        "allow_remote_access": not where.is_loopback and not where.address,
        "local_hostnames": ["localhost", *filter(None, [urlsplit(where.address).hostname])],
        "websocket_max_message_size": LARGEST_MESSAGE,
        "websocket_compression_options": {},
        "log_function": log_failure,
    }


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is taken: stop what listens there, or choose another with --port."
    return f"Cannot listen on {host}:{port}: {error.strerror}."
