"""The CRC of the host link's frames, bit by bit, for proofs to compare with."""

from amaranth.hdl import Cat, Const, Mux, Value


def crc_step(crc: Value, byte: Value) -> Value:
    """CRC-16/XMODEM of one byte more: polynomial 0x1021, highest bit first."""
    for bit in reversed(range(8)):
        shifted = Cat(Const(0, 1), crc[:15])
        crc = Mux(crc[15] ^ byte[bit], shifted ^ 0x1021, shifted)[:16]
    return crc
