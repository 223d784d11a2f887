"""Presets whose tiles have every unit, so that any random layer or program runs on them."""

from tileloom.hw.spec.config import load_target, presets

COMPLETE = [name for name in presets() if load_target(name).residual_bytes]
