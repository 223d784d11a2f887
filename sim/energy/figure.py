"""A number that is not known exactly: its value, the range that it may lie in, and whether all of it was published."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A positive number with its range; ``calibrated`` is false where a part of it is our own estimate."""

    value: float
    low: float
    high: float
    calibrated: bool = True

    def __mul__(self, factor: float) -> "Figure":
        return Figure(self.value * factor, self.low * factor, self.high * factor, self.calibrated)

    def __add__(self, other: "Figure") -> "Figure":
        """The sum; ranges add, as errors of one table go together. What is exactly 0 makes nothing uncalibrated."""
        calibrated = (self.calibrated or not self.high) and (other.calibrated or not other.high)
        return Figure(self.value + other.value, self.low + other.low, self.high + other.high, calibrated)

    def times(self, other: "Figure") -> "Figure":
        """The product of two figures."""
        calibrated = self.calibrated and other.calibrated
        return Figure(self.value * other.value, self.low * other.low, self.high * other.high, calibrated)


NOTHING = Figure(0.0, 0.0, 0.0)
