// Batch simulation of the accelerator: one call runs one frame, from the register writes to done or error.
//
// Compiled with the Verilated model into a shared library (hw/build.py) and used through ctypes (sim/rtl/engine.py).
// TILES, PORT_BYTES and BURST_BYTES are the target's. Several programs run one after another on one instance.

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "Vtileloom.h"
#include "memory_model.h"
#include "verilated.h"

namespace tileloom {

constexpr unsigned kCauses = 8;
constexpr unsigned kRun = 0;  // the cause that is no wait
enum RegisterOffset : uint32_t {
    kControl = 0x00, kStatus = 0x04, kWindowBase = 0x08, kWindowBytes = 0x0C, kProgramAddress = 0x10,
    kProgramBytes = 0x14, kCycles = 0x18, kProgramCounter = 0x1C, kStored = 0x30, kStall = 0x40,
};

struct RunRequest {
    MemoryRequest memory;
    uint64_t window_bytes, program_address, program_bytes;
    uint64_t abort_cycle;   // cycle in which CONTROL gets its abort, about; 0: never
    uint64_t reset_cycle;   // cycle with a hard reset, after which the call returns; 0: never
    uint64_t cycle_limit;   // a run that is not over by then is given up
    uint64_t wants_waits;   // 1: every stall is kept with its place in time, for tileloom_waits
};

struct RunReport {
    uint64_t over;                   // 1: done or error; 0: given up, or reset
    uint64_t cycles;                 // counted here, from the strobe to done
    uint64_t cycles_register, status, program_counter, stored;
    uint64_t read_beats, written_beats;
    uint64_t jobs;                   // number of entries for tileloom_jobs
    uint64_t waits;                  // number of entries for tileloom_waits
    uint64_t causes[TILES][kCauses];  // counted here
    uint64_t cause_registers[kCauses];
    uint64_t last_cause[TILES];      // of the last cycle that ran
    uint64_t open_reads, open_writes;  // bursts that the memory had not answered then
};

struct Job { uint64_t start, end, tile, tag; };
struct Wait { uint64_t tile, cause, start, end; };  // cycles start to end, not included

inline uint64_t word_at(const uint8_t* bytes, unsigned bit, unsigned width) {
    uint64_t value = 0;
    unsigned first = bit / 8, last = (bit + width - 1) / 8;
    for (unsigned i = first; i <= last; ++i) value |= uint64_t(bytes[i]) << 8 * (i - first);
    return value >> bit % 8 & ((1ull << width) - 1);
}

class Machine {
public:
    Machine() : context_(new VerilatedContext), top_(new Vtileloom(context_.get(), "tileloom")) { reset(); }
    ~Machine() { top_->final(); }

    void reset() {
        Vtileloom& t = *top_;
        t.m_axi_arready = t.m_axi_rvalid = t.m_axi_awready = t.m_axi_wready = t.m_axi_bvalid = 0;
        t.s_axil_awvalid = t.s_axil_wvalid = t.s_axil_arvalid = 0;
        t.s_axil_bready = t.s_axil_rready = 1;
        t.rst = 1;
        for (int i = 0; i < 4; ++i) edge();
        t.rst = 0;
        edge();
    }

    void run(const RunRequest& request, RunReport& report) {
        std::memset(&report, 0, sizeof report);
        jobs_.clear();
        waits_.clear();
        wants_waits_ = request.wants_waits;
        for (unsigned tile = 0; tile < TILES; ++tile) now_[tile] = {tile, kRun, 1, 1};
        memory_.begin(request.memory);
        started_ = over_ = false;
        cycle_ = 0;
        report_ = &report;
        write(kWindowBase, uint32_t(request.memory.base));
        write(kWindowBytes, uint32_t(request.window_bytes));
        write(kProgramAddress, uint32_t(request.program_address));
        write(kProgramBytes, uint32_t(request.program_bytes));
        write(kControl, 1);
        while (!over_ && cycle_ < request.cycle_limit) {
            if (request.abort_cycle && cycle_ == request.abort_cycle) { write(kControl, 2); continue; }
            if (request.reset_cycle && cycle_ == request.reset_cycle) {
                reset();
                memory_.begin(request.memory);  // the memory is reset with the machine
                break;
            }
            tick();
        }
        report.over = over_;
        report.open_reads = memory_.open_reads();
        report.open_writes = memory_.open_writes();
        uint64_t limit = cycle_ + request.cycle_limit;  // bursts under way come to their end
        while (over_ && (report.status = read(kStatus)) & 1 && cycle_ < limit) {}
        report.cycles_register = read(kCycles);
        report.program_counter = read(kProgramCounter);
        report.stored = read(kStored);
        for (unsigned c = 0; c < kCauses; ++c) report.cause_registers[c] = read(kStall + 4 * c);
        report.read_beats = memory_.read_beats;
        report.written_beats = memory_.written_beats;
        for (unsigned tile = 0; tile < TILES; ++tile) keep(now_[tile]);
        report.jobs = jobs_.size();
        report.waits = waits_.size();
        if (over_ && memory_.busy() && memory_.violation.empty() && !(report.status & 1))
            memory_.violation = "the machine is no longer busy, but the memory is";
    }

