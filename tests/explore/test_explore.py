"""``explore``: every point is what `simulate` gives, the front is the front, nothing is lost or done twice."""

import csv
import random
import re
from pathlib import Path

import pytest

from tests.face.command import tileloom
from tileloom import api
from tileloom.document import without_kind
from tileloom.explore.point import DIRECTIONS, Point, from_line, front
from tileloom.explore.space import read_space
from tileloom.explore.store import Store
from tileloom.hw.spec.config import load_target
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
    targets, left_out = wanted.targets(1000, 0)
    assert len(targets) + left_out == 3 * 3 * 2 * 2
    assert len({target.hash for target in targets}) == len(targets)
    assert all(8 <= target.macs_per_cycle <= 40 for target in targets)
    some, _ = wanted.targets(5, 1)
    assert len(some) == 5 and {t.hash for t in some} <= {t.hash for t in targets}
    assert some == wanted.targets(5, 1)[0]


def test_default_space_has_hundreds_of_targets() -> None:
    targets, _ = read_space(None).targets(2000, 0)
    assert len(targets) >= 800
    assert len({on_chip_bytes(target) for target in targets}) > 100


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
        ("[", "must be TOML"),
    ],
)
def test_bad_spaces(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    found = tileloom("explore", "lenet5", "--space", path)
    assert found.status == 1 and words in found.stderr and "TL413" in found.stderr


def test_bad_objective_and_scheduler() -> None:
    assert "an objective must be one of" in tileloom("explore", "lenet5", "--objective", "beauty").stderr
    found = tileloom("explore", "lenet5", "--budget", "1", "--scheduler", "nowhere")
    assert found.status == 1 and "TL414" in found.stderr
