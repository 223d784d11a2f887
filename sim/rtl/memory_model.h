// The memory behind the accelerator's AXI4 port: docs/architecture.md, "Servers", or random pauses on every channel.
//
// One call of `step` a cycle, after the clock edge: it sees the master's outputs of the cycle, sets the master's inputs
// for it, and notes what handshakes. It watches the protocol: the first thing that AXI4 or the contract forbids is kept
// as a sentence in `violation`.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <deque>
#include <string>

namespace tileloom {

// What a run asks of the memory; every field is 64 bits wide so that Python's ctypes needs no padding rules.
struct MemoryRequest {
    uint8_t* bytes;
    uint64_t size;
    uint64_t base;
    uint64_t read_latency, write_latency;
    uint64_t pause_period, pause_cycles;
    uint64_t random_seed;           // 0: pauses as above; otherwise random ones on every channel
    uint64_t failing_read_beat;     // number of the beat, from 1, that answers with an error; 0: none
    uint64_t failing_write;         // number of the response, from 1, that is an error; 0: none
    uint64_t silent_from;           // cycle from which the memory does nothing any more; 0: never
};

// A pause generator of one channel: runs of random length, about a third of the cycles.
class RandomPause {
public:
    void seed(uint64_t value) { state_ = value * 0x9E3779B97F4A7C15ull + 0xD1B54A32D192ED03ull; left_ = 0; }
    bool next() {
        if (left_ == 0) {
            uint64_t r = random();
            paused_ = r % 3 == 0;
            left_ = 1 + (r >> 8) % ((r >> 40) % 16 == 0 ? 60 : 6);
        }
        --left_;
        return paused_;
    }

private:
    uint64_t random() {
        state_ ^= state_ << 13; state_ ^= state_ >> 7; state_ ^= state_ << 17;
        return state_;
    }
    uint64_t state_ = 1, left_ = 0;
    bool paused_ = false;
};

// `Port` is the Verilated model; `Bytes` the width of the port, `Burst` the bytes that no burst crosses a multiple of.
template <class Port, unsigned Bytes, unsigned Burst>
class Memory {
public:
    void begin(const MemoryRequest& request) {
        request_ = request;
        reads_.clear(); writes_.clear(); beats_.clear(); responses_.clear();
        for (unsigned c = 0; c < 5; ++c) pause_[c].seed(request.random_seed * 8 + c + 1);
        read_beats = written_beats = responses = 0;
        violation.clear();
        held_ar_ = held_aw_ = false;
    }

    bool busy() const { return !reads_.empty() || !writes_.empty() || !beats_.empty() || !responses_.empty(); }

    uint64_t open_reads() const { return reads_.size(); }
    uint64_t open_writes() const { return writes_.size() + responses_.size(); }

    void step(Port& port, uint64_t cycle) {
        bool paused[5];
        decide_pauses(cycle, paused);
        read_address(port, cycle, paused[0]);
        read_data(port, cycle, paused[1]);
        write_address(port, cycle, paused[2]);
        write_data(port, cycle, paused[3]);
        respond(port, cycle, paused[4]);
    }

    uint64_t read_beats = 0, written_beats = 0, responses = 0;
    std::string violation;

private:
    struct Read { uint64_t address, ready; unsigned left, id; };
    struct Write { uint64_t address; unsigned left, id; };
    struct Beat { uint8_t data[Bytes]; uint64_t strobes; bool last; };
    struct Response { uint64_t ready; unsigned id; };

    void decide_pauses(uint64_t cycle, bool* paused) {
        bool all = request_.pause_period && cycle % request_.pause_period < request_.pause_cycles;
        if (request_.silent_from && cycle >= request_.silent_from) all = true;
        for (unsigned c = 0; c < 5; ++c) paused[c] = all || (request_.random_seed && pause_[c].next());
    }

    void complain(const char* what, uint64_t cycle, uint64_t address) {
        if (!violation.empty()) return;
        char text[200];
        std::snprintf(text, sizeof text, "%s in cycle %llu, address 0x%llx", what, (unsigned long long)cycle,
                      (unsigned long long)address);
        violation = text;
    }

    void check_burst(uint64_t cycle, uint64_t address, unsigned length, unsigned size, unsigned kind) {
        uint64_t last = address + uint64_t(length) * Bytes;
        if (address % Bytes) complain("a burst does not start at a whole beat", cycle, address);
        if (address / Burst != last / Burst) complain("a burst crosses a burst boundary", cycle, address);
        if ((1u << size) != Bytes || kind != 1) complain("a burst is not incrementing whole beats", cycle, address);
        if (address < request_.base || last + Bytes > request_.base + request_.size)
            complain("a burst leaves the address window", cycle, address);
    }

