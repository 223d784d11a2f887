"""The page of a network: self-contained, complete, with a kind at every number; its table and its trace."""

import csv
import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from tests.face.command import tileloom
from tileloom import api
from tileloom.document import without_kind
from tileloom.hw.spec.config import load_target
from tileloom.hw.spec.registers import Cause
from tileloom.hw.spec.result import FrameTiming, Wait
from tileloom.report.timeline import binned
from tileloom.report.wants import read_wants

PAGE_LIMIT = 2_000_000


class Parsed(HTMLParser):
    """What a page refers to and holds."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.references: list[str] = []
        self.anchors: set[str] = set()
        self.open: list[str] = []
        self.unclosed: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "data", "action"):
                self.references.append(value or "")
            if name == "id":
                self.anchors.add(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.unclosed.append(tag)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, api.Document]:
    folder = tmp_path_factory.mktemp("report")
    document = api.report(
        "lenet5",
        target="small",
        output=folder / "page.html",
        csv=folder / "layers.csv",
        trace=folder / "trace.json",
        wants=("latency_s<=0.01", "utilisation >= 0.99"),
    )
    return folder, document


def test_page_needs_nothing_else(made: tuple[Path, api.Document]) -> None:
    text = (made[0] / "page.html").read_text()
    page = Parsed(text)
    assert not page.unclosed and not page.open
    outside = [r for r in page.references if not r.startswith(("#", "data:", "file://"))]
    assert not outside
    assert {r[1:] for r in page.references if r.startswith("#")} <= page.anchors
    assert not re.search(r"@import|url\(|<script src|fetch\(|XMLHttp", text)
    assert len(text.encode()) <= PAGE_LIMIT


def test_every_number_has_a_kind(made: tuple[Path, api.Document]) -> None:
    text = (made[0] / "page.html").read_text()
    figures = re.search(r'<script type="application/json" id="figures">(.*?)</script>', text, re.DOTALL)
    assert figures is not None
    assert without_kind(json.loads(figures[1])) == []
    assert without_kind(made[1].to_json()) == []


def test_wants_are_judged(made: tuple[Path, api.Document]) -> None:
    document = made[1].to_json()
    assert [want["reached"] for want in document["wants"]] == [True, False]
    text = (made[0] / "page.html").read_text()
    assert '<li class="pass"><span data-kind="given">latency_s &lt;= 0.01</span>: reached' in text
    assert '<li class="fail"><span data-kind="given">utilisation &gt;= 0.99</span>: missed' in text


def test_csv_is_the_table(made: tuple[Path, api.Document]) -> None:
    document = made[1].to_json()["simulate"]
    with (made[0] / "layers.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == [layer["name"] for layer in document["layers"]]
    assert sum(int(row["cycles"]) for row in rows) == document["cycles"]
    stalls = {name: sum(int(row[name]) for row in rows) for name in rows[0] if name.startswith("stall_")}
    by_layer = [layer["stall_cycles"] for layer in document["layers"]]
    assert stalls == {name: sum(layer.get(name[6:], 0) for layer in by_layer) for name in stalls}


def test_trace_holds_every_cycle_once(made: tuple[Path, api.Document]) -> None:
    trace = json.loads((made[0] / "trace.json").read_text())
    cycles = trace["otherData"]["cycles"]
    waits = [event for event in trace["traceEvents"] if event.get("cat") == "wait"]
    jobs = [event for event in trace["traceEvents"] if event.get("cat") == "job"]
    target = load_target("small")
    assert {event["tid"] for event in jobs} <= set(range(target.tiles))
    assert all(event["ts"] >= 1 and event["ts"] + event["dur"] <= cycles + 1 for event in jobs + waits)
    for tile in range(target.tiles):
        spans = sorted((e["ts"], e["ts"] + e["dur"]) for e in waits if e["tid"] == tile)
        assert all(before[1] <= after[0] for before, after in pairwise(spans))


def test_bins_hold_every_cycle() -> None:
    waits = (Wait(0, Cause.JOB, 1, 8), Wait(0, Cause.SLOT, 20, 21), Wait(1, Cause.WINDOW, 3, 31))
    frame = FrameTiming(30, (), ({}, {}), waits)
    rows = binned(frame, 2, bins=7)
    for row in rows:
        assert all(abs(sum(spent.cycles.values()) - 30 / 7) < 1e-9 for spent in row)
    for cause, tile, count in ((Cause.JOB, 0, 7), (Cause.SLOT, 0, 1), (Cause.WINDOW, 1, 28), (Cause.RUN, 1, 2)):
        assert abs(sum(spent.cycles.get(cause, 0.0) for spent in rows[tile]) - count) < 1e-9
    assert rows[0][0].most() is Cause.JOB and rows[0][6].most() is Cause.RUN


@pytest.mark.parametrize("want", ["latency", "latency_s=1", "speed>=3", "cycles<=1e", "layers>=1"])
def test_bad_wants_are_refused(want: str, tmp_path: Path) -> None:
    with pytest.raises(api.ModelError, match="TL412"):
        read_wants((want,), {"latency_s": 1.0, "cycles": 2.0})
    found = tileloom("report", "lenet5", "--target", "small", "--output", str(tmp_path / "p.html"), "--want", want)
    assert found.status == 1 and "TL412" in found.stderr and not (tmp_path / "p.html").exists()


def test_page_of_a_program_file_says_what_it_does_not_know(tmp_path: Path) -> None:
    api.compile("digits_modern", target="odd", output=tmp_path / "n.tlp")
    api.report(tmp_path / "n.tlp", output=tmp_path / "n.html")
    assert '<h2 id="again">' in (tmp_path / "n.html").read_text()