    const std::vector<Job>& jobs() const { return jobs_; }
    const std::vector<Wait>& waits() const { return waits_; }
    const std::string& violation() const { return memory_.violation; }
    uint64_t total_cycles = 0;

private:
    void edge() {
        top_->clk = 0;
        top_->eval();
        top_->clk = 1;
        top_->eval();
        ++total_cycles;
    }

    // One cycle: the outputs are those of the present cycle, the inputs are set for it.
    void tick() {
        Vtileloom& t = *top_;
        if (t.trace_start) { started_ = true; cycle_ = 0; }
        memory_.step(t, cycle_);
        if (t.trace_running) {
            report_->cycles = cycle_;
            observe();
        } else if (started_ && cycle_ > 0) {
            over_ = true;
            started_ = false;
        }
        edge();
        ++cycle_;
    }

    void observe() {
        const uint8_t* causes = reinterpret_cast<const uint8_t*>(&top_->trace_cause);
        const uint8_t* starts = reinterpret_cast<const uint8_t*>(&top_->trace_job_start);
        const uint8_t* ends = reinterpret_cast<const uint8_t*>(&top_->trace_job_end);
        for (unsigned tile = 0; tile < TILES; ++tile) {
            const unsigned cause = unsigned(word_at(causes, 3 * tile, 3));
            ++report_->causes[tile][cause];
            report_->last_cause[tile] = cause;
            if (wants_waits_) {
                Wait& now = now_[tile];
                if (now.cause != cause) {
                    keep(now);
                    now = {tile, cause, cycle_, cycle_};
                }
                now.end = cycle_ + 1;
            }
            if (starts[tile / 8] >> tile % 8 & 1) job_start_[tile] = cycle_;
            if (ends[tile / 8] >> tile % 8 & 1) {
                const uint8_t* tags = reinterpret_cast<const uint8_t*>(&top_->trace_tag);
                jobs_.push_back({job_start_[tile], cycle_, tile, word_at(tags, 16 * tile, 16)});
            }
        }
    }

    // A stretch of one cause; what a tile computes is no wait.
    void keep(const Wait& wait) {
        if (wait.cause != kRun && wait.end > wait.start) waits_.push_back(wait);
    }

    void write(uint32_t offset, uint32_t data) {
        Vtileloom& t = *top_;
        t.s_axil_awaddr = offset; t.s_axil_awvalid = 1;
        t.s_axil_wdata = data; t.s_axil_wstrb = 15; t.s_axil_wvalid = 1;
        while (t.s_axil_awvalid || t.s_axil_wvalid) {
            bool address = t.s_axil_awready, value = t.s_axil_wready;
            tick();
            if (address) t.s_axil_awvalid = 0;
            if (value) t.s_axil_wvalid = 0;
        }
        while (!t.s_axil_bvalid) tick();
        tick();
    }

    uint32_t read(uint32_t offset) {
        Vtileloom& t = *top_;
        t.s_axil_araddr = offset; t.s_axil_arvalid = 1;
        while (!t.s_axil_arready) tick();
        tick();
        t.s_axil_arvalid = 0;
        while (!t.s_axil_rvalid) tick();
        uint32_t data = t.s_axil_rdata;
        tick();
        return data;
    }

    std::unique_ptr<VerilatedContext> context_;
    std::unique_ptr<Vtileloom> top_;
    Memory<Vtileloom, PORT_BYTES, BURST_BYTES> memory_;
    RunReport* report_ = nullptr;
    std::vector<Job> jobs_;
    std::vector<Wait> waits_;
    Wait now_[TILES] = {};
    bool wants_waits_ = false;
    uint64_t job_start_[TILES] = {};
    uint64_t cycle_ = 0;
    bool started_ = false, over_ = false;
};

}  // namespace tileloom

using tileloom::Machine;

extern "C" {
void* tileloom_create() { return new Machine; }
void tileloom_destroy(void* machine) { delete static_cast<Machine*>(machine); }
void tileloom_reset(void* machine) { static_cast<Machine*>(machine)->reset(); }
void tileloom_run(void* machine, const tileloom::RunRequest* request, tileloom::RunReport* report) {
    static_cast<Machine*>(machine)->run(*request, *report);
}
const tileloom::Job* tileloom_jobs(void* machine) { return static_cast<Machine*>(machine)->jobs().data(); }
const tileloom::Wait* tileloom_waits(void* machine) { return static_cast<Machine*>(machine)->waits().data(); }
const char* tileloom_violation(void* machine) { return static_cast<Machine*>(machine)->violation().c_str(); }
uint64_t tileloom_total_cycles(void* machine) { return static_cast<Machine*>(machine)->total_cycles; }
}
