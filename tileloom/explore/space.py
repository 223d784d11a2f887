"""The space of an exploration: a target, what varies of it, and which of the combinations count.

A TOML file::

    base = "default"                    # a preset or a target file; the default is "default"

    [vary]                              # fields of a target, each with the values to try
    lanes = [8, 9]
    tiles_x = [1, 2, 4]

    [bits]                              # optional: bit widths of the network, which is quantised anew for each pair
    weights = [4, 8, 16]
    activations = [8, 16]

    [within]                            # optional: bounds on what a target comes to
    macs_per_cycle = [16, 512]          # from, to; both included
    on_chip_bytes = [0, 524288]
"""

import itertools
import random
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tileloom.explore.widths import Widths
from tileloom.hw.spec.config import Target, TargetError, load_target
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
class Candidate:
    """A target, and the bit widths that the network gets for it; None: the target's."""

    target: Target
    widths: Widths | None = None


@dataclass(frozen=True)
class Space:
    """Combinations of values of a target's fields and of bit widths."""

    base: Target
    vary: dict[str, list[Any]]
    within: dict[str, tuple[float, float]]
    widths: tuple[Widths | None, ...] = (None,)

    def candidates(self, most: int, seed: int) -> tuple[list[Candidate], int]:
        """At most ``most`` distinct ones that exist and lie within the bounds, and how many combinations did not.

        All combinations in order where they are few enough, else a random choice of them by ``seed``.
        """
        names = list(self.vary)
        combinations = list(itertools.product(self.widths, *self.vary.values()))
        if len(combinations) > most:
            random.Random(seed).shuffle(combinations)
        found: dict[Candidate, None] = {}
        left_out = 0
        for widths, *values in combinations:
            if len(found) == most:
                break
            target = self._target(dict(zip(names, values, strict=True)), widths)
            if target is None:
                left_out += 1
            else:
                found.setdefault(Candidate(target, widths))
        return list(found), left_out

    def _target(self, values: dict[str, Any], widths: Widths | None) -> Target | None:
        try:
            target = replace(self.base, **{**values, **(widths.target_fields if widths else {})})
        except TargetError:
            return None
        sizes = {**{name: getattr(target, name, 0) for name in BOUNDED}, "on_chip_bytes": on_chip_bytes(target)}
        return target if all(low <= sizes[name] <= high for name, (low, high) in self.within.items()) else None


def read_space(path: str | Path | None, base: str | Path | None = None) -> Space:
    """The space of a file, or the default one; ``base`` replaces the file's.

    Raises ``ModelError`` TL413 for a file that is no space, ``TargetError`` for a base that is no target.
    """
    data: dict[str, Any] = {} if path is None else _read(Path(path))
    _check(
        path,
        set(data) <= {"base", "vary", "bits", "within"},
        "it may have base, [vary], [bits] and [within]",
        ", ".join(data),
    )
    vary = data.get("vary", DEFAULT)
    widths = _widths(path, data["bits"]) if "bits" in data else (None,)
    fields = load_target("default").to_dict()
    _check(path, isinstance(vary, dict) and bool(vary), "[vary] must name fields of a target", repr(vary))
    for name, values in vary.items():
        _check(path, name in fields and name not in ("name", "memory"), "[vary] names fields of a target", name)
        _check(path, isinstance(values, list) and bool(values), f"{name} must be a list of values", repr(values))
        given = "bits" in data and name in ("activation_bits", "weight_bits", "accumulator_bits")
        _check(path, not given, "operands are as wide as [bits] asks, so that [vary] has no bits", name)
        kind = type(fields[name])
        _check(path, all(type(value) is kind for value in values), f"{name} must be of {kind.__name__}", repr(values))
    within = {}
    for name, bounds in data.get("within", {}).items():
        _check(path, name in BOUNDED, f"[within] bounds {', '.join(BOUNDED)}", name)
        pair = isinstance(bounds, list) and len(bounds) == 2 and all(isinstance(b, int | float) for b in bounds)
        _check(path, pair, f"{name} must be [least, greatest]", repr(bounds))
        within[name] = (float(bounds[0]), float(bounds[1]))
    return Space(load_target(base or data.get("base", "default")), vary, within, widths)


def _widths(path: str | Path | None, data: Any) -> tuple[Widths, ...]:
    """Every pair of [bits]."""
    both = isinstance(data, dict) and set(data) == {"weights", "activations"}
    _check(path, both, "[bits] must have weights and activations", repr(data))
    for name, bits in data.items():
        numbers = isinstance(bits, list) and bool(bits) and all(type(value) is int for value in bits)
        _check(path, numbers, f"{name} of [bits] must be a list of whole numbers", repr(bits))
    try:
        pairs = [Widths(*pair) for pair in itertools.product(data["weights"], data["activations"])]
    except ValueError as error:
        raise _refused(path, str(error), "") from None
    return tuple(dict.fromkeys(pairs))


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
