"""The server behind the page: right answers, and refusals of whatever is none of its page's business."""

import http.client
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest

from tests.face.command import tileloom
from tests.serve.serving import serving
from tileloom.compiler.problems import ModelError
from tileloom.fpga.board_error import BoardError
from tileloom.models.benchmark_networks import resnet8
from tileloom.models.digits import held_out
from tileloom.serve.picture import CANVAS, digit
from tileloom.serve.player import BoardMachine
from tileloom.serve.server import PageServer, is_loopback
from tileloom.verbs.serve import page_server


@pytest.fixture(scope="module")
def server() -> Iterator[PageServer]:
    """The digits network on the small machine, simulated."""
    with serving("digits_modern", target="small") as found:
        yield found


def ask(
    server: PageServer, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, Any], http.client.HTTPMessage]:
    """Status, JSON and headers of an answer."""
    host, port = server.server_address[:2]
    connection = http.client.HTTPConnection(str(host), int(port), timeout=30)
    try:
        connection.request(method, path, body, headers)
        reply = connection.getresponse()
        text = reply.read()
        return reply.status, json.loads(text) if "json" in str(reply.getheader("Content-Type")) else {}, reply.headers
    finally:
        connection.close()


def bytes_of(values: npt.NDArray[np.floating]) -> bytes:
    """As the page sends them."""
    return values.astype("<f4").tobytes()


def test_held_out_digits(server: PageServer) -> None:
    """The network's own inputs: scores, cycles and stalls are those of ``simulate``."""
    expected = tileloom("simulate", "digits_modern", "--target", "small", "--json", "-").document
    digits = held_out()
    right = 0
    for number in range(20):
        status, answer, _ = ask(server, "POST", "/input", bytes_of(digits.images[number]))
        assert status == 200
        (scores,) = answer["outputs"].values()
        right += int(np.argmax(scores)) == digits.labels[number]
        assert answer["cycles"] == expected["cycles"]
        assert answer["latency_s"] == pytest.approx(expected["latency_s"])
        assert sum(answer["stall_cycles"].values()) == answer["cycles"]
        assert answer["seconds"] > 0
    assert right >= 19


def test_drawings(server: PageServer) -> None:
    """Held-out digits drawn small, anywhere on the sheet, are known nearly as well as they are themselves."""
    digits, random_ = held_out(), np.random.default_rng(5)
    right = 0
    for number in range(60):
        sheet = np.zeros((1, CANVAS, CANVAS), np.float32)
        top, left = random_.integers(0, CANVAS - 64, 2)
        sheet[0, top : top + 64, left : left + 64] = np.kron(digits.images[number, 0], np.ones((2, 2), np.float32))
        status, answer, _ = ask(server, "POST", "/picture", bytes_of(sheet))
        assert status == 200 and len(answer["seen"]) == 32 * 32
        (scores,) = answer["outputs"].values()
        right += int(np.argmax(scores)) == digits.labels[number]
    assert right >= 51, f"{right} of 60"


def test_a_digit_fills_its_square() -> None:
    """Wherever and however large it is drawn; an empty sheet stays empty."""
    sheet = np.zeros((CANVAS, CANVAS), np.float32)
    assert not digit(sheet).any()
    sheet[10:42, 70:78] = 1
    moved = np.roll(sheet, (50, -60), (0, 1))
    np.testing.assert_array_equal(digit(sheet), digit(moved))
    np.testing.assert_array_equal(digit(sheet)[0], digit(sheet)[0, :, ::-1])
    assert digit(sheet)[0, :, 15].min() == 1 and not digit(sheet)[0, :, :8].any()


def test_facts_and_sample(server: PageServer) -> None:
    """What the page is made of."""
    _, facts, _ = ask(server, "GET", "/facts")
    assert (facts["height"], facts["channels"], facts["ink"], facts["kind"]) == (CANVAS, 1, True, "simulated")
    assert facts["labels"] == list("0123456789")
    _, sample, _ = ask(server, "GET", "/sample")
    assert held_out().labels[sample["number"]] == sample["label"]
    status, _, headers = ask(server, "GET", "/")
    assert status == 200 and "default-src 'self'" in str(headers["Content-Security-Policy"])


@pytest.mark.parametrize(
    ("method", "path", "size", "headers", "status"),
    [
        ("GET", "/../server.py", None, {}, 404),
        ("GET", "/etc/passwd", None, {}, 404),
        ("POST", "/elsewhere", 4, {}, 404),
        ("POST", "/picture", 4 * CANVAS * CANVAS - 1, {}, 400),
        ("POST", "/picture", 4 * CANVAS * CANVAS, {"Content-Length": "999999999999"}, 400),
        ("POST", "/picture", 4 * CANVAS * CANVAS, {"Content-Length": "-1"}, 400),
        ("GET", "/facts", None, {"Host": "evil.example"}, 403),
        ("POST", "/picture", 4 * CANVAS * CANVAS, {"Host": "evil.example:8377"}, 403),
        ("POST", "/picture", 4 * CANVAS * CANVAS, {"Origin": "https://evil.example"}, 403),
        ("DELETE", "/facts", None, {}, 501),
    ],
)
def test_refused_requests(
    server: PageServer, method: str, path: str, size: int | None, headers: dict[str, str], status: int
) -> None:
    """Nothing outside the page, nothing of the wrong size, nobody else's page; and the server goes on."""
    before = server.player.frames
    found, _, _ = ask(server, method, path, None if size is None else bytes(size), **headers)
    assert found == status
    assert server.player.frames == before
    assert ask(server, "GET", "/facts")[0] == 200


