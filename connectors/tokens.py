"""OAuth in a few lines: an access token that is asked for once, kept while it lives, and asked for anew when refused."""

import time
from base64 import b64encode
from collections.abc import Callable, Generator, Mapping
from datetime import datetime

import httpx2

from connectors.contract import UnreadablePayloadError, VendorError
from connectors.payload import Fields, parse
from connectors.web import BUSY, BusyError, again_at

MARGIN = 60.0  # seconds before its end at which a token is no longer used
UNAUTHORISED = 401


class Bearer(httpx2.Auth):
    """Adds an access token, got by posting `form` to `address`; `account` is a pair of user and password for that, if any.

    `hint` ends the sentence told where the vendor gives no token: which settings to look at.
    """

    def __init__(
        self,
        *,
        vendor: str,
        address: str,
        form: Mapping[str, str],
        hint: str,
        clock: Callable[[], datetime],
        account: tuple[str, str] | None = None,
    ) -> None:
        self.vendor, self.address, self.form, self.hint = vendor, address, dict(form), hint
        self.clock, self.account = clock, account
        self._token, self._ends = "", 0.0

    def sync_auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Send the request with the token; with a new one, once, where that is refused."""
        if not self._token or time.monotonic() > self._ends:
            yield from self._renewed()
        request.headers["Authorization"] = f"Bearer {self._token}"
        response = yield request
        if response.status_code == UNAUTHORISED:
            yield from self._renewed()
            request.headers["Authorization"] = f"Bearer {self._token}"
            yield request

    def _renewed(self) -> Generator[httpx2.Request, httpx2.Response, None]:
        self._token = ""
        request = httpx2.Request("POST", self.address, data=self.form)
        if self.account:
            request.headers["Authorization"] = f"Basic {b64encode(':'.join(self.account).encode()).decode()}"
        response = yield request
        response.read()
        self._token, lives = self._read(response)
        self._ends = time.monotonic() + max(lives - MARGIN, 0)

    def _read(self, response: httpx2.Response) -> tuple[str, float]:
        headers = dict(response.headers)
        if response.status_code in BUSY:
            sentence = f"{self.vendor} gives no access token now ({response.status_code})."
            raise BusyError(sentence, again_at=again_at(headers, self.clock()))
        try:
            told = Fields(parse(response.content))
            token, lives = told.text("access_token"), told.integer("expires_in") or 0
        except UnreadablePayloadError:
            token, lives = "", 0
        if not response.is_success or not token:
            raise VendorError(f"{self.vendor} gives no access token ({response.status_code}): {self.hint}")
        return token, float(lives)
