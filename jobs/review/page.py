"""The review page: on this machine only, under a random address, for one sitting of a cleared steward.

It listens on the loopback address. Its address holds a secret; the browser must name this host, so that no other site
can lead here by its own name; a form carries a second secret. It fetches nothing, keeps nothing and logs nothing.
"""

import hmac
import secrets
from datetime import date
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from jobs.core.errors import JobError
from jobs.core.settings import Settings
from jobs.link.decisions import DIFFERENT, SAME
from jobs.review.decide import decide
from jobs.review.queue import Item, open_items
from jobs.review.sides import sides
from jobs.why import words

HOST = "127.0.0.1"
MAX_FORM = 4_096  # bytes
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Content-Type": "text/html; charset=utf-8",
}
TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Review(ThreadingHTTPServer):
    """The server of one sitting."""

    daemon_threads = True

    def __init__(self, settings: Settings, port: int = 0) -> None:
        super().__init__((HOST, port), Handler)
        self.settings = settings
        self.secret, self.form_secret = secrets.token_urlsafe(24), secrets.token_urlsafe(24)

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://{HOST}:{self.server_address[1]}"

    @property
    def address(self) -> str:
        """Where the page is; whoever has it can decide, so it is shown once and written nowhere."""
        return f"{self.origin}/{self.secret}/fr"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A failure of one request says nothing: its message may quote a trait."""


class Handler(BaseHTTPRequestHandler):
    """``/<secret>/<language>`` the queues, ``/<secret>/<language>/<item>`` both sides of an item."""

    server: Review

    def do_GET(self) -> None:
        """Show the queues or an item."""
        place = self.place()
        if place is None:
            self.refuse(HTTPStatus.NOT_FOUND)
        elif place[1] is None:
            self.queues(place[0])
        else:
            self.item(place[0], place[1])

    def do_POST(self) -> None:
        """Take a decision in and go back to the queues; a refused one is shown with its reason."""
        place, form = self.place(), self.form()
        if place is None or place[1] is None:
            self.refuse(HTTPStatus.NOT_FOUND)
        elif not self.own_form(form):
            self.refuse(HTTPStatus.FORBIDDEN)
        else:
            self.decide(place[0], place[1], form)

    def place(self) -> tuple[str, str | None] | None:
        """Language and item of the address; None unless secret and host are right."""
        parts = self.path.split("?")[0].strip("/").split("/")
        host = self.headers.get("Host", "")
        right = hmac.compare_digest(parts[0].encode(), self.server.secret.encode())
        if not right or host != f"{HOST}:{self.server.server_address[1]}" or len(parts) not in (2, 3):
            return None
        return (parts[1], parts[2] if len(parts) == 3 else None) if parts[1] in ("fr", "en") else None

    def form(self) -> dict[str, str]:
        """The fields of a form; none when it is too large."""
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > MAX_FORM:
            return {}
        return {
            name: value[-1] for name, value in parse_qs(self.rfile.read(int(length)).decode("utf-8", "replace")).items()
        }

    def own_form(self, form: dict[str, str]) -> bool:
        """Whether a form is one of this page's: its secret, and no other site as its origin."""
        secret = hmac.compare_digest(form.get("secret", "").encode(), self.server.form_secret.encode())
        return secret and self.headers.get("Origin", self.server.origin) == self.server.origin

    def queues(self, language: str, told: str = "", status: HTTPStatus = HTTPStatus.OK) -> None:
        """Both queues."""
        self.show("queues.html.j2", language, status, items=open_items(self.server.settings), told=told)

    def item(self, language: str, name: str, told: str = "", status: HTTPStatus = HTTPStatus.OK) -> None:
        """Both sides of an item; the queues when it is settled."""
        found = self.find(name)
        if found is None:
            self.queues(language)
            return
        policy = self.server.settings.policy["linkage"]
        both = sides(self.server.settings, found)
        self.show("item.html.j2", language, status, item=found, sides=both, policy=policy, told=told)

    def find(self, name: str) -> Item | None:
        """An open item by its number."""
        return next((one for one in open_items(self.server.settings) if one.item_id == name), None)

    def decide(self, language: str, name: str, form: dict[str, str]) -> None:
        """Write a decision about the oldest subjects of both sides."""
        found, kind = self.find(name), form.get("kind", "")
        if found is None:
            self.queues(language)
            return
        try:
            ends = (found.left[0], found.right[0])
            if kind not in (SAME, DIFFERENT):
                kind = ""
            decide(self.server.settings, kind, *ends, form.get("role", ""), form.get("reason", ""), date.today())
        except JobError as error:
            self.item(language, name, str(error), HTTPStatus.CONFLICT)
            return
        self.send_response(HTTPStatus.SEE_OTHER)
        self.send_header("Location", f"/{self.server.secret}/{language}")
        self.end_headers()

    def show(self, template: str, language: str, status: HTTPStatus, **content: Any) -> None:
        """Answer with a page."""
        place = ("fr", "en").index(language)
        page = TEMPLATES.get_template(template).render(
            language=language,
            other=("en", "fr")[place],
            t=lambda french, english: (french, english)[place],
            word=lambda name, key: getattr(words, name).get(key, (key, key))[place],
            root=f"/{self.server.secret}",
            secret=self.server.form_secret,
            path=self.path.strip("/").split("/")[2:],
            **content,
        )
        self.answer(status, page.encode())

    def refuse(self, status: HTTPStatus) -> None:
        """Answer with nothing but the status."""
        self.answer(status, b"")

    def answer(self, status: HTTPStatus, body: bytes) -> None:
        """Send a body with the headers that keep it here."""
        self.send_response(status)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: the address is a secret."""
