"""A small client of Airflow's REST API on loopback."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

TIMEOUT_SECONDS = 60
TRIES = 5  # of a read: on a busy machine the database may be locked for a moment


class ApiError(Exception):
    """The api-server did not answer, or refused; ``status`` is 0 when it did not answer."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class Api:
    """GET, POST and PATCH below ``/api/v2``."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.token = ""
        # A proxy of the environment has no business on loopback.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def log_in(self) -> None:
        """Take a token, which the all-admins setting gives to anybody on this machine."""
        self.token = self._send("GET", f"{self.base}/auth/token")["access_token"]

    def get(self, path: str, **query: object) -> Any:
        """Read."""
        asked = f"?{urllib.parse.urlencode(query, doseq=True)}" if query else ""
        for left in reversed(range(TRIES)):
            try:
                return self._send("GET", f"{self.base}/api/v2{path}{asked}")
            except ApiError as error:
                if not left or 0 < error.status < 500:
                    raise
                time.sleep(1)
        raise AssertionError("the last try returns or raises")

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Create."""
        return self._send("POST", f"{self.base}/api/v2{path}", body)

    def patch(self, path: str, body: dict[str, Any]) -> Any:
        """Change."""
        return self._send("PATCH", f"{self.base}/api/v2{path}", body)

    @staticmethod
    def quote(name: str) -> str:
        """A name as one segment of a path."""
        return urllib.parse.quote(name, safe="")

    def _send(self, method: str, url: str, body: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(url, method=method, headers=self._headers())  # noqa: S310  http on loopback
        if body is not None:
            request.data = json.dumps(body).encode()
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as response:
                return json.loads(response.read() or b"null")
        except urllib.error.HTTPError as error:
            detail = error.read().decode(errors="replace")[:500]
            raise ApiError(f"{method} {url}: {error.code} {detail}", error.code) from None
        except OSError as error:
            raise ApiError(f"{method} {url}: {error}") from None

    def _headers(self) -> dict[str, str]:
        bearer = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return {"Content-Type": "application/json", "Accept": "application/json", **bearer}
