"""``check``: everything that stands between a network and a program, at once."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tileloom.document import Document
from tileloom.model_argument import find
from tileloom.tables import Table


@dataclass(frozen=True, kw_only=True)
class CheckDocument(Document):
    """``problems`` is empty for a network that the front end accepts, and for a program that passes its loader."""

    command: ClassVar[str] = "check"
    model: str
    accepted: bool

    def tables(self) -> list[Table]:
        """Every problem with its place, rule and fix."""
        if self.accepted:
            return [Table("", (self.model,), (("no problem found",),))]
        columns = ("code", "node", "source", "rule", "value", "fix")
        rows = tuple((p.code, p.node, p.source, p.rule, p.value, p.fix) for p in self.problems)
        return [Table(f"{len(rows)} problem{'s' if len(rows) > 1 else ''} in {self.model}", columns, rows)]


def check(model: str | Path) -> CheckDocument:
    """Check an ONNX file, zoo network or program file without compiling it.

    Raises ``ModelError`` TL401 where there is no such model; whatever else is wrong is in ``problems``.
    """
    argument = find(model)
    if argument.is_program:
        argument.program()
        return CheckDocument(model=argument.name, accepted=True)
    from tileloom.compiler import frontend

    problems = tuple(frontend.check(argument.path))
    return CheckDocument(model=argument.name, accepted=not problems, problems=problems)
