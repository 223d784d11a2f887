// An SDR SDRAM chip of 16 bits with four banks, which checks every rule that a controller must keep.
// Times are in picoseconds and come from the data sheet, not from a controller's count of cycles.

#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

// In the order of fpga/sdram_simulation.py, which writes it.
struct SdramRules {
  int64_t period, row_bits, column_bits;
  int64_t power_up, initial_refreshes, precharge, row_to_column, row_open, row_open_longest, row_cycle;
  int64_t refresh_cycle, bank_to_bank, write_recovery, write_recovery_cycles, mode_cycles, refresh_interval;
  int64_t latency_2, latency_3;
  int64_t owed_refreshes;  // how many a controller may be behind at most
};

struct SdramWires {
  unsigned command, bank, address, mask, data, data_enable;  // command: bit 0 RAS, 1 CAS, 2 WE, asserted high
};

class SdramChip {
 public:
  explicit SdramChip(const SdramRules& rules) : rules_(rules) {
    words_ = static_cast<uint16_t*>(std::calloc(size_t{4} << (rules.row_bits + rules.column_bits), 2));
  }
  ~SdramChip() { std::free(words_); }
  SdramChip(const SdramChip&) = delete;
  SdramChip& operator=(const SdramChip&) = delete;

  // What the wires hold at the next clock edge; noise where the chip does not drive them.
  unsigned data() const {
    const Output& out = outputs_[(edge_ + 1) % OUTPUTS];
    if (out.edge != edge_ + 1) return static_cast<unsigned>(edge_ * 40503u >> 3) & 0xFFFF;
    return out.word;
  }

  // One rising edge of the chip's clock.
  void step(const SdramWires& wires) {
    ++edge_;
    now_ += rules_.period;
    write_second(wires);
    mask(wires);
    if (wires.data_enable && (drives(edge_) || drives(edge_ - 1))) broken("turnaround", "both ends drive the data");
    if (wires.command) command(wires);
    else if (now_ < rules_.power_up && wires.mask != 3) broken("mask", "the mask is not held high after power-up");
    check_refreshes();
  }

  // The first rule that was broken; empty while there is none.
  const std::string& problem() const { return problem_; }
  uint64_t count(unsigned command) const { return counts_[command]; }

 private:
  enum { NOTHING, ACTIVATE, READ, REFRESH, TERMINATE, PRECHARGE, WRITE, LOAD_MODE };
  static constexpr int OUTPUTS = 16;
  static constexpr int64_t NEVER = INT64_MIN / 2;

  struct Bank {
    bool open = false;
    unsigned row = 0;
    int64_t activated = NEVER, precharged = NEVER, written = NEVER, written_edge = NEVER, read_edge = NEVER;
  };
  struct Output {
    int64_t edge = NEVER;
    unsigned word = 0;
  };

  void broken(const char* rule, const std::string& text) {
    if (problem_.empty()) problem_ = std::string(rule) + ": " + text + ", clock edge " + std::to_string(edge_);
  }
  void at_least(const char* rule, int64_t since, int64_t time) {
    if (now_ - since < time)
      broken(rule, std::to_string(now_ - since) + " ps have passed, " + std::to_string(time) + " must");
  }
  bool drives(int64_t edge) const { return edge >= 0 && outputs_[edge % OUTPUTS].edge == edge; }

  void command(const SdramWires& w) {
    ++counts_[w.command];
    if (now_ < rules_.power_up) broken("power-up", "a command comes before the pause has passed");
    at_least("tRFC", refreshed_, rules_.refresh_cycle);
    if (edge_ - mode_edge_ < rules_.mode_cycles) broken("tMRD", "a command follows LOAD MODE too soon");
    switch (w.command) {
      case ACTIVATE: activate(w); break;
      case READ: case WRITE: access(w); break;
      case REFRESH: refresh(); break;
      case PRECHARGE: precharge(w); break;
      case LOAD_MODE: load_mode(w); break;
      default: broken("command", "BURST TERMINATE is not used here");
    }
  }

  void activate(const SdramWires& w) {
    Bank& bank = banks_[w.bank];
    if (!latency_ || initial_refreshes_ < rules_.initial_refreshes)
      broken("start", "ACTIVE comes before PRECHARGE ALL, the initial refreshes and LOAD MODE");
    if (bank.open) broken("bank", "ACTIVE goes to a bank with an open row");
    at_least("tRP", bank.precharged, rules_.precharge);
    at_least("tRC", bank.activated, rules_.row_cycle);
    at_least("tRRD", activated_, rules_.bank_to_bank);
    bank.open = true;
    bank.row = w.address & ((1u << rules_.row_bits) - 1);
    bank.activated = activated_ = now_;
  }

