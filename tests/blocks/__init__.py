"""The benches of single blocks, once more with cocotb on Verilator.

A block's bench drives it in Amaranth's simulator and compares it with its reference. :mod:`tests.blocks.recording`
keeps what the bench drove and saw in every cycle; :mod:`tests.blocks.replay_bench` drives the block's Verilog with the
same in Verilator, by cocotb, and compares all that the bench saw.
"""
