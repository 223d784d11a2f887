"""The space of an exploration: a target, what varies of it, and which of the combinations count.

A TOML file::

    base = "default"                    # a preset or a target file; the default is "default"

    [vary]                              # fields of a target, each with the values to try
    lanes = [8, 9]
    tiles_x = [1, 2, 4]

    [within]                            # optional: bounds on what a target comes to
    macs_per_cycle = [16, 512]          # from, to; both included
    on_chip_bytes = [0, 524288]
"""

import itertools
import random
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tileloom.hw.spec.config import Target, TargetError, load_target, target_from_dict
from tileloom.refusal import refuse
from tileloom.verbs.targets import on_chip_bytes

BOUNDED = ("macs_per_cycle", "on_chip_bytes", "tiles", "port_bytes")
"""What ``[within]`` may bound."""
DEFAULT = {
    "tiles_x": [1, 2, 4],
    "tiles_y": [1, 2],
    "lanes": [4, 8, 9, 16],
    "columns": [4, 8, 16],
    "port_bytes": [4, 8, 16, 32],
    "weight_words": [256, 512, 1024],
    "window_bytes": [8192, 32768],
    "map_bytes": [0, 65536, 262144],
}
"""What varies where no space is given."""


@dataclass(frozen=True)
class Space:
    """Combinations of values of a target's fields."""

    base: Target
    vary: dict[str, list[Any]]
    within: dict[str, tuple[float, float]]

    def targets(self, most: int, seed: int) -> tuple[list[Target], int]:
        """At most ``most`` distinct targets that exist and lie within the bounds, and how many combinations did not.

        All combinations in order where they are few enough, else a random choice of them by ``seed``.
        """
        names = list(self.vary)
        combinations = list(itertools.product(*self.vary.values()))
        if len(combinations) > most:
            random.Random(seed).shuffle(combinations)
        found: dict[int, Target] = {}
        left_out = 0
        for values in combinations:
            if len(found) == most:
                break
            target = self._target(dict(zip(names, values, strict=True)))
            if target is None:
                left_out += 1
            else:
                found.setdefault(target.hash, target)
        return list(found.values()), left_out

    def _target(self, values: dict[str, Any]) -> Target | None:
        try:
            target = target_from_dict({**self.base.to_dict(), **values, "name": self.base.name})
        except TargetError:
            return None
        sizes = {**{name: getattr(target, name, 0) for name in BOUNDED}, "on_chip_bytes": on_chip_bytes(target)}
        return target if all(low <= sizes[name] <= high for name, (low, high) in self.within.items()) else None


def read_space(path: str | Path | None, base: str | Path | None = None) -> Space:
    """The space of a file, or the default one; ``base`` replaces the file's.

    Raises ``ModelError`` TL413 for a file that is no space, ``TargetError`` for a base that is no target.
    """
    data: dict[str, Any] = {} if path is None else _read(Path(path))
    _check(path, set(data) <= {"base", "vary", "within"}, "it may have base, [vary] and [within]", ", ".join(data))
    vary = data.get("vary", DEFAULT)
    fields = load_target("default").to_dict()
    _check(path, isinstance(vary, dict) and bool(vary), "[vary] must name fields of a target", repr(vary))
    for name, values in vary.items():
        _check(path, name in fields and name not in ("name", "memory"), "[vary] names fields of a target", name)
        _check(path, isinstance(values, list) and bool(values), f"{name} must be a list of values", repr(values))
        kind = type(fields[name])
        _check(path, all(type(value) is kind for value in values), f"{name} must be of {kind.__name__}", repr(values))
    within = {}
    for name, bounds in data.get("within", {}).items():
        _check(path, name in BOUNDED, f"[within] bounds {', '.join(BOUNDED)}", name)
        pair = isinstance(bounds, list) and len(bounds) == 2 and all(isinstance(b, int | float) for b in bounds)
        _check(path, pair, f"{name} must be [least, greatest]", repr(bounds))
        within[name] = (float(bounds[0]), float(bounds[1]))
    return Space(load_target(base or data.get("base", "default")), vary, within)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _refused(path, f"the file cannot be read ({error.strerror})", "") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _refused(path, "it must be TOML", str(error)) from None


def _check(path: str | Path | None, condition: bool, rule: str, value: str) -> None:
    if not condition:
        raise _refused(path, rule, value)


def _refused(path: str | Path | None, rule: str, value: str) -> Exception:
    return refuse("TL413", str(path or "the space"), rule, value, "see `tileloom explore --help` and its documentation")
