"""A virtual environment for a peer's packages, made once and kept in the cache."""

import os
import subprocess
import sys
import venv
from pathlib import Path


def environment(name: str, *packages: str) -> Path:
    """The folder of programs of an environment with these packages; making it takes half a minute.

    Raises ``SystemExit`` with pip's last line where they cannot be installed.
    """
    root = Path(os.environ.get("TILELOOM_CACHE", Path.home() / ".cache" / "tileloom")) / "peers" / name
    stamp, programs = root / "packages.txt", root / "bin"
    if stamp.exists() and stamp.read_text() == "\n".join(packages):
        return programs
    print(f"installing {', '.join(packages)} ...", file=sys.stderr, flush=True)
    venv.create(root, with_pip=True, clear=True)
    command = [str(programs / "pip"), "install", "--quiet", "--disable-pip-version-check", *packages]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["pip failed"]
        raise SystemExit(f"{', '.join(packages)} cannot be installed: {lines[-1]}")
    stamp.write_text("\n".join(packages))
    return programs
