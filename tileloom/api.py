"""The Python API: the verbs of the command line as functions that return documents.

>>> from tileloom import api
>>> [model.name for model in api.zoo().models]
['lenet5', 'digits_modern']

A document is a frozen dataclass with ``to_json()``. What the user's input is at fault for is raised as ``ModelError``
(``problems`` has every reason), ``ProgramError`` or ``TargetError``.
"""

from tileloom.compiler.problems import ModelError, Problem
from tileloom.document import Document, Kind
from tileloom.fpga.board_error import BoardError
from tileloom.fpga.runtime import open_board
from tileloom.hw.spec.config import TargetError
from tileloom.hw.spec.program import ProgramError
from tileloom.torch_model import model
from tileloom.verbs.activity import activity
from tileloom.verbs.bench import bench
from tileloom.verbs.build import build
from tileloom.verbs.check import check
from tileloom.verbs.compile import compile
from tileloom.verbs.demo import demo
from tileloom.verbs.disassemble import disassemble
from tileloom.verbs.explain import explain
from tileloom.verbs.explore import explore
from tileloom.verbs.project import project
from tileloom.verbs.report import report
from tileloom.verbs.repro import repro
from tileloom.verbs.rtl import rtl
from tileloom.verbs.run import run
from tileloom.verbs.serve import serve
from tileloom.verbs.simulate import simulate
from tileloom.verbs.targets import targets
from tileloom.verbs.technologies import technologies
from tileloom.verbs.verify import verify
from tileloom.verbs.waves import waves
from tileloom.verbs.zoo import zoo

__all__ = [
    "BoardError",
    "Document",
    "Kind",
    "ModelError",
    "Problem",
    "ProgramError",
    "TargetError",
    "activity",
    "bench",
    "build",
    "check",
    "compile",
    "demo",
    "disassemble",
    "explain",
    "explore",
    "model",
    "open_board",
    "project",
    "report",
    "repro",
    "rtl",
    "run",
    "serve",
    "simulate",
    "targets",
    "technologies",
    "verify",
    "waves",
    "zoo",
]