  void access(const SdramWires& w) {
    Bank& bank = banks_[w.bank];
    if (!bank.open) broken("bank", "READ or WRITE goes to a bank without an open row");
    at_least("tRCD", bank.activated, rules_.row_to_column);
    if (w.address >> 10 & 1) broken("command", "auto precharge is not used here");
    if (w.address & 1) broken("burst", "a burst begins at its second word");
    if (edge_ - accessed_edge_ < 2) broken("burst", "a burst is cut off by another one");
    accessed_edge_ = edge_;
    uint16_t* place = &words_[((size_t{bank.row} << 2 | w.bank) << rules_.column_bits) +
                              (w.address & ((1u << rules_.column_bits) - 1))];
    if (w.command == WRITE) {
      write_word(w, place[0]);
      second_ = &place[1];
      second_bank_ = w.bank;
    } else {
      bank.read_edge = edge_;
      for (int i = 0; i < 2; ++i) outputs_[(edge_ + latency_ + i) % OUTPUTS] = {edge_ + latency_ + i, place[i]};
    }
  }

  void write_word(const SdramWires& w, uint16_t& word) {
    if (!w.data_enable) broken("data", "a written word is not on the wires");
    unsigned kept = (w.mask & 1 ? 0xFF : 0) | (w.mask & 2 ? 0xFF00 : 0);
    word = static_cast<uint16_t>((word & kept) | (w.data & ~kept));
  }

  void write_second(const SdramWires& w) {
    if (!second_) return;
    write_word(w, *second_);
    banks_[second_bank_].written = now_;
    banks_[second_bank_].written_edge = edge_;
    second_ = nullptr;
  }

  // The mask hides the word read two edges later.
  void mask(const SdramWires& w) {
    Output& out = outputs_[(edge_ + 2) % OUTPUTS];
    if (out.edge != edge_ + 2) return;
    if (w.mask & 1) out.word ^= 0x5A;
    if (w.mask & 2) out.word ^= 0xA500;
  }

  void precharge(const SdramWires& w) {
    bool all = w.address >> 10 & 1;
    for (unsigned i = 0; i < 4; ++i) {
      if (!all && i != w.bank) continue;
      Bank& bank = banks_[i];
      if (bank.open) {
        at_least("tRAS", bank.activated, rules_.row_open);
        if (now_ - bank.activated > rules_.row_open_longest) broken("tRAS", "a row was open for too long");
        at_least("tWR", bank.written, rules_.write_recovery);
        if (edge_ - bank.written_edge < rules_.write_recovery_cycles) broken("tWR", "too few cycles behind a write");
        if (edge_ - bank.read_edge < 2) broken("burst", "PRECHARGE cuts off a burst");
      }
      bank.open = false;
      bank.precharged = now_;
    }
    if (all) all_precharged_ = true;
  }

  void need_idle(const char* name) {
    for (const Bank& bank : banks_) {
      if (bank.open) broken("bank", std::string(name) + " comes while a row is open");
      at_least("tRP", bank.precharged, rules_.precharge);
      at_least("tRC", bank.activated, rules_.row_cycle);
    }
    if (!all_precharged_) broken("start", std::string(name) + " comes before PRECHARGE ALL");
  }

  void refresh() {
    need_idle("REFRESH");
    refreshed_ = now_;
    ++initial_refreshes_;
    ++refreshes_;
  }

  void load_mode(const SdramWires& w) {
    need_idle("LOAD MODE");
    latency_ = w.address >> 4 & 7;
    if ((w.address & 0xF) != 1 || w.address >> 7) broken("mode", "the mode is not a sequence of two words");
    if (latency_ != 2 && latency_ != 3) broken("mode", "the CAS latency is neither 2 nor 3");
    else if (rules_.period < (latency_ == 2 ? rules_.latency_2 : rules_.latency_3))
      broken("mode", "the clock is too fast for that CAS latency");
    mode_edge_ = edge_;
    first_refresh_ = now_;
    refreshes_ = 0;
  }

  void check_refreshes() {
    if (latency_ && (now_ - first_refresh_) / rules_.refresh_interval - refreshes_ > rules_.owed_refreshes)
      broken("tREFI", "refreshes are late");
  }

  SdramRules rules_;
  uint16_t* words_;
  Bank banks_[4];
  Output outputs_[OUTPUTS];
  int64_t edge_ = -1, now_ = 0;
  int64_t refreshed_ = NEVER, activated_ = NEVER, mode_edge_ = NEVER, accessed_edge_ = NEVER;
  int64_t first_refresh_ = 0, refreshes_ = 0, initial_refreshes_ = 0;
  int latency_ = 0;
  bool all_precharged_ = false;
  uint16_t* second_ = nullptr;
  unsigned second_bank_ = 0;
  uint64_t counts_[8] = {};
  std::string problem_;
};
