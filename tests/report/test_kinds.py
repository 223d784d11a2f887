"""Every number on the page, in whatever text or attribute, carries its kind; and the walk finds those that do not."""

import json
import re
from pathlib import Path

import pytest

from tests.report.kinds_walk import KindsWalk
from tileloom import api
from tileloom.document import without_kind

PLANTED = {
    "a paragraph": "<p>99 bottles</p>",
    "a fact": '<div class="fact">latency<b>18 us</b></div>',
    "a drawing": '<svg viewBox="0 0 1 1"><text>17</text></svg>',
    "what is told to a pointer": "<svg><rect><title>tile 3</title></rect></svg>",
    "what is told to a screen reader": '<div aria-label="4 tiles"></div>',
    "a column without a kind": '<table><thead><tr><th scope="col">n</th></tr></thead><tr><td>5</td></tr></table>',
    "a kind that there is not": '<p data-kind="guessed">6</p>',
    "a kind around everything": '<section data-kind="simulated">7</section>',
}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("kinds") / "page.html"
    api.report("lenet5", target="small", output=path, csv=path.with_suffix(".csv"), wants=("latency_s<=0.01",))
    return path.read_text()


def test_every_number_of_the_page(page: str) -> None:
    walk = KindsWalk(page)
    assert walk.faults == []
    assert walk.numbers > 300


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_number_is_found(page: str, what: str) -> None:
    for place in ("</main>", '<h2 id="layers">', "</header>"):
        assert len(KindsWalk(page.replace(place, PLANTED[what] + place, 1)).faults) == 1, place


def test_every_number_of_its_figures(page: str) -> None:
    found = re.search(r'<script type="application/json" id="figures">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    figures = json.loads(found[1])
    assert without_kind(figures) == []
    figures["layers"][0]["planted"] = 1
    assert without_kind(figures) == ["layers[].planted"]


def test_kinds_of_the_strip_are_those_of_the_document(page: str) -> None:
    found = re.search(r'id="figures">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    kinds = json.loads(found[1])["kinds"]
    shown = dict(re.findall(r'<div class="fact" data-kind="([\w ]+)">([\w ,]+)<b>', page))
    assert {"simulated", "estimated", "counted"} == set(shown)
    strip = {what: kind for kind, what in re.findall(r'<div class="fact" data-kind="([\w ]+)">([\w ,]+)<b>', page)}
    assert strip["latency"] == kinds["latency_s"]
    assert strip["energy a frame"] == kinds["energy_j"]
    assert strip["memory traffic"] == kinds["dram_bytes"]


def test_page_of_a_program_file(tmp_path: Path) -> None:
    api.compile("digits_modern", target="odd", output=tmp_path / "n.tlp")
    document = api.report(tmp_path / "n.tlp", output=tmp_path / "n.html")
    assert KindsWalk((tmp_path / "n.html").read_text()).faults == []
    assert (document.accuracy, document.snr_db) == (None, None)
    assert [tensor.snr_db for tensor in document.tensors] == [None]
