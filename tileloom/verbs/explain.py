"""``explain``: what a problem code means."""

from dataclasses import dataclass
from typing import ClassVar

from tileloom.compiler.problem_codes import CODES
from tileloom.document import Document
from tileloom.refusal import refuse
from tileloom.tables import Table


@dataclass(frozen=True)
class Explanation:
    """One code."""

    code: str
    title: str
    text: str


@dataclass(frozen=True, kw_only=True)
class ExplainDocument(Document):
    """The codes asked for."""

    command: ClassVar[str] = "explain"
    explanations: tuple[Explanation, ...]

    def tables(self) -> list[Table]:
        """Code, title and text of each."""
        return [Table("", ("code", "means", ""), tuple((row.code, row.title, row.text) for row in self.explanations))]


def explain(code: str | None = None) -> ExplainDocument:
    """The explanation of ``code``, in either case; of all codes without one. An unknown code raises ``ModelError``."""
    if code is None:
        return ExplainDocument(explanations=tuple(Explanation(key, *CODES[key]) for key in sorted(CODES)))
    key = code.upper()
    if key not in CODES:
        raise refuse("TL409", code, "explain takes a code", "one that does not exist", "`tileloom explain` lists all")
    return ExplainDocument(explanations=(Explanation(key, *CODES[key]),))
