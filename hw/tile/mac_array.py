"""The multipliers of a tile and the adder trees of its columns."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.spec.config import Target
from tileloom.hw.spec.timing import tree_stages
from tileloom.hw.tile.delay import delayed


def sum_shape(target: Target) -> data.ArrayLayout:
    """Sums of one step: per column the sum of ``lanes`` products."""
    return data.ArrayLayout(signed(2 * target.activation_bits + (target.lanes - 1).bit_length()), target.columns)


class MacArray(wiring.Component):
    """Multiplies a step's activations with its weight word and adds the lanes of each column.

    A step presented in cycle t stands in ``sums`` in t + 2 + tree_stages: operands, products, tree. One step a cycle;
    ``sums`` keeps its value while no step follows.

    Members
    -------
    valid : In
    window : In(activation_bits * window_banks), the activations read
    weights : In(8 * word_bytes), weight ``lane * columns + column``
    channelwise : In, lane l of column c takes activation ``l * columns + c`` (lanes below ``pixels_per_read``, the
        others 0) in place of activation l
    maximum : In, with ``channelwise``: the sum is lane 0's activation itself
    sums : Out, see :func:`sum_shape`
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        super().__init__(
            {
                "valid": In(1),
                "window": In(target.activation_bits * target.window_banks),
                "weights": In(8 * target.word_bytes),
                "channelwise": In(1),
                "maximum": In(1),
                "sums": Out(sum_shape(target)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        lanes, columns, bits = self.target.lanes, self.target.columns, self.target.activation_bits
        stages = tree_stages(lanes)
        valid = delayed(m, self.valid, 2 + stages, "valid")

        s1_window = Signal(bits * lanes * columns, reset_less=True)
        s1_weights = Signal(bits * lanes * columns, reset_less=True)
        with m.If(valid[0]):
            m.d.sync += [
                s1_window.eq(Cat(self._activation(lane, c) for lane in range(lanes) for c in range(columns))),
                s1_weights.eq(Cat(self._weight(lane, c) for lane in range(lanes) for c in range(columns))),
            ]
        for column in range(columns):
            products = []
            for lane in range(lanes):
                place = lane * columns + column
                product = Signal(signed(2 * bits), name=f"product_{lane}_{column}", reset_less=True)
                activation = s1_window.word_select(place, bits).as_signed()
                weight = s1_weights.word_select(place, bits).as_signed()
                with m.If(valid[1]):
                    m.d.sync += product.eq(activation * weight)
                products.append(product)
            m.d.comb += self.sums[column].eq(self._tree(m, products, valid[2:], column))
        return m

    # Operands are masked with gates: from a choice of 0 synthesis would make registers with a reset, which those inside
    # of a multiplier do not take.
    def _activation(self, lane: int, column: int) -> Value:
        bits = self.target.activation_bits
        dense = self.window.word_select(lane, bits)
        if not self.target.channelwise:
            return dense
        if lane >= self.target.pixels_per_read:
            return dense & ~self.channelwise.replicate(bits)
        return Mux(self.channelwise, self.window.word_select(lane * self.target.columns + column, bits), dense)

    def _weight(self, lane: int, column: int) -> Value:
        bits = self.target.weight_bits
        weight = self.weights.word_select(lane * self.target.columns + column, bits)
        if not self.target.channelwise:
            return weight
        one = self.maximum if lane == 0 else Const(0)
        return weight & ~self.maximum.replicate(bits) | one

    def _tree(self, m: Module, values: list[Value], valid: list[Value], column: int) -> Value:
        """Sums of four, registered, until one is left."""
        stage = 0
        while len(values) > 1:
            sums = []
            for i in range(0, len(values), 4):
                four = values[i : i + 4]
                total = sum(four[1:], start=four[0])
                register = Signal(total.shape(), name=f"sum_{stage}_{i // 4}_{column}", reset_less=True)
                with m.If(valid[stage]):
                    m.d.sync += register.eq(total)
                sums.append(register)
            values, stage = sums, stage + 1
        return values[0]
