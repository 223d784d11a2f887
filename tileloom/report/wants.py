"""What the user wants of a figure, and whether it is so: ``latency_s<=0.001``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tileloom.refusal import refuse

FORM = re.compile(r"\s*([a-z_]+)\s*(<=|>=)\s*([-+0-9.eE]+)\s*")


@dataclass(frozen=True)
class Want:
    """A bound on one figure of a document."""

    figure: str
    relation: str
    bound: float

    def __str__(self) -> str:
        return f"{self.figure} {self.relation} {self.bound:g}"

    def holds(self, value: float) -> bool:
        """Whether a value keeps the bound."""
        return value <= self.bound if self.relation == "<=" else value >= self.bound


def read_wants(texts: tuple[str, ...], figures: Mapping[str, float | None]) -> tuple[Want, ...]:
    """The wants that texts say; every figure must be one of ``figures``.

    Raises ``ModelError`` TL412 for a text of another form or a figure that there is not.
    """
    wants = []
    for content in texts:
        match = FORM.fullmatch(content)
        try:
            want = Want(match[1], match[2], float(match[3])) if match else None
        except ValueError:
            want = None
        if want is None:
            rule = "a want must be FIGURE<=NUMBER or FIGURE>=NUMBER"
            raise refuse("TL412", "--want", rule, content, "write for example --want 'latency_s<=0.001'")
        if figures.get(want.figure) is None:
            known = ", ".join(sorted(name for name, value in figures.items() if value is not None))
            rule = "a want must name a figure of the report"
            raise refuse("TL412", "--want", rule, want.figure, f"name one of {known}")
        wants.append(want)
    return tuple(wants)
