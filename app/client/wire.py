"""Sends requests, and sends them again where that is safe, after growing random pauses."""

import functools
import random
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Any, BinaryIO
from uuid import uuid4

import httpx

from app.client.errors import NotReached, refusal

LONGEST = 30.0
"""Seconds: no pause is longer, whatever Retry-After says."""

BUSY = (429, 503)
"""Nothing was done: any request may be sent again."""
LOST = (502, 504)
"""From a proxy, which does not know whether it was done."""
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout)


@dataclass
class Wire:
    """A connection to one address. `tries`: how often a request is sent at most. `pause`: the
    longest first pause in seconds; the next may each be twice as long."""

    url: str
    token: str | None
    tries: int
    pause: float

    def __post_init__(self) -> None:
        """ValueError where the address or the token cannot be one."""
        try:
            address = httpx.URL(self.url)
        except httpx.InvalidURL:
            address = httpx.URL("")
        if address.scheme not in ("http", "https") or not address.host:
            raise ValueError("the address must begin with http:// or https:// and name a host")
        if address.userinfo:
            raise ValueError("an address with a password in it is soon in a log: give a token")
        if self.token and not (self.token.isascii() and self.token.isprintable()):
            raise ValueError("the token has characters that no token has")
        self._http = httpx.Client(
            base_url=address,
            headers={"Authorization": f"Bearer {self.token}"} if self.token else {},
            timeout=httpx.Timeout(30, connect=10),
            verify=_certificates(),
            trust_env=not loopback(address.host),  # a proxy in the environment is for elsewhere
        )

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        content: Callable[[], Iterable[bytes]] | None = None,
        timeout: httpx.Timeout | None = None,
        into: BinaryIO | None = None,
    ) -> httpx.Response:
        """The answer, where it is a success or 304; else a TrackerError.

        `content` is called for each try. `into`: a file that the body of a success is written to,
        from its beginning.
        """
        carried = dict(headers or {})
        if method == "POST":
            carried.setdefault("Idempotency-Key", str(uuid4()))
        twice = method == "GET" or "Idempotency-Key" in carried
        known = {name: value for name, value in (params or {}).items() if value is not None}
        for number in range(1, self.tries + 1):
            try:
                request = self._http.build_request(
                    method,
                    path,
                    params=known or None,
                    json=json,
                    headers=carried,
                    content=content() if content else None,
                    timeout=timeout or httpx.USE_CLIENT_DEFAULT,
                )
                response = self._once(request, into)
            except httpx.HTTPError as error:
                if number == self.tries or not (twice or isinstance(error, NEVER_SENT)):
                    raise NotReached(f"{self.url}: {_reason(error)}") from error
                time.sleep(self._pause(number))
                continue
            if response.is_success or response.status_code == 304:
                return response
            again = response.status_code in (BUSY + LOST if twice else BUSY)
            if number == self.tries or not again:
                raise refusal(response)
            time.sleep(self._pause(number, response.headers.get("Retry-After")))
        raise ValueError("a request is sent at least once")

    def close(self) -> None:
        self._http.close()

    def _once(self, request: httpx.Request, into: BinaryIO | None) -> httpx.Response:
        response = self._http.send(request, stream=True)
        try:
            if into is None or not response.is_success:
                response.read()
            else:
                into.seek(0)
                into.truncate()
                for part in response.iter_bytes():
                    into.write(part)
        finally:
            response.close()
        return response

    def _pause(self, number: int, asked: str | None = None) -> float:
        """Full jitter, so that many who were refused at once do not come back at once."""
        most = min(LONGEST, self.pause * 2 ** (number - 1))
        spread = random.uniform(0, most)  # noqa: S311 - spreads, hides nothing
        return min(LONGEST, _seconds(asked) + spread)


def loopback(host: str) -> bool:
    """Is it this machine?"""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


@functools.cache
def _certificates() -> ssl.SSLContext:
    """What this machine trusts, which includes an organisation's own authority."""
    return ssl.create_default_context()


def _seconds(asked: str | None) -> float:
    """Retry-After: seconds or a moment. What is neither asks for nothing."""
    if not asked:
        return 0
    if asked.isascii() and asked.strip().isdigit():
        return float(asked)
    try:
        moment = parsedate_to_datetime(asked)
    except ValueError:
        return 0
    return max(0.0, (moment.astimezone(UTC) - datetime.now(UTC)).total_seconds())


def _reason(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.ConnectTimeout):
        return "nothing answers there"
    if isinstance(error, httpx.TimeoutException):
        return "no answer came in time"
    if isinstance(error, httpx.ConnectError):
        return f"nothing answers there ({error})"
    return "the connection broke off"
