"""Which skips continuous integration accepts: those listed, with their reason, in ``tests/allowed_skips.txt``."""

import re
from dataclasses import dataclass
from pathlib import Path

ALLOWED_SKIPS = Path(__file__).parent / "allowed_skips.txt"


@dataclass(frozen=True)
class AllowedSkip:
    """Patterns of a test id and of a reason; ``*`` stands for any text, everything else for itself."""

    test: str
    reason: str

    def allows(self, test: str, reason: str) -> bool:
        """Whether a skip of ``test`` for ``reason`` is this one."""
        return _matches(self.test, test) and _matches(self.reason, reason)


def parse(text: str) -> list[AllowedSkip]:
    """The skips that ``text`` lists, one ``test | reason`` a line; blank lines and those with ``#`` first are left out.

    Raises
    ------
    ValueError
        A line has not two parts.

    >>> parse("# why\\ntests/a.py::* | no *")
    [AllowedSkip(test='tests/a.py::*', reason='no *')]
    """
    skips = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = [part.strip() for part in line.split(" | ")]
        if len(parts) != 2 or not all(parts):
            raise ValueError(f"Line {number} of the allowed skips must be 'test | reason', not {line!r}.")
        skips.append(AllowedSkip(*parts))
    return skips


def allowed(skips: list[AllowedSkip], test: str, reason: str) -> bool:
    """Whether any of ``skips`` allows that ``test`` is skipped for ``reason``."""
    return any(skip.allows(test, reason) for skip in skips)


def _matches(pattern: str, text: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.DOTALL) is not None
