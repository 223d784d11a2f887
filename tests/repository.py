"""The files that the repository holds."""

import subprocess
from pathlib import Path

from tests.import_edges import ROOT, files


def tracked_files() -> list[Path]:
    """Every regular file that Git knows or would add; without Git, the rooms' Python files. Links are left out."""
    if not (ROOT / ".git").exists():
        return files()
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = [ROOT / name for name in listed.split("\0") if name]
    return [path for path in paths if path.is_file() and not path.is_symlink()]
