// The batch harness of sim/rtl with its model traced: switching activity (SAIF) or waves (FST) of a window of cycles.
//
// One sample a cycle, when everything has settled before the clock's rising edge: what changes within a cycle and back
// is not seen, and the clock itself stands still. TRACE_HEADER and TRACE_CLASS are those of the format; CLOCK_PS is the
// length of a cycle in the file.

#include <memory>

#include "Vtileloom.h"
#include TRACE_HEADER
#include "verilated.h"

namespace tileloom {

class TracedModel : public Vtileloom {
public:
    TracedModel(VerilatedContext* context, const char* name) : Vtileloom(context, name), context_(context) {
        context->traceEverOn(true);
        current = this;
    }

    // Cycles are counted from the next start strobe, which is in cycle 0; `last` is not in the window any more.
    void window(const char* path, uint64_t first, uint64_t last) {
        path_ = path;
        first_ = first;
        last_ = last;
        cycle_ = 0;
        started_ = false;
    }

    void eval() {
        Vtileloom::eval();
        if (clk) return;
        if (!path_.empty()) {
            if (trace_start && !started_) { started_ = true; cycle_ = 0; }
            if (started_) {
                if (cycle_ == first_) open();
                if (cycle_ == last_) close();
                ++cycle_;
            }
        }
        context_->timeInc(CLOCK_PS);
        if (trace_) trace_->dump(context_->time());
    }

    void close() {
        if (trace_) trace_->close();
        trace_.reset();
        path_.clear();
    }

    inline static TracedModel* current = nullptr;

private:
    void open() {
        context_->time(0);  // a SAIF file counts from 0 to its end, whenever it was opened
        trace_ = std::make_unique<TRACE_CLASS>();
        trace(trace_.get(), 99);
        trace_->open(path_.c_str());
        trace_->dump(context_->time());
    }

    VerilatedContext* context_;
    std::unique_ptr<TRACE_CLASS> trace_;
    std::string path_;
    uint64_t first_ = 0, last_ = 0, cycle_ = 0;
    bool started_ = false;
};

}  // namespace tileloom

#define Vtileloom TracedModel
#include "harness.cpp"

extern "C" {
void tileloom_window(void*, const char* path, uint64_t first, uint64_t last) {
    tileloom::TracedModel::current->window(path, first, last);
}
void tileloom_end_window(void*) { tileloom::TracedModel::current->close(); }
}
