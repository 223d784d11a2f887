"""``python -m tileloom.fpga.area_model``: cells of a target by a formula that is fitted to synthesised targets.

``--fit`` synthesises the points of :data:`POINTS` (minutes each; the build cache keeps those of unchanged hardware),
fits the formula, and writes points, coefficients and errors into ``area_models``; without it the present model and
its errors are printed. The formula is linear, for what all tiles share and for a tile; its error is that of points that
were left out of the fit, one at a time. The points' tiles are synthesised apart, because that is quicker; a factor says
what the whole machine takes flattened, as the boards' builds have it.
"""

import argparse
import hashlib
import json
import math
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tileloom.fpga.synthesis import MODELLED, PREPARATION, SYNTHESES
from tileloom.fpga.tools import BuildError, Step, find_tool, run_step
from tileloom.hw.spec.config import Target, load_target

TOP = "tileloom"
MODELS = Path(__file__).with_name("area_models")
"""A file for each family."""
CELLS: Mapping[str, Mapping[str, int]] = {
    "lut": {"LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 4, "SB_LUT4": 1},
    "ff": {"TRELLIS_FF": 1, "SB_DFF": 1},
    "dsp": {"MULT18X18D": 1, "SB_MAC16": 1},
    "bram": {"DP16KD": 1, "SB_RAM40_4K": 1},
}
"""What a cell counts, by the start of its name, as place and route counts it: a carry cell is two tables."""
Feature = Callable[[Target, str], float]
"""Of a target in a family."""


def tile_blocks(target: Target, family: str) -> float:
    """Block RAMs of a tile's large memories, by their widths and depths."""
    element, banks = 8 * target.element_bytes, target.window_banks
    found = _banked(element * banks, target.window_activations // banks, family)
    if target.residual_bytes:
        found += _banked(element * banks, target.residual_activations // banks, family)
    found += _blocks(8 * target.word_bytes, target.weight_words, family)
    found += _blocks(target.columns * target.accumulator_bits, target.accumulator_entries, family)
    return found + _banked(8 * target.port_bytes, 2 * target.slot_bytes // target.port_bytes, family)


def shared_blocks(target: Target, family: str) -> float:
    """Block RAMs of the large memories that the tiles share."""
    found = _banked(8 * target.port_bytes, target.staging_bytes // target.port_bytes, family)
    if target.map_bytes:
        found += _blocks(8 * target.port_bytes, target.map_bytes // target.port_bytes, family)
    return found


def _banked(width: int, depth: int, family: str) -> int:
    """A memory with its even and its odd rows apart."""
    return 2 * _blocks(width, depth // 2, family)


def _blocks(width: int, depth: int, family: str) -> int:
    """The fewest block RAMs of a memory; none for one that becomes tables."""
    shapes = {"ecp5": ((36, 512), (18, 1024), (9, 2048), (4, 4096)), "ice40": ((16, 256), (8, 512), (4, 1024))}[family]
    if depth <= 32:
        return 0
    return min(math.ceil(width / wide) * math.ceil(depth / deep) for wide, deep in shapes)


def _turned_banks(target: Target, _: str) -> float:
    """Bytes of multiplexers that turn an element by any number of banks."""
    return target.window_banks * math.log2(target.window_banks) * target.element_bytes


SHARED: Mapping[str, Mapping[str, Feature]] = {
    "lut": {
        "one": lambda t, _: 1,
        "port byte": lambda t, _: t.port_bytes,
        "turned bank": _turned_banks,
        "tile": lambda t, _: t.tiles,
    },
    "dsp": {"one": lambda t, _: 1},
    "bram": {"one": lambda t, _: 1, "block": shared_blocks},
}
TILE: Mapping[str, Mapping[str, Feature]] = {
    "lut": {
        "one": lambda t, _: 1,
        "MAC": lambda t, _: t.lanes * t.columns * t.element_bytes,
        "turned bank": _turned_banks,
        "result": lambda t, _: t.results_per_cycle * t.element_bytes,
    },
    "ff": {
        "one": lambda t, _: 1,
        "MAC": lambda t, _: t.lanes * t.columns * t.element_bytes,
        "lane": lambda t, _: t.lanes * t.element_bytes,
        "column": lambda t, _: t.columns * t.element_bytes,
        "result": lambda t, _: t.results_per_cycle * t.element_bytes,
    },
    "dsp": {"one": lambda t, _: 1, "MAC": lambda t, _: t.lanes * t.columns, "result": lambda t, _: t.results_per_cycle},
    "bram": {"one": lambda t, _: 1, "block": tile_blocks},
}
"""What the parts grow with, by kind of cell; flip-flops of the shared part grow as tables do."""

POINTS: tuple[tuple[str, dict[str, int]], ...] = (
    ("small", {}),
    ("ulx3s", {}),
    ("ulx3s", {"lanes": 8, "columns": 8, "window_banks": 8}),
    ("default", {}),
    ("ulx3s128", {}),
    ("ulx3s128", {"lanes": 16, "columns": 8, "window_banks": 32, "port_bytes": 16}),
    ("odd", {}),
    ("ulx3s", {"lanes": 8, "columns": 4, "window_banks": 8, "port_bytes": 8, "results_per_cycle": 2}),
    ("mac25", {}),
    ("default", {"lanes": 16, "tiles_x": 1}),
)
"""Targets that the formula is fitted to: presets with changes."""
LEAST_POINTS = 6
"""One more than a tile's formula has coefficients."""


@dataclass(frozen=True)
class Measured:
    """Cells of a synthesised target, by kind: of what the tiles share, and of one tile."""

    target: Target
    shared: dict[str, int]
    tile: dict[str, int]

    def total(self, kind: str) -> int:
        """Of the whole machine."""
        return self.shared[kind] + self.target.tiles * self.tile[kind]


@dataclass(frozen=True)
class Estimate:
    """Cells of a target by the formula; errors are shares of the right number, of points left out of the fit."""

    lut: int
    ff: int
    dsp: int
    bram: int
    shared_lut: int
    """Of the tables, those of what the tiles share."""
    lut_error: float
    """The largest error of the tables."""


def estimate(target: Target, family: str = "ecp5") -> Estimate:
    """Cells of the accelerator of ``target`` in a family that the model is fitted for (no board around it).

    Raises :class:`BuildError` for another family.
    """
    model = _model(family)
    factors = model["flattened"]
    found = {kind: round(_predicted(target, family, kind, model) * factors.get(kind, 1)) for kind in CELLS}
    shared = _parts(target, family, "lut", model)[0] * factors["lut"]
    return Estimate(**found, shared_lut=round(shared), lut_error=float(model["error"]["lut"]["largest"]))


def formula(family: str = "ecp5") -> str:
    """The formula of the tables in words."""
    parts = _model(family)["coefficients"]["lut"]
    shared = " + ".join(f"{value:,.0f} x {name}" for name, value in parts["shared"].items() if value)
    tile = " + ".join(f"{value:,.0f} x {name}" for name, value in parts["tile"].items() if value)
    factor = _model(family)["flattened"]["lut"]
    return f"{factor:.2f} x ({shared} + for each tile ({tile}))".replace(" x one", "")


def families() -> list[str]:
    """Families that the model is fitted for."""
    return sorted(path.stem for path in MODELS.glob("*.toml"))


@cache
def _model(family: str) -> dict[str, Any]:
    if family not in families():
        raise BuildError(f"the area model is fitted for {', '.join(families())}, not {family!r}")
    return tomllib.loads((MODELS / f"{family}.toml").read_text(encoding="utf-8"))


def _features(kind: str, of: Mapping[str, Mapping[str, Feature]]) -> Mapping[str, Feature]:
    return of.get(kind, of["lut"])


def _predicted(target: Target, family: str, kind: str, model: Mapping[str, Any]) -> float:
    shared, tile = _parts(target, family, kind, model)
    return shared + target.tiles * tile


def _parts(target: Target, family: str, kind: str, model: Mapping[str, Any]) -> tuple[float, float]:
    """What the tiles share, and one tile."""
    parts = model["coefficients"][kind]
    shared = sum(parts["shared"][name] * of(target, family) for name, of in _features(kind, SHARED).items())
    tile = sum(parts["tile"][name] * of(target, family) for name, of in _features(kind, TILE).items())
    return float(shared), float(tile)


def measure(target: Target, family: str) -> Measured:
    """Synthesise a target with the script of the boards' builds, its tile apart; minutes, unless the cache has it."""
    path = _kept(target, family)
    if not path.exists():
        print(f"synthesising {_title(target)} for {family}", file=sys.stderr, flush=True)
        counts = _synthesised(target, family)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(counts), encoding="utf-8")
    shared, tile = json.loads(path.read_text(encoding="utf-8"))
    return Measured(target, _kinds(shared), _kinds(tile))


def _kept(target: Target, family: str) -> Path:
    """Where the build cache keeps the cells of a target: by the hardware's sources and the script."""
    from tileloom.hw.build import cache_folder, source_hash

    identity = f"{source_hash(target)}-{SYNTHESES[family].line(TOP)}"
    return cache_folder() / "area" / f"{hashlib.sha256(identity.encode()).hexdigest()[:32]}.json"


def _synthesised(target: Target, family: str) -> list[dict[str, int]]:
    """Cells by name of what the tiles share, and of a tile."""
    try:
        from tileloom.hw.grid import TILE_MODULE
        from tileloom.hw.verilog import make_verilog
    except ModuleNotFoundError as error:
        raise BuildError(f"package {error.name} is not installed; run: pip install 'tileloom[rtl]'") from None
    yosys = find_tool("yosys")
    with tempfile.TemporaryDirectory(prefix="tileloom-area-") as scratch:
        folder = Path(scratch)
        (folder / "top.v").write_text(make_verilog(target), encoding="utf-8")
        script = (
            f"read_verilog top.v\nhierarchy -top {TOP}\nproc\n{PREPARATION}\n"
            f"setattr -mod -set keep_hierarchy 1 {TILE_MODULE}\n"
            f"{SYNTHESES[family].line(TOP)}\ntee -o stat.json stat -json\n"
        )
        (folder / "top.ys").write_text(script, encoding="utf-8")
        run_step(Step("synthesis", (yosys, "-q", "top.ys"), folder / "synthesis.log"), folder)
        modules = json.loads((folder / "stat.json").read_text(encoding="utf-8"))["modules"]
    counts = {name.lstrip("\\"): module["num_cells_by_type"] for name, module in modules.items()}
    return [counts[TOP], counts[TILE_MODULE]]


def _kinds(cells: Mapping[str, int]) -> dict[str, int]:
    def count(name: str, of: Mapping[str, int]) -> int:
        return next((weight for start, weight in of.items() if name.startswith(start)), 0)

    return {kind: sum(n * count(name, of) for name, n in cells.items()) for kind, of in CELLS.items()}


def fitted(points: Iterable[Measured], family: str) -> dict[str, Any]:
    """Coefficients by kind of cell, none below zero: least squares of relative errors."""
    points = list(points)
    targets = [point.target for point in points]
    return {
        kind: {
            "shared": _least_squares(targets, [p.shared[kind] for p in points], _features(kind, SHARED), family),
            "tile": _least_squares(targets, [p.tile[kind] for p in points], _features(kind, TILE), family),
        }
        for kind in CELLS
    }


def _least_squares(
    targets: list[Target], wanted: list[int], features: Mapping[str, Feature], family: str
) -> dict[str, float]:
    matrix = np.array([[feature(target, family) for feature in features.values()] for target in targets], float)
    weights = 1 / np.maximum(np.array(wanted, float), 1)
    best, error = np.zeros(len(features)), math.inf
    for size in range(1, len(features) + 1):
        for chosen in combinations(range(len(features)), size):
            part = matrix[:, chosen] * weights[:, None]
            solution = np.linalg.lstsq(part, np.array(wanted, float) * weights, rcond=None)[0]
            if (solution < 0).any():
                continue
            missed = float(np.sum((part @ solution - np.array(wanted, float) * weights) ** 2))
            if missed < error - 1e-9:
                error, best = missed, _spread(solution, chosen, len(features))
    return {name: round(float(value), 2) + 0.0 for name, value in zip(features, best, strict=True)}


def _spread(values: npt.NDArray[np.float64], places: tuple[int, ...], size: int) -> npt.NDArray[np.float64]:
    spread = np.zeros(size)
    spread[list(places)] = values
    return spread


def errors(points: list[Measured], family: str) -> dict[str, dict[str, float]]:
    """By kind of cell: mean and largest relative error of every point by the formula fitted to the others."""
    found: dict[str, list[float]] = {kind: [] for kind in CELLS}
    for index, point in enumerate(points):
        model = {"coefficients": fitted(points[:index] + points[index + 1 :], family)}
        for kind, missed in found.items():
            right = point.total(kind)
            if right:
                missed.append(abs(_predicted(point.target, family, kind, model) / right - 1))
    return {
        kind: {"mean": round(sum(missed) / len(missed), 4), "largest": round(max(missed), 4)}
        for kind, missed in found.items()
        if missed
    }


def point_targets() -> list[Target]:
    """The targets of :data:`POINTS`."""
    return [replace(load_target(name), **changes) for name, changes in POINTS]  # type: ignore[arg-type]


def fit(family: str, only_kept: bool = False) -> None:
    """Measure the points of a family, fit and write its model; ``only_kept`` leaves out what is not measured."""
    from tileloom.fpga.netlist.library import synthesise_netlist

    targets = [target for target in point_targets() if not only_kept or _kept(target, family).exists()]
    if len(targets) < LEAST_POINTS:
        raise BuildError(f"{family} has {len(targets)} measured points, and {LEAST_POINTS} are needed")
    points = [measure(target, family) for target in targets]
    whole = _kinds(synthesise_netlist(points[0].target, family).counts())
    flattened = {kind: round(whole[kind] / points[0].total(kind), 4) for kind in ("lut", "ff")}
    lines = [
        f"# Written by `python -m tileloom.fpga.area_model --fit --family {family}`.",
        *("points = [", *map(_row, points), "]", "", "[error]", *_table(errors(points, family))),
        *("", "# What the machine takes where its tiles are not synthesised apart, as on a board: of the first point."),
        *("[flattened]", *_table(flattened), "", "[coefficients]", *_table(fitted(points, family)), ""),
    ]
    MODELS.mkdir(exist_ok=True)
    (MODELS / f"{family}.toml").write_text("\n".join(lines), encoding="utf-8")
    _model.cache_clear()


def _title(target: Target) -> str:
    return f"{target.tiles} x {target.lanes} x {target.columns}, port of {target.port_bytes} bytes"


def _row(point: Measured) -> str:
    head = f'title = "{_title(point.target)}", hash = "{point.target.hash:#018x}"'
    return f"    {{ {head}, shared = {_inline(point.shared)}, tile = {_inline(point.tile)} }},"


def _inline(values: Mapping[str, Any]) -> str:
    return "{ " + ", ".join(f'"{name}" = {_value(value)}' for name, value in values.items()) + " }"


def _value(value: Any) -> str:
    return _inline(value) if isinstance(value, Mapping) else str(value)


def _table(values: Mapping[str, Any]) -> list[str]:
    return [f"{name} = {_value(value)}" for name, value in values.items()]


def main() -> int:
    """Fit, or print the model."""
    parser = argparse.ArgumentParser(description="Cells of a target by a fitted formula.")
    parser.add_argument("--fit", action="store_true", help="synthesise what has changed, and fit anew")
    parser.add_argument("--only-kept", action="store_true", help="with --fit: points that are measured already")
    parser.add_argument("--family", action="append", choices=MODELLED, help="may be repeated; else all")
    arguments = parser.parse_args()
    try:
        if arguments.fit:
            for family in arguments.family or MODELLED:
                fit(family, arguments.only_kept)
        for family in families():
            model = _model(family)
            print(f"{family}: LUT = {formula(family)}; {len(model['points'])} points")
            for kind, error in model["error"].items():
                print(f"  {kind:5} off by {error['mean']:.1%} on average, {error['largest']:.1%} at most (left out)")
    except (BuildError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
