"""The points as an interactive page: figures against each other, the front marked."""

import json
from collections.abc import Sequence
from pathlib import Path

from tileloom.explore.point import DIRECTIONS, VARIABLE, Point

TEMPLATES = Path(__file__).parent / "templates"


def plot(model: str, points: Sequence[Point], front: Sequence[Point], objectives: Sequence[str]) -> str:
    """A self-contained page with a dot a point; both axes can be chosen, a dot tells its target."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    best = {id(point) for point in front}
    made = [point for point in points if not point.refused]
    figures = [name for name in DIRECTIONS if all(_is_positive(getattr(point, name)) for point in made)]
    bits = any(point.weight_bits is not None for point in made)
    shown = (*VARIABLE, "clock_hz")
    dots = [
        {
            "front": id(point) in best,
            "target": {
                **{name: point.target[name] for name in shown},
                **({"weight_bits": point.weight_bits, "activation_bits": point.activation_bits} if bits else {}),
            },
            **{name: getattr(point, name) for name in figures},
        }
        for point in made
    ]
    axes = [name for name in objectives if name in figures] or figures or list(DIRECTIONS)
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("explore.html.j2").render(
        model=model,
        refused=sum(bool(point.refused) for point in points),
        count=len(dots),
        fronts=len(front),
        figures=figures,
        x=axes[-1],
        y=axes[0],
        dots=json.dumps(dots, allow_nan=False).replace("<", "\\u003c"),
    )


def _is_positive(value: float | None) -> bool:
    """Whether a number has a place on a logarithmic axis."""
    return value is not None and 0 < value < float("inf")
