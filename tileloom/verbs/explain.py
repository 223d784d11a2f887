"""``explain``: what a problem code means."""

import difflib
from dataclasses import dataclass
from typing import ClassVar

from tileloom.compiler.problem_codes import CODES
from tileloom.document import Document
from tileloom.refusal import refuse
from tileloom.tables import Table

LETTERS = "TL"
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
    is_list: bool = False
    """Whether all codes are listed, because none was asked for."""

    def tables(self) -> list[Table]:
        """Of the codes asked for everything that is known; of all codes their titles."""
        if self.is_list:
            return [Table("", ("code", "means"), tuple((row.code, row.title) for row in self.explanations), MORE)]
        found = []
        for row in self.explanations:
            found.append(Table("", (), (), f"{row.code}: {row.title}\n\n{row.text}\n"))
            if row.code == "TL201":
                found.append(Table("", ("operator", "means here"), tuple(operators())))
        return found


def operators() -> list[tuple[str, str]]:
    """Every supported ONNX operator with its first sentence, from the compiler's own table."""
    from tileloom.compiler.operator_table import operator_table

    return sorted((name, " ".join(found.description.split())) for name, found in operator_table().items())


def explain(*codes: str) -> ExplainDocument:
    """The explanation of each of ``codes``, in either case, with or without its letters; without codes, of all.

    An unknown code raises ``ModelError`` TL409.
    """
    keys = [_key(code) for code in dict.fromkeys(codes)] or sorted(CODES)
    explanations = tuple(Explanation(key, *CODES[key]) for key in dict.fromkeys(keys))
    return ExplainDocument(explanations=explanations, is_list=not codes)


def _key(code: str) -> str:
    """The code as the table has it."""
    key = code.strip().upper()
    key = f"{LETTERS}{key}" if key.isdigit() else key
    if key in CODES:
        return key
    near = difflib.get_close_matches(key, CODES, n=1, cutoff=0.7)
    fix = f"the nearest is {near[0]}; `tileloom explain` lists all" if near else "`tileloom explain` lists all"
    raise refuse("TL409", code, "there is no such code", "", fix)
