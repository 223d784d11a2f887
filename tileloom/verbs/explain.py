"""``explain``: what a problem code means."""

from dataclasses import dataclass
from typing import ClassVar

from tileloom.compiler.problem_codes import CODES
from tileloom.document import Document
from tileloom.refusal import refuse
from tileloom.tables import Table

MORE = "`tileloom explain CODE` tells what to do about one; TL201 lists the operators that there are."


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
        """Of one code everything that is known; of all codes their titles."""
        if len(self.explanations) != 1:
            return [Table("", ("code", "means"), tuple((row.code, row.title) for row in self.explanations), MORE)]
        (row,) = self.explanations
        text = Table("", (), (), f"{row.code}: {row.title}\n\n{row.text}\n")
        return [text, Table("", ("operator", "means here"), tuple(operators()))] if row.code == "TL201" else [text]


def operators() -> list[tuple[str, str]]:
    """Every supported ONNX operator with its first sentence, from the compiler's own table."""
    from tileloom.compiler.operator_table import operator_table

    return sorted((name, " ".join(found.description.split())) for name, found in operator_table().items())


def explain(code: str | None = None) -> ExplainDocument:
    """The explanation of ``code``, in either case; of all codes without one. An unknown code raises ``ModelError``."""
    if code is None:
        return ExplainDocument(explanations=tuple(Explanation(key, *CODES[key]) for key in sorted(CODES)))
    key = code.upper()
    if key not in CODES:
        raise refuse("TL409", code, "there is no such code", "", "`tileloom explain` lists all")
    return ExplainDocument(explanations=(Explanation(key, *CODES[key]),))
