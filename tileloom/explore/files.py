"""What an exploration writes: every point as a line, the page, and the best target."""

import csv as csv_file
import io
from pathlib import Path

from tileloom.explore.plot import plot
from tileloom.explore.point import Point
from tileloom.files import write
from tileloom.hw.spec.config import target_from_dict

FIGURES = (
    *("cycles", "latency_s", "frames_per_s", "utilisation", "energy_j", "power_w", "multipliers", "memory_bits"),
    *("register_bits", "register_bits_counted", "luts", "accuracy", "snr_db"),
)
"""In the order of the columns."""
WIDTHS = {"weight_bits": "network_weight_bits", "activation_bits": "network_activation_bits"}
"""Columns of the network's bit widths, empty where they are the target's."""


def write_files(
    folder: Path, model: str, points: list[Point], best: list[Point], objectives: tuple[str, ...]
) -> tuple[str, ...]:
    """Write ``points.csv``, ``points.html`` and, where there is one, ``best.toml``; returns their names."""
    files = {
        folder / "points.csv": points_csv(points, best),
        folder / "points.html": plot(model, points, best, objectives),
    }
    if best:
        files[folder / "best.toml"] = target_toml(best[0])
    for path, content in files.items():
        write(path, content)
    return tuple(str(path) for path in files)


def points_csv(points: list[Point], best: list[Point]) -> str:
    """Every point on a line: its target's fields, its figures, whether it is on the front, why it was refused."""
    counted = {id(point) for point in best}
    varying = [name for name in points[0].target if name not in ("name", "memory")]
    file = io.StringIO()
    writer = csv_file.writer(file, lineterminator="\n")
    writer.writerow(("target_hash", *varying, *WIDTHS.values(), *FIGURES, "front", "refused", "program_hash"))
    for point in points:
        values = ["" if getattr(point, name) is None else getattr(point, name) for name in (*WIDTHS, *FIGURES)]
        fields = [point.target[name] for name in varying]
        on_front = int(id(point) in counted)
        writer.writerow((point.target_hash, *fields, *values, on_front, point.refused, point.program_hash))
    return file.getvalue()


def target_toml(point: Point) -> str:
    """The target of a point as a file that ``--target`` takes."""
    fields = {name: value for name, value in point.target.items() if name not in ("name", "memory")}
    lines = [f"{name} = {str(value).lower() if isinstance(value, bool) else value}" for name, value in fields.items()]
    memory = [f"{name} = {value}" for name, value in point.target["memory"].items()]
    target_from_dict(dict(point.target))
    return "\n".join([*lines, "", "[memory]", *memory, ""])
