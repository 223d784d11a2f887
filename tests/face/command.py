"""Running the command line inside the test's own process."""

import json
from dataclasses import dataclass
from typing import Any

from typer.testing import CliRunner

from tileloom.cli import app


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    status: int
    stdout: str
    stderr: str

    @property
    def document(self) -> dict[str, Any]:
        """Standard output as JSON."""
        found: dict[str, Any] = json.loads(self.stdout)
        return found


def tileloom(*arguments: object) -> Outcome:
    """Run one command; an exception that a user would see as a traceback is raised."""
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Outcome(done.exit_code, done.stdout, done.stderr)
