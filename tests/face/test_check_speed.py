"""``tileloom check`` of ResNet-50 with all its weights: below two seconds of one processor."""

import resource
import subprocess
import sys
from pathlib import Path

import onnx

from tileloom.models.light import light_model

SECONDS = 2.0


def test_resnet50(tmp_path: Path) -> None:
    path = tmp_path / "resnet50.onnx"
    onnx.save(light_model("resnet50"), path)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "tileloom", "check", str(path), "--json", "-"], capture_output=True, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode in (0, 1), done.stderr
    assert after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime < SECONDS
