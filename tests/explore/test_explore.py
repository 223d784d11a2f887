"""``explore``: every point is what `simulate` gives, the front is the front, nothing is lost or done twice."""

import csv
import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from tests.compiler_front.test_hashes import residual
from tests.face.command import tileloom
from tileloom import api
from tileloom.compiler.problems import ModelError
from tileloom.document import without_kind
from tileloom.explore.point import DIRECTIONS, Point, from_line, front
from tileloom.explore.space import read_space
from tileloom.explore.store import Store
from tileloom.hw.build import verilog_text
from tileloom.hw.spec.config import load_target
from tileloom.model_argument import find
from tileloom.models.digits import held_out
from tileloom.sim.activity.netlist import read_netlist
from tileloom.verbs.targets import on_chip_bytes

SPACE = """
base = "small"
[vary]
tiles_x = [1, 2, 3]
lanes = [3, 4, 8]
columns = [2, 4]
port_bytes = [4, 8]
[within]
macs_per_cycle = [8, 40]
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILELOOM_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def space(tmp_path: Path) -> Path:
    path = tmp_path / "space.toml"
    path.write_text(SPACE)
    return path


def test_points_are_those_of_simulate(space: Path, tmp_path: Path) -> None:
    document = api.explore("lenet5", space=space, budget=7, processes=1, output=tmp_path / "out", seed=3)
    assert document.points == 7 and document.known_before == 0 and document.front
    assert without_kind(document.to_json()) == []
    best = document.front[0]
    again = api.simulate("lenet5", target=tmp_path / "out" / "best.toml")
    assert (again.cycles, again.energy_j, again.utilisation) == (best.cycles, best.energy_j, best.utilisation)
    assert best.multipliers == again.macs_per_cycle_peak
    with (tmp_path / "out" / "points.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 7 and sum(int(row["front"]) for row in rows) == len(document.front)
    assert len({row["target_hash"] for row in rows}) == 7
    page = (tmp_path / "out" / "points.html").read_text()
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|@import|src=", page)


def test_known_points_are_not_made_again(space: Path) -> None:
    first = api.explore("lenet5", space=space, budget=4, processes=1)
    second = api.explore("lenet5", space=space, budget=4, processes=1)
    anew = api.explore("lenet5", space=space, budget=4, processes=1, cached=False)
    assert (first.known_before, second.known_before, anew.known_before) == (0, 4, 0)
    assert first.front == second.front == anew.front
    other = api.explore("digits_modern", space=space, budget=4, processes=1)
    assert other.known_before == 0


CLOCKS = """
base = "small"
[vary]
lanes = [3, 4]
clock_hz = [50_000_000, 100_000_000]
[bits]
weights = [3, 8, 16]
activations = [8]
"""


def test_clocks_and_bit_widths_are_points_of_their_own(tmp_path: Path) -> None:
    space = tmp_path / "space.toml"
    space.write_text(CLOCKS)
    found = api.explore("digits_modern", space=space, processes=1, output=tmp_path)
    assert found.points == 2 * 2 * 3 and without_kind(found.to_json()) == []
    assert found.objectives == ("frames_per_s", "energy_j", "multipliers", "accuracy")
    assert found.accuracy_frames > 100
    with (tmp_path / "points.csv").open() as file:
        rows = list(csv.DictReader(file))
    bits = {row["network_weight_bits"]: row for row in rows}
    assert {row["activation_bits"] for row in rows if row["network_weight_bits"] != "16"} == {"8"}
    assert (bits["16"]["activation_bits"], bits["16"]["accumulator_bits"]) == ("16", "48")
    noise = [float(bits[width]["snr_db"]) for width in ("3", "8", "16")]
    assert noise[0] + 10 < noise[1] < noise[2]
    right = [float(bits[width]["accuracy"]) for width in ("3", "8", "16")]
    assert right[0] < right[1] and right[1] > 0.98 and right[2] > 0.98
    same: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in rows:
        same.setdefault((row["target_hash"], row["network_weight_bits"]), []).append(row)
    for slow, fast in same.values():
        assert slow["cycles"] == fast["cycles"] and float(slow["latency_s"]) == 2 * float(fast["latency_s"])
    again = api.simulate("digits_modern", target=tmp_path / "best.toml")
    assert again.frames_per_s == found.front[0].frames_per_s


def test_bit_widths_of_a_network_with_its_own_scales(tmp_path: Path) -> None:
    model = tmp_path / "residual.onnx"
    onnx.save(residual(), model)
    space = tmp_path / "space.toml"
    space.write_text('base = "small"\n[vary]\nlanes = [4]\n[bits]\nweights = [4, 8]\nactivations = [8]\n')
    found = api.explore(model, space=space, processes=1)
    assert found.points == 2 and len(found.front) == 1
    assert found.notes[0] == "Bit widths 4/8, 8/8 give one and the same integer network: it brings its own scales."
    assert found.notes[1].startswith("Estimated: register bits, off by at most")


def test_accuracy_of_held_out_samples(tmp_path: Path) -> None:
    space = tmp_path / "space.toml"
    space.write_text('base = "small"\n[vary]\nlanes = [4]\n')
    digits = held_out()
    path = tmp_path / "labelled.npz"
    np.savez(path, image=digits.images[:40], labels=digits.labels[:40])
    found = api.explore("digits_modern", space=space, processes=1, accuracy=path, objectives=("accuracy",))
    assert found.accuracy_frames == 40 and found.front[0].accuracy is not None
    wrong = api.explore(
        "digits_modern",
        space=space,
        processes=1,
        accuracy={"image": digits.images[:40], "labels": (digits.labels[:40] + 1) % 10},
    )
    assert wrong.front[0].accuracy is not None
    assert found.front[0].accuracy > 0.9 and wrong.front[0].accuracy < 0.1
    assert found.front[0].snr_db == wrong.front[0].snr_db and (found.front[0].snr_db or 0) > 20


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({}, "only image"),
        ({"labels": np.zeros(3)}, "float64 of shape (3,) for 2 frames"),
        ({"labels": np.zeros(3, int)}, "int64 of shape (3,) for 2 frames"),
        ({"labels": np.zeros((2, 1), int)}, "int64 of shape (2, 1)"),
    ],
)
def test_samples_without_fitting_labels(arrays: dict[str, Any], words: str, tmp_path: Path) -> None:
    path = tmp_path / "labelled.npz"
    np.savez(path, image=np.zeros((2, 1, 8, 8), np.float32), **arrays)
    found = tileloom("explore", "digits_modern", "--accuracy", path)
    assert found.status == 1 and "TL405" in found.stderr and words in " ".join(found.stderr.split())


def test_two_processes_find_the_same(space: Path) -> None:
    alone = api.explore("lenet5", space=space, budget=6, processes=1, cached=False)
    together = api.explore("lenet5", space=space, budget=6, processes=2, cached=False)
    assert alone.front == together.front and together.points == 6


def test_a_broken_line_is_a_point_to_be_made(tmp_path: Path) -> None:
    store = Store(tmp_path, "network")
    target = load_target("small").to_dict()
    store.add(Point("00", target, cycles=7))
    store.path.write_text(store.path.read_text() + '{"target_hash": "01", "tar')
    found = Store(tmp_path, "network").get(target)
    assert found == Point("00", target, cycles=7)
    assert Store(tmp_path, "network").get({**target, "lanes": 5}) is None


def test_space_bounds_and_distinctness(space: Path) -> None:
    wanted = read_space(space)
    targets, left_out = wanted.candidates(1000, 0)
    assert len(targets) + left_out == 3 * 3 * 2 * 2
    assert len({each.target.hash for each in targets}) == len(targets)
    assert all(8 <= each.target.macs_per_cycle <= 40 for each in targets)
    some, _ = wanted.candidates(5, 1)
    assert len(some) == 5 and set(some) <= set(targets)
    assert some == wanted.candidates(5, 1)[0]


def test_default_space_has_hundreds_of_targets() -> None:
    targets, _ = read_space(None).candidates(2000, 0)
    assert len(targets) >= 800
    assert len({on_chip_bytes(each.target) for each in targets}) > 100


def test_front_against_its_definition() -> None:
    rng = random.Random(5)
    target = load_target("small").to_dict()
    points = [
        Point(str(i), target, frames_per_s=rng.randint(1, 9), energy_j=rng.randint(1, 9), multipliers=rng.randint(1, 4))
        for i in range(200)
    ]
    points.append(Point("no", target, refused="too large"))
    names = ("frames_per_s", "energy_j", "multipliers")

    def key(point: Point) -> tuple[float, ...]:
        return tuple(DIRECTIONS[name] * getattr(point, name) for name in names)

    def beats(one: Point, other: Point) -> bool:
        a, b = key(one), key(other)
        return a != b and all(x >= y for x, y in zip(a, b, strict=True))

    made = points[:-1]
    expected = {key(point) for point in made if not any(beats(other, point) for other in made)}
    found = front(points, names)
    assert {key(point) for point in found} == expected and len(found) == len(expected)
    assert [key(point) for point in found] == sorted((key(point) for point in found), reverse=True)


def test_point_as_a_line() -> None:
    point = Point("ab", load_target("odd").to_dict(), cycles=5, energy_j=0.1)
    assert from_line(point.to_line()) == point
    for wrong in ("{}", '{"a": 1}', "{", "[]", '"x"'):
        with pytest.raises(ValueError):
            from_line(wrong)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("vary = 3", "must name fields"),
        ("[vary]\nlane = [1]", "fields of a target"),
        ("[vary]\nlanes = 3", "must be a list"),
        ('[vary]\nlanes = ["a"]', "must be of int"),
        ("[within]\nspeed = [1, 2]", "bounds macs_per_cycle"),
        ("[within]\ntiles = [1]", "[least, greatest]"),
        ("[within]\nmacs_per_cycle = [0, 1]", "some target must lie in it"),
        ("lanes = 3", "may have base"),
        ("bits = 3", "must have weights and activations"),
        ("[bits]\nweights = [8]", "must have weights and activations"),
        ("[bits]\nweights = 8\nactivations = [8]", "must be a list of whole numbers"),
        ("[bits]\nweights = [17]\nactivations = [8]", "must be 1 to 16, not 17"),
        ("[vary]\nactivation_bits = [8]\n[bits]\nweights = [8]\nactivations = [8]", "as wide as [bits] asks"),
        ("[", "must be TOML"),
    ],
)
def test_bad_spaces(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    found = tileloom("explore", "lenet5", "--space", path)
    assert found.status == 1 and words in found.stderr and "TL413" in found.stderr


def test_objective_that_is_not_known(space: Path, tmp_path: Path) -> None:
    model = tmp_path / "unlabelled.onnx"
    model.write_bytes(find("digits_modern").path.read_bytes())
    with pytest.raises(ModelError, match=r"--accuracy labelled\.npz"):
        api.explore(model, space=space, budget=1, processes=1, objectives=("accuracy",))
    found = api.explore(model, space=space, budget=1, processes=1, objectives=("snr_db",))
    assert found.front[0].accuracy is None and found.front[0].snr_db is not None


def test_bad_objective_and_scheduler() -> None:
    assert "an objective must be one of" in tileloom("explore", "lenet5", "--objective", "beauty").stderr
    found = tileloom("explore", "lenet5", "--budget", "1", "--scheduler", "nowhere")
    assert found.status == 1 and "TL414" in found.stderr


def test_register_bits_counted_in_the_verilog(tmp_path: Path) -> None:
    path = tmp_path / "space.toml"
    path.write_text('base = "small"\n[vary]\nlanes = [4]\nclock_hz = [1_000_000, 2_000_000]\n')
    found = api.explore("lenet5", space=path, processes=1, count_registers=True, objectives=("frames_per_s",))
    (point,) = found.front
    counted = point.register_bits_counted
    assert counted == read_netlist(verilog_text(load_target("small"))).register_bits()
    assert counted is not None and point.register_bits is not None and abs(point.register_bits / counted - 1) < 0.25
    assert found.kinds["front[].register_bits"] == "estimated"
    assert found.kinds["front[].register_bits_counted"] == "counted"
    cells = dict(zip(found.tables()[0].columns, found.tables()[0].rows[0], strict=True))
    assert cells["registers"] == f"{counted / 1000:.1f} k"  # without a sign of estimation
