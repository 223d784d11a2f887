"""``tileloom check`` of ResNet-50 loads nothing it does not need; ``benchmarks/start_up.py`` times it."""

import subprocess
import sys
from pathlib import Path

import onnx

from tileloom.models.light import light_model

HEAVY = ("torch", "amaranth", "onnxruntime", "scipy", "pandas")
SCRIPT = f"""
import sys
from tileloom.cli import main
try:
    main()
finally:
    print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)
"""


def test_resnet50(tmp_path: Path) -> None:
    path = tmp_path / "resnet50.onnx"
    onnx.save(light_model("resnet50"), path)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, "check", str(path), "--json", "-"], capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 1), done.stderr
    assert done.stderr.splitlines()[-1] == "[]"
