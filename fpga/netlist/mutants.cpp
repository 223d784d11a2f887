// What a netlist with mutations calls (fpga/netlist/verilog.py), and how the bench chooses the one that is switched on.

#include <cstdint>

namespace {
int selected = 0;
uint64_t low = 0, high = 0, reached = 0;  // by mutation: what its cell's output has been, and whether it would act
}  // namespace

extern "C" {
int tileloom_mutant() { return selected; }
void tileloom_probe(unsigned long long outputs, unsigned long long now_reached) {
    low |= ~outputs;
    high |= outputs;
    reached |= now_reached;
}
void tileloom_select(int number) {
    selected = number;
    low = high = reached = 0;
}
uint64_t tileloom_toggled() { return low & high; }
uint64_t tileloom_reached() { return reached; }
}
