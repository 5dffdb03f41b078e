"""Who may look: one shared token, asked for in a form or a header, with log-ins that end when it changes."""

import asyncio
import hashlib
import hmac
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.auth.identity import IdentityProvider, User
from jupyter_server.auth.login import LoginFormHandler
from jupyter_server.auth.logout import LogoutHandler
from markupsafe import Markup
from tornado.web import HTTPError, authenticated
from traitlets import Unicode
from voila.tornado.handler import TornadoVoilaHandler

from analytics.dashboard.beginning import beginning
from analytics.dashboard.documents import document
from analytics.dashboard.first_sight import FirstSight

PER_ADDRESS: Final = 10  # wrong tokens a minute from one address, then none is looked at
ALTOGETHER: Final = 100
MINUTE: Final = 60
INVALID: Final = "Invalid credentials"  # what the library says of a wrong one


class Patience:
    """Counts wrong tokens per address within a minute; what it remembers is gone with the minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._minute = -1
        self._wrong: Counter[str] = Counter()

    def is_over(self, address: str) -> bool:
        """Tell whether an address, or all of them together, guessed wrong too often."""
        self._turn()
        return self._wrong[address] >= PER_ADDRESS or self._wrong.total() >= ALTOGETHER

    def count(self, address: str) -> None:
        """Remember a wrong token."""
        self._turn()
        self._wrong[address] += 1

    def _turn(self) -> None:
        minute = int(self._clock() // MINUTE)
        if minute != self._minute:
            self._minute = minute
            self._wrong.clear()


class Doorkeeper(IdentityProvider):
    """Knows who was let in; without a token everybody is."""

    base_url = Unicode("/", help="where the page stands").tag(config=True)
    patience = Patience()

    @property
    def auth_enabled(self) -> bool:
        """Tell whether a token is asked for."""
        return bool(self.token)

    def knows(self, typed: str) -> bool:
        """Tell whether this is the token, in a time that does not depend on how much of it is right."""
        return bool(typed) and hmac.compare_digest(typed.encode(), str(self.token).encode())

    async def get_user_token(self, handler: Any) -> User | None:
        """Return a user for a request whose header or address carries the token; count one that carries a wrong one."""
        typed, address = self.get_token(handler), handler.request.remote_ip
        if not typed or not self.token or self.patience.is_over(address):
            return None
        if not self.knows(typed):
            self.patience.count(address)
            return None
        user: User | None = self.get_user_cookie(handler)  # type: ignore[assignment]
        return user or self.generate_anonymous_user(handler)

    def get_handlers(self) -> list[tuple[str, object]]:
        """Return our form, and the way out, where a token is asked for."""
        return [(f"{self.base_url}login", LogIn), (f"{self.base_url}logout", LogOut)] if self.auth_enabled else []

    def process_login_form(self, handler: Any) -> User | None:
        """Return a user where the form carries the token."""
        return self.generate_anonymous_user(handler) if self.knows(handler.get_body_argument("password", "")) else None


class LogIn(LoginFormHandler):
    """The form that asks for the token."""

    @allow_unauthenticated
    def post(self) -> None:
        """Let in whoever knows the token; after too many wrong ones none is looked at for the rest of the minute."""
        patience, address = Doorkeeper.patience, str(self.request.remote_ip)
        if patience.is_over(address):
            self.set_status(429)
            self.set_header("Retry-After", str(MINUTE))
            self._render({"error": "Too many wrong tokens. Please try again in a minute."})
            return
        super().post()  # type: ignore[no-untyped-call]
        if self.get_status() == 401:  # noqa: PLR2004 - HTTP's own
            patience.count(address)

    def _render(self, message: dict[str, str] | None = None) -> None:
        """Write the form; the address the visitor wanted stays in the form's own."""
        told = message["error"] if message else ""
        self.write(
            document(
                "log_in.html",
                wanted=urlencode({"next": self.get_query_argument("next", self.base_url)}),
                told="That is not the token. Please try again." if told == INVALID else told,
                xsrf=Markup(self.xsrf_form_html()),  # noqa: S704 (the library's own element)
            )
        )


class LogOut(LogoutHandler):
    """The way out."""

    @allow_unauthenticated
    def get(self) -> None:
        """Forget the visitor and show the form again."""
        self.identity_provider.clear_login_cookie(self)
        self.redirect(f"{self.base_url}login")


class Page(TornadoVoilaHandler):  # type: ignore[misc]
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
        self.place = self.kernel_manager.take_place()  # before the database is asked for anything
        try:
            await self._begin()
            await super().get(path)
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


def _without_token(path: str, query: str) -> str:
    kept = urlencode([(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name != "token"])
    return f"{path}?{kept}" if kept else path
