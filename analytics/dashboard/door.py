"""Who may look: one shared token, asked for in a form or a header, with log-ins that end when it changes."""

import asyncio
import hashlib
import hmac
import time
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.auth.identity import IdentityProvider, User
from jupyter_server.auth.login import LoginFormHandler
from jupyter_server.auth.logout import LogoutHandler
from markupsafe import Markup
from tornado.httputil import HTTPServerRequest
from tornado.web import HTTPError, authenticated
from traitlets import Unicode
from voila.tornado.handler import TornadoVoilaHandler

from analytics.dashboard.beginning import beginning
from analytics.dashboard.documents import document
from analytics.dashboard.errors import QuietErrors
from analytics.dashboard.first_sight import FirstSight

PER_ADDRESS: Final = 10  # wrong tokens a minute from one address are answered at once
SLOWED: Final = 2.0  # seconds that every further one waits for its answer
MINUTE: Final = 60
SITE: Final = 64  # bits: whoever has one IPv6 address has the others that begin like it
WRONG: Final = "That is not the token. Please try again."
TOO_MANY: Final = "Too many wrong tokens came from your address. Please try again in a minute."


class RateLimiter:
    """Counts wrong tokens per address; a minute after the first of them an address begins at nought again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._swept = clock()
        self._wrong: dict[str, tuple[float, int]] = {}

    def is_over(self, address: str) -> bool:
        """Count a wrong token and tell whether its address guesses too often."""
        now, place = self._clock(), site(address)
        if now - self._swept >= MINUTE:
            self._swept = now
            self._wrong = {known: at for known, at in self._wrong.items() if now - at[0] < MINUTE}
        began, wrong = self._wrong.get(place, (now, 0))
        if now - began >= MINUTE:
            began, wrong = now, 0
        self._wrong[place] = began, wrong + 1
        return wrong >= PER_ADDRESS


def site(address: str) -> str:
    """Return the part of an address that its owner cannot choose: all of IPv4, half of IPv6."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if known.version == 4:  # noqa: PLR2004 - IP's own
        return str(known)
    return str(known.ipv4_mapped or ip_network((int(known), SITE), strict=False))


class Doorkeeper(IdentityProvider):
    """Knows who was let in; without a token everybody is."""

    base_url = Unicode("/", help="where the page stands").tag(config=True)
    limiter = RateLimiter()

    @property
    def auth_enabled(self) -> bool:
        """Tell whether a token is asked for."""
        return bool(self.token)

    def knows(self, typed: str) -> bool:
        """Tell whether this is the token, in a time that does not depend on how much of it is right."""
        return bool(typed) and hmac.compare_digest(typed.encode(), str(self.token).encode())

    async def get_user_token(self, handler: Any) -> User | None:
        """Return a user for a request with the token; slow down one that guesses and is not logged in."""
        typed = self.get_token(handler)
        if not typed or not self.token:
            return None
        user: User | None = self.get_user_cookie(handler)  # type: ignore[assignment]
        if self.knows(typed):
            return user or self.generate_anonymous_user(handler)
        if user is None and await self.is_guessing(handler):
            raise HTTPError(429, reason=TOO_MANY)
        return None

    async def is_guessing(self, handler: Any) -> bool:
        """Count a wrong token; where its address sent too many, return True after a pause.

        The right token is never counted and never waits, whoever else guesses from the same address: what protects a
        token is its length, and the pause keeps guessing from costing the other visitors anything.
        """
        if not self.limiter.is_over(str(handler.request.remote_ip)):
            return False
        await asyncio.sleep(SLOWED)
        return True

    def get_handlers(self) -> list[tuple[str, object]]:
        """Return our form, and the way out, where a token is asked for."""
        return [(f"{self.base_url}login", LogIn), (f"{self.base_url}logout", LogOut)] if self.auth_enabled else []

    def process_login_form(self, handler: Any) -> User | None:
        """Return a user where the form carries the token."""
        return self.generate_anonymous_user(handler) if self.knows(handler.get_body_argument("password", "")) else None


