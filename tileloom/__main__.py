"""``python -m tileloom`` is the command ``tileloom``."""

from tileloom.cli import main

if __name__ == "__main__":
    main()
