// A board's gateware behind a pseudo-terminal. Arguments: damaged bytes of a million, seed of the damage.
// Prints the terminal's name, then runs until standard input ends. Cycles of a bit: macro DIVISOR.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fcntl.h>
#include <poll.h>
#include <random>
#include <termios.h>
#include <unistd.h>

#include "Vboard.h"
#ifdef SDRAM_RULES
#include "sdram_chip.h"
#endif

namespace {

#ifdef SDRAM_RULES
// The SDRAM behind the board's pads: one register on the way in, the others on the way out.
class Memory {
 public:
  // One cycle, before the edge that ends it.
  void cycle(Vboard& board) {
    word_ = chip_.data();
    chip_.step(out_[0]);
    for (int i = 0; i < PAD_CYCLES - 2; ++i) out_[i] = out_[i + 1];
    out_[PAD_CYCLES - 2] = {board.pins___05Fcommand, board.pins___05Fbank,    board.pins___05Faddress,
                            board.pins___05Fmask,    board.pins___05Fdata_o, board.pins___05Fdata_enable};
    if (!chip_.problem().empty()) {
      std::fprintf(stderr, "a rule of the SDRAM is broken: %s\n", chip_.problem().c_str());
      std::exit(3);
    }
  }
  // Behind that edge.
  void update(Vboard& board) { board.pins___05Fdata_i = word_; }

 private:
  SdramChip chip_{SdramRules{SDRAM_RULES}};
  SdramWires out_[PAD_CYCLES - 1] = {{0, 0, 0, 3, 0, 0}};
  unsigned word_ = 0;
};
#else
struct Memory {
  void cycle(Vboard&) {}
  void update(Vboard&) {}
};
#endif

constexpr int SLICE_CYCLES = 512;       // between two looks at the terminal
constexpr int QUIET_CYCLES = 1'000'000; // without a byte: from then on the processor is shared with others
constexpr std::size_t QUEUE_BYTES = 64;

// Bytes that go astray on the wire: one bit flipped, the byte lost, or the byte twice.
class Noise {
 public:
  Noise(double share, unsigned seed) : share_(share), random_(seed) {}

  void pass(std::uint8_t byte, std::deque<std::uint8_t>& queue) {
    if (std::uniform_real_distribution<>(0, 1)(random_) >= share_) {
      queue.push_back(byte);
      return;
    }
    switch (random_() % 3) {
      case 0: queue.push_back(byte ^ (1u << random_() % 8)); break;
      case 1: break;
      default: queue.insert(queue.end(), 2, byte);
    }
  }

 private:
  double share_;
  std::mt19937 random_;
};

// The host's end of the two wires: 8 data bits, no parity, one stop bit, least significant bit first.
class Wires {
 public:
  explicit Wires(Vboard& board) : board_(board) { board_.rx = 1; }

  bool cycle(std::deque<std::uint8_t>& to_board, Noise& noise, std::deque<std::uint8_t>& from_board) {
    bool moved = send(to_board);
    board_.eval();
    memory_.cycle(board_);
    board_.clk = 1;
    board_.eval();
    memory_.update(board_);
    board_.clk = 0;
    board_.eval();
    return receive(noise, from_board) || moved;
  }

 private:
  bool send(std::deque<std::uint8_t>& queue) {
    if (send_timer_ > 0) {
      --send_timer_;
      return true;
    }
    if (send_bits_ == 0) {
      if (queue.empty()) return false;
      send_shift_ = queue.front() << 1 | 0x200u;
      queue.pop_front();
      send_bits_ = 10;
    }
    board_.rx = send_shift_ & 1;
    send_shift_ >>= 1;
    --send_bits_;
    send_timer_ = DIVISOR - 1;
    return true;
  }

  bool receive(Noise& noise, std::deque<std::uint8_t>& queue) {
    if (receive_bits_ == 0) {
      if (board_.tx) return false;
      receive_bits_ = 10;
      receive_timer_ = DIVISOR / 2;
      receive_shift_ = 0;
    }
    if (receive_timer_ > 0) {
      --receive_timer_;
      return true;
    }
    receive_shift_ |= static_cast<unsigned>(board_.tx) << (10 - receive_bits_);
    receive_timer_ = DIVISOR - 1;
    if (--receive_bits_ == 0) noise.pass(receive_shift_ >> 1 & 0xFF, queue);
    return true;
  }

  Vboard& board_;
  Memory memory_;
  unsigned send_shift_ = 0, receive_shift_ = 0;
  int send_bits_ = 0, send_timer_ = 0, receive_bits_ = 0, receive_timer_ = 0;
};

int open_terminal(int& master) {
  master = posix_openpt(O_RDWR | O_NOCTTY);
  if (master < 0 || grantpt(master) || unlockpt(master)) return -1;
  // Held open here too, so that hosts may come and go.
  int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
  termios settings;
  if (slave < 0 || tcgetattr(slave, &settings)) return -1;
  cfmakeraw(&settings);
  if (tcsetattr(slave, TCSANOW, &settings) || fcntl(master, F_SETFL, O_NONBLOCK)) return -1;
  return slave;
}

void read_terminal(int master, Noise& noise, std::deque<std::uint8_t>& queue) {
  std::uint8_t bytes[QUEUE_BYTES];
  if (queue.size() >= QUEUE_BYTES) return;
  ssize_t count = read(master, bytes, sizeof bytes);
  for (ssize_t i = 0; i < count; ++i) noise.pass(bytes[i], queue);
}

void write_terminal(int master, std::deque<std::uint8_t>& queue) {
  while (!queue.empty() && write(master, &queue.front(), 1) == 1) queue.pop_front();
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) return 2;
  double share = std::atof(arguments[1]) / 1e6;
  unsigned seed = static_cast<unsigned>(std::atoi(arguments[2]));
  int master;
  if (open_terminal(master) < 0) {
    std::perror("pseudo-terminal");
    return 1;
  }
  Vboard board;
  Wires wires(board);
  Noise to_noise(share, seed), from_noise(share, seed + 1);
  std::deque<std::uint8_t> to_board, from_board;
  board.clk = 0;
  board.rst = 1;
  for (int i = 0; i < 4; ++i) wires.cycle(to_board, from_noise, from_board);
  board.rst = 0;
  for (int i = 0; i < 64; ++i) wires.cycle(to_board, from_noise, from_board);
  from_board.clear();
  std::puts(ptsname(master));
  std::fflush(stdout);

  long quiet = 0;
  for (;;) {
    read_terminal(master, to_noise, to_board);
    for (int i = 0; i < SLICE_CYCLES; ++i) {
      if (wires.cycle(to_board, from_noise, from_board)) quiet = 0;
      else ++quiet;
    }
    write_terminal(master, from_board);
    pollfd files[2] = {{STDIN_FILENO, POLLIN, 0}, {master, POLLIN, 0}};
    poll(files, 2, quiet > QUIET_CYCLES ? 1 : 0);
    if (files[0].revents) return 0;
  }
}