@pytest.mark.parametrize("value", [np.nan, np.inf, -0.01, 1.01])
def test_refused_values(server: PageServer, value: float) -> None:
    """A picture of other values than 0 to 1."""
    sheet = np.zeros(CANVAS * CANVAS, np.float32)
    sheet[7] = value
    status, answer, _ = ask(server, "POST", "/picture", bytes_of(sheet))
    assert (status, answer["error"]) == (400, "values must be from 0 to 1")


def test_pictures_in_colour(tmp_path: Path) -> None:
    """Three channels: what the network sees is what was sent, in its own range."""
    onnx.save(resnet8(), tmp_path / "resnet8.onnx")
    with serving(tmp_path / "resnet8.onnx", range=(-1.0, 1.0)) as server:
        values = np.random.default_rng(1).random((3, 32, 32), np.float32)
        status, answer, _ = ask(server, "POST", "/picture", bytes_of(values))
        assert status == 200
        np.testing.assert_allclose(answer["seen"], values.ravel(), rtol=1e-6)
        assert ask(server, "GET", "/facts")[1]["samples"] is False
        assert ask(server, "GET", "/sample")[0] == 404


class FailingBoard:
    """A board whose line breaks at the second frame; it counts its loads."""

    def __init__(self, loads: list[int]) -> None:
        self.loads, self.frames = loads, 0

    def load(self, program: object) -> None:
        """Counted."""
        self.loads.append(1)

    def run(self, codes: object) -> None:
        """Fails."""
        raise BoardError("the line is gone")

    def close(self) -> None:
        """Nothing is held."""


def test_a_board_that_goes_away(server: PageServer) -> None:
    """Its error is told; the next frame connects and loads again."""
    loads: list[int] = []
    machine, program = server.player.machine, server.player.made.program
    server.player.machine = BoardMachine(program, lambda: FailingBoard(loads), "board", server.player.machine.kind)  # type: ignore[arg-type,return-value]
    try:
        for _ in range(2):
            status, answer, _ = ask(server, "POST", "/input", bytes_of(held_out().images[0]))
            assert (status, answer["error"]) == (503, "the line is gone")
    finally:
        server.player.machine = machine
    assert len(loads) == 2
    assert ask(server, "POST", "/input", bytes_of(held_out().images[0]))[0] == 200


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"address": "8377"}, "an address is HOST:PORT"),
        ({"address": "127.0.0.1:99999"}, "an address is HOST:PORT"),
        ({"address": "203.0.113.1:0"}, "nobody can listen at 203.0.113.1:0 "),
        ({"engine": "netlist"}, "a page is served by cycle, rtl or a board"),
        ({"board": "ulx3s-85f", "engine": "rtl"}, "a board is an engine itself"),
        ({"labels": "nowhere.txt"}, "a text file is needed"),
    ],
)
def test_refusals(options: dict[str, str], text: str) -> None:
    """One sentence each."""
    with pytest.raises(ModelError, match=text):
        page_server("digits_modern", target="small", **options)  # type: ignore[arg-type]


def test_loopback() -> None:
    """The default is seen by this machine only."""
    assert is_loopback("127.0.0.1") and is_loopback("::1") and not is_loopback("192.0.2.1")


def test_the_command() -> None:
    """Starts, answers, and ends with Ctrl-C and its document."""
    command = [sys.executable, "-m", "tileloom", "serve", "digits_modern", "--target", "small"]
    with subprocess.Popen(
        [*command, "--address", "127.0.0.1:0", "--json", "-"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Tests that run in the background inherit an ignored SIGINT, and would pass it on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stderr is not None
        told = next(line for line in process.stderr if "http://127.0.0.1:" in line)
        port = int(told.split("127.0.0.1:")[1].split("/")[0])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("POST", "/input", bytes_of(held_out().images[0]))
        assert connection.getresponse().status == 200
        connection.close()
        process.send_signal(signal.SIGINT)
        try:
            out, errors = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 0, errors
    document = json.loads(out)
    assert document["frames"] == 1 and document["engine"] == "cycle simulator"


@pytest.mark.full
def test_the_simulated_board_answers() -> None:
    """Its gateware in Verilator, over the serial line: the scores of the simulator, cycles of kind RTL."""
    digits = held_out()
    with serving("digits_modern", board="ulx3s-85f") as board, serving("digits_modern", target="ulx3s") as simulator:
        assert ask(board, "GET", "/facts")[1]["kind"] == "RTL"
        for number in range(3):
            body = bytes_of(digits.images[number])
            found, expected = (ask(server, "POST", "/input", body)[1] for server in (board, simulator))
            assert found["outputs"] == expected["outputs"]
            assert found["cycles"] > 0
