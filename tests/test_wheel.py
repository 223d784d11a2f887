"""The wheel holds every file of the rooms, and works away from the checkout."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.import_edges import ROOT
from tests.repository import tracked_files

ROOMS = ("compiler", "fpga", "hw", "models", "sim")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy of the checkout, so that no build folder is left in it."""
    copy = tmp_path_factory.mktemp("source")
    for path in tracked_files():
        target = copy / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    for room in ROOMS:
        (copy / "tileloom" / room).symlink_to(Path("..") / room)
    built = tmp_path_factory.mktemp("built")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--wheel-dir", str(built)]
    command = [sys.executable, "-m", "pip", "wheel", *options, str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    (path,) = built.glob("tileloom-*.whl")
    return path


def test_wheel_holds_every_file_of_the_rooms(wheel: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    ours = [path.relative_to(ROOT) for path in tracked_files()]
    wanted = {path.as_posix() for path in ours if path.parts[0] == "tileloom"}
    wanted |= {f"tileloom/{path.as_posix()}" for path in ours if path.parts[0] in ROOMS}
    assert not wanted - packed
    assert not [name for name in packed if name.split("/")[0] in {*ROOMS, "tests"}]


def test_wheel_works_away_from_the_checkout(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    script = (
        "import tileloom, tileloom.models.zoo as zoo\n"
        "print(tileloom.__file__)\n"
        "print([model.path.exists() and len(model.held_out().labels) for model in zoo.MODELS])\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "installed")}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines() == [str(tmp_path / "installed" / "tileloom" / "__init__.py"), "[360, 360]"], done
