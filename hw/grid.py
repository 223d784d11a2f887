"""The grid: the tiles and the lines between them."""

from amaranth.hdl import ClockSignal, Instance, Module, ResetInserter, ResetSignal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tileloom.hw.interfaces import (
    ActivationLine,
    ConfigurationLine,
    Reservation,
    SlotLine,
    TilePorts,
    TileStatus,
    WeightLine,
)
from tileloom.hw.spec.config import Target
from tileloom.hw.tile.tile import Tile

TILE_MODULE = "tileloom_tile"


class TileInstance(wiring.Component):
    """A tile whose Verilog module (``TILE_MODULE``) is made apart, so that equal tiles are emitted once.

    Members
    -------
    as of ``TilePorts``, and ``soft_reset`` : In(1)
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        super().__init__({**TilePorts(target).members, "soft_reset": In(1)})

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        ports = {}
        for path, member, value in self.signature.flatten(self):
            if path != ("soft_reset",):
                ports[("i_" if member.flow == In else "o_") + "__".join(map(str, path))] = value
        m.submodules.tile = Instance(TILE_MODULE, i_clk=ClockSignal(), i_rst=ResetSignal() | self.soft_reset, **ports)
        return m


class Grid(wiring.Component):
    """Tiles on their global lines, each joined to the next by its local line.

    Parameters
    ----------
    tiles_apart : tiles are instances of a Verilog module that is made apart

    Members
    -------
    soft_reset : In(1), resets the control state of every tile
    active : In(1), as of ``TilePorts``
    configuration, slots, status : one of each for every tile
    activations, weights : lines A and W
    reserve_activations, reserve_weights : their reservations
    """

    def __init__(self, target: Target, *, tiles_apart: bool = False) -> None:
        self.target = target
        self.tiles_apart = tiles_apart
        super().__init__(
            {
                "soft_reset": In(1),
                "active": In(1),
                "configuration": In(ConfigurationLine()).array(target.tiles),
                "activations": In(ActivationLine(target)),
                "weights": In(WeightLine(target)),
                "reserve_activations": In(Reservation(target)),
                "reserve_weights": In(Reservation(target)),
                "slots": In(SlotLine(target)).array(target.tiles),
                "status": Out(TileStatus()).array(target.tiles),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        tiles = []
        for number in range(self.target.tiles):
            if self.tiles_apart:
                tile = TileInstance(self.target)
                m.d.comb += tile.soft_reset.eq(self.soft_reset)
                m.submodules[f"tile_{number}"] = tile
            else:
                tile = Tile(self.target)
                m.submodules[f"tile_{number}"] = ResetInserter(self.soft_reset)(tile)
            tiles.append(tile)
        for number, tile in enumerate(tiles):
            self._join(m, number, tile)
            if number + 1 < len(tiles):
                connect(m, tile.partial_out, tiles[number + 1].partial_in)
        return m

    def _join(self, m: Module, number: int, tile: Tile | TileInstance) -> None:
        """One tile to its own lines and to its bit of the lines that all share."""
        connect(m, flipped(self.configuration[number]), tile.configuration)
        connect(m, flipped(self.slots[number]), tile.slot)
        connect(m, flipped(self.status[number]), tile.status)
        m.d.comb += tile.active.eq(self.active)
        for line, own in ((self.activations, tile.activations), (self.weights, tile.weights)):
            for name in own.signature.members:
                value = getattr(line, name)
                m.d.comb += getattr(own, name).eq(value[number] if name == "mask" else value)
        for reservation, own in (
            (self.reserve_activations, tile.reserve_activations),
            (self.reserve_weights, tile.reserve_weights),
        ):
            m.d.comb += [
                own.amount.eq(reservation.amount),
                own.destination.eq(reservation.destination),
                own.claim.eq(reservation.claim[number]),
                reservation.room[number].eq(own.room),
            ]