    void read_address(Port& port, uint64_t cycle, bool paused) {
        if (held_ar_ && (!port.m_axi_arvalid || port.m_axi_araddr != held_ar_address_))
            complain("a read request changed before its handshake", cycle, held_ar_address_);
        held_ar_ = port.m_axi_arvalid && paused;
        held_ar_address_ = port.m_axi_araddr;
        port.m_axi_arready = !paused;
        if (!port.m_axi_arvalid || paused) return;
        check_burst(cycle, port.m_axi_araddr, port.m_axi_arlen, port.m_axi_arsize, port.m_axi_arburst);
        reads_.push_back({port.m_axi_araddr, cycle + request_.read_latency, port.m_axi_arlen + 1u, port.m_axi_arid});
    }

    void read_data(Port& port, uint64_t cycle, bool paused) {
        port.m_axi_rvalid = 0;
        if (paused || reads_.empty() || reads_.front().ready > cycle) return;
        if (!port.m_axi_rready) return complain("RREADY is low", cycle, reads_.front().address);
        Read& read = reads_.front();
        uint64_t offset = read.address - request_.base;
        if (offset + Bytes <= request_.size)
            std::memcpy(&port.m_axi_rdata, request_.bytes + offset, Bytes);
        else
            std::memset(&port.m_axi_rdata, 0xEE, Bytes);
        port.m_axi_rvalid = 1;
        port.m_axi_rid = read.id;
        port.m_axi_rresp = ++read_beats == request_.failing_read_beat ? 2 : 0;
        port.m_axi_rlast = read.left == 1;
        read.address += Bytes;
        if (--read.left == 0) reads_.pop_front();
    }

    void write_address(Port& port, uint64_t cycle, bool paused) {
        if (held_aw_ && (!port.m_axi_awvalid || port.m_axi_awaddr != held_aw_address_))
            complain("a write request changed before its handshake", cycle, held_aw_address_);
        held_aw_ = port.m_axi_awvalid && paused;
        held_aw_address_ = port.m_axi_awaddr;
        port.m_axi_awready = !paused;
        if (!port.m_axi_awvalid || paused) return;
        check_burst(cycle, port.m_axi_awaddr, port.m_axi_awlen, port.m_axi_awsize, port.m_axi_awburst);
        writes_.push_back({port.m_axi_awaddr, port.m_axi_awlen + 1u, port.m_axi_awid});
    }

    void write_data(Port& port, uint64_t cycle, bool paused) {
        port.m_axi_wready = !paused;
        if (port.m_axi_wvalid && !paused) {
            Beat beat;
            beat.strobes = 0;
            std::memcpy(beat.data, &port.m_axi_wdata, Bytes);
            std::memcpy(&beat.strobes, &port.m_axi_wstrb, sizeof port.m_axi_wstrb);
            beat.last = port.m_axi_wlast;
            beats_.push_back(beat);
            ++written_beats;
        }
        while (!beats_.empty() && !writes_.empty()) {  // a beat may come before its address
            Write& write = writes_.front();
            const Beat& beat = beats_.front();
            uint64_t offset = write.address - request_.base;
            if (offset + Bytes <= request_.size)
                for (unsigned i = 0; i < Bytes; ++i)
                    if (beat.strobes >> i & 1) request_.bytes[offset + i] = beat.data[i];
            write.address += Bytes;
            if (beat.last != (--write.left == 0)) complain("WLAST is wrong", cycle, write.address);
            beats_.pop_front();
            if (write.left == 0) {
                responses_.push_back({cycle + request_.write_latency, write.id});
                writes_.pop_front();
            }
        }
    }

    void respond(Port& port, uint64_t cycle, bool paused) {
        port.m_axi_bvalid = 0;
        if (paused || responses_.empty() || responses_.front().ready > cycle) return;
        if (!port.m_axi_bready) return complain("BREADY is low", cycle, 0);
        port.m_axi_bvalid = 1;
        port.m_axi_bid = responses_.front().id;
        port.m_axi_bresp = ++responses == request_.failing_write ? 2 : 0;
        responses_.pop_front();
    }

    MemoryRequest request_{};
    std::deque<Read> reads_;
    std::deque<Write> writes_;
    std::deque<Beat> beats_;
    std::deque<Response> responses_;
    RandomPause pause_[5];
    bool held_ar_ = false, held_aw_ = false;
    uint64_t held_ar_address_ = 0, held_aw_address_ = 0;
};

}  // namespace tileloom