class LogIn(LoginFormHandler):
    """The form that asks for the token."""

    @allow_unauthenticated
    async def post(self) -> None:
        """Let in a visitor with the token; slow down one that guesses."""
        door: Doorkeeper = self.identity_provider  # type: ignore[assignment]
        if door.knows(self.get_body_argument("password", "")):
            super().post()  # type: ignore[no-untyped-call]
            return
        is_guessing = await door.is_guessing(self)
        self.set_status(429 if is_guessing else 401)
        if is_guessing:
            self.set_header("Retry-After", str(MINUTE))
        self._render({"error": TOO_MANY if is_guessing else WRONG})

    def _render(self, message: dict[str, str] | None = None) -> None:
        """Write the form; the address the visitor wanted stays in the form's own."""
        self.write(
            document(
                "log_in.html",
                wanted=urlencode({"next": self.get_query_argument("next", self.base_url)}),
                told=message["error"] if message else "",
                xsrf=Markup(self.xsrf_form_html()),  # noqa: S704 (the library's own element)
            )
        )

    def _redirect_safe(self, url: str, default: str | None = None) -> None:  # noqa: ARG002 (the library's signature)
        """Send the visitor to an address of this page and no other."""
        self.redirect(url if is_inside(url, self.base_url) else self.base_url)


class LogOut(LogoutHandler):
    """The way out."""

    @allow_unauthenticated
    def get(self) -> None:
        """Forget the visitor and show the form again."""
        self.identity_provider.clear_login_cookie(self)
        self.redirect(f"{self.base_url}login")


class Page(QuietErrors, TornadoVoilaHandler):  # type: ignore[misc]
    """The page; a token in the address of a browser becomes a cookie and leaves the address."""

    place: Any  # among the viewers
    _left = False

    def initialize(self, sight: FirstSight | None, **options: Any) -> None:
        """Keep who writes the first sight, if anybody does."""
        super().initialize(**options)
        self._sight = sight

    @authenticated
    async def get(self, path: str | None = None) -> None:
        """Send the page, or the browser to the same address without its token."""
        if path:  # one page is served; whatever else is asked for is not there
            raise HTTPError(404)
        if self.get_query_argument("token", "") and self.request.headers.get("Sec-Fetch-Mode") == "navigate":
            self.identity_provider.set_login_cookie(self, self.current_user)
            self.redirect(_without_token(self.request.path, self.request.query))
            return
        _forget_token(self.request)
        self.place = self.kernel_manager.take_place()  # before the database is asked for anything
        try:
            await self._begin()
            await super().get(path)  # type: ignore[misc]
        finally:
            await self.kernel_manager.give_back(self.place, left=self._left)

    def on_connection_close(self) -> None:
        """Remember that the visitor left before the page was whole, which names its kernel."""
        self._left = True

    async def _begin(self) -> None:
        """Send the first sight at once; a kernel takes several times as long."""
        sight = ""
        if self._sight is not None:  # in a thread: a slow database keeps this visitor waiting and no other
            sight = await asyncio.to_thread(self._sight.html, self.request.query)
        _ = self.xsrf_token  # a cookie, with which a closing tab may end its kernel
        self.set_header("Cache-Control", "no-store")
        self.write(beginning(self.base_url, sight))
        self.flush()


def cookie_secret(token: str) -> bytes:
    """Return what log-ins are signed with: it outlives a restart and changes with the token, which is slow to guess from it."""
    return hashlib.scrypt(token.encode(), salt=b"view3 log-ins", n=2**14, r=8, p=1, dklen=32)


def is_inside(url: str, base_url: str) -> bool:
    """Tell whether an address is a plain path below the page's; a browser reads // and a backslash as another host."""
    return url.startswith(base_url) and not url.startswith("//") and "\\" not in url and url.isprintable()


def _forget_token(request: HTTPServerRequest) -> None:
    """Keep the token out of the kernel's environment, which has the page's address."""
    request.uri = _without_token(request.path, request.query)
    request.query = request.uri.partition("?")[2]


def _without_token(path: str, query: str) -> str:
    kept = urlencode([(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name != "token"])
    return f"{path}?{kept}" if kept else path
