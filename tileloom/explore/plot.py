"""The points as an interactive page: figures against each other, the front marked."""

import json
from collections.abc import Sequence
from pathlib import Path

from tileloom.explore.point import DIRECTIONS, VARIABLE, Point

TEMPLATES = Path(__file__).parent / "templates"


def plot(model: str, points: Sequence[Point], front: Sequence[Point], objectives: Sequence[str]) -> str:
    """A self-contained page with a dot a point; both axes can be chosen, a dot tells its target."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    best = {point.target_hash for point in front}
    dots = [
        {
            "front": point.target_hash in best,
            "target": {name: point.target[name] for name in VARIABLE},
            **{name: getattr(point, name) for name in DIRECTIONS},
        }
        for point in points
        if not point.refused
    ]
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("explore.html.j2").render(
        model=model,
        refused=sum(bool(point.refused) for point in points),
        count=len(dots),
        fronts=len(front),
        figures=list(DIRECTIONS),
        x=objectives[-1],
        y=objectives[0],
        dots=json.dumps(dots, allow_nan=False).replace("<", "\\u003c"),
    )
