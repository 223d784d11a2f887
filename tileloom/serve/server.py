"""The HTTP server of ``tileloom serve``: a page, what it should know, and answers to pictures.

It talks to browsers on this machine only, unless it is told to listen elsewhere: a request must name one of the hosts
that the server has, so that a page of somebody else, whose name was made to lead here, gets nothing.
"""

import ipaddress
import json
import random
from dataclasses import asdict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from tileloom.compiler.problems import ModelError
from tileloom.document import plain
from tileloom.fpga.board_error import BoardError
from tileloom.hw.spec.registers import CAUSE_TEXTS, Cause
from tileloom.models.digits import held_out
from tileloom.serve.player import Player

FOLDER = Path(__file__).with_name("page")
FILES = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
}
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
PATIENCE_SECONDS = 30
"""A browser that sends nothing for so long is given up."""


class PageServer(ThreadingHTTPServer):
    """Serves one player until it is shut down.

    Parameters
    ----------
    address : host and port; port 0 takes a free one
    title : of the page
    labels : names of the classes, for outputs of as many values
    """

    daemon_threads = True

    def __init__(self, address: tuple[str, int], player: Player, title: str, labels: tuple[str, ...]) -> None:
        self.player = player
        self.labels = labels
        self.title = title
        super().__init__(address, Handler)
        self.hosts = {"localhost", "127.0.0.1", "::1", address[0]}

    @property
    def url(self) -> str:
        """Where a browser finds the page."""
        host, port = self.server_address[:2]
        return f"http://{host if isinstance(host, str) else host.decode()}:{port}/"

    def facts(self) -> dict[str, Any]:
        """What the page should know."""
        player, door = self.player, self.player.door
        return {
            "title": self.title,
            "channels": door.channels,
            "height": door.height,
            "width": door.width,
            "ink": door.is_ink,
            "seen": {"height": player.tensor.height, "width": player.tensor.width, "channels": player.tensor.channels},
            "labels": self.labels,
            "engine": player.machine.name,
            "kind": str(player.machine.kind),
            "clock_hz": player.made.program.target.clock_hz,
            "causes": {cause.name.lower(): CAUSE_TEXTS[cause] for cause in Cause},
            "samples": door.is_digit,
        }


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: PageServer
    protocol_version = "HTTP/1.1"
    timeout = PATIENCE_SECONDS

    def do_GET(self) -> None:
        """The page's files, its facts, a held-out digit."""
        if not self._is_ours():
            return
        path = urlsplit(self.path).path
        if path in FILES:
            name, kind = FILES[path]
            self._send(HTTPStatus.OK, (FOLDER / name).read_bytes(), kind)
        elif path == "/facts":
            self._send_json(HTTPStatus.OK, self.server.facts())
        elif path == "/sample" and self.server.player.door.is_digit:
            digits = held_out()
            number = random.randrange(len(digits.labels))
            values = np.ravel(digits.images[number]).tolist()
            self._send_json(HTTPStatus.OK, {"number": number, "label": int(digits.labels[number]), "values": values})
        else:
            self._send_json(HTTPStatus.NOT_FOUND, {"error": f"there is nothing at {path}"})

    def do_POST(self) -> None:
        """A picture: float32 values, little-endian, channel by channel; ``/input`` takes the network's own input."""
        path = urlsplit(self.path).path
        if not self._is_ours():
            return
        if path not in ("/picture", "/input"):
            self._refuse(HTTPStatus.NOT_FOUND, f"there is nothing at {path}")
            return
        player = self.server.player
        drawn = path == "/picture"
        place = player.door if drawn else player.tensor
        shape = (place.channels, place.height, place.width)
        size = 4 * shape[0] * shape[1] * shape[2]
        length = self.headers.get("Content-Length", "")
        if length != str(size):
            self._refuse(
                HTTPStatus.BAD_REQUEST, f"a picture must have {size} bytes, not {length or 'an unknown number'}"
            )
            return
        values = np.frombuffer(self.rfile.read(size), "<f4").reshape(shape)
        if not np.all((values >= 0) & (values <= 1)):
            self._send_json(HTTPStatus.BAD_REQUEST, {"error": "values must be from 0 to 1"})
            return
        try:
            answer = player.answer(values, drawn)
        except (BoardError, ModelError) as error:
            self._send_json(HTTPStatus.SERVICE_UNAVAILABLE, {"error": str(error)})
            return
        self._send_json(HTTPStatus.OK, asdict(answer))

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a page asks often."""

    def _is_ours(self) -> bool:
        """Whether the request names this server, and comes from its own page; anything else is refused."""
        host = urlsplit(f"//{self.headers.get('Host', '')}").hostname
        origin = self.headers.get("Origin")
        if host in self.server.hosts and (origin is None or urlsplit(origin).netloc == self.headers.get("Host")):
            return True
        self._refuse(HTTPStatus.FORBIDDEN, "this server answers its own page only")
        return False

    def _refuse(self, status: HTTPStatus, text: str) -> None:
        """An error before the body was read: the connection cannot go on."""
        self.close_connection = True
        self._send_json(status, {"error": text})

    def _send_json(self, status: HTTPStatus, value: Any) -> None:
        self._send(status, json.dumps(plain(value), allow_nan=False).encode(), "application/json")

    def _send(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, "Content-Type": kind, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
