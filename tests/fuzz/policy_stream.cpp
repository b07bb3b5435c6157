// Many files in one process: each comes from the standard input, its size (4 bytes, the lowest first) before it. With a
// number as argument each is also tried so many times with some bytes changed.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "fuzz/one_policy.hpp"
#include "policy/policy.hpp"

// A few bytes of one kind each: single ones, or numbers of 2, 4 or 8 bytes.
static std::string changed(std::string bytes, std::mt19937_64 &rng) {
  for (std::size_t n = 1 + rng() % 4; n > 0; --n) {
    static const std::size_t widths[] = {1, 1, 2, 4, 8};
    const std::size_t width = widths[rng() % 5];
    if (bytes.size() <= width) break;
    const std::size_t at =
        rng() % (rng() % 2 == 0 ? bytes.size() - width : std::min<std::size_t>(bytes.size() - width, 4096));
    const std::uint64_t values[] = {0,           ~std::uint64_t{0},    rng(),
                                    rng() % 256, rng() % bytes.size(), std::uint64_t{1} << rng() % 64};
    const std::uint64_t value = values[rng() % 6];
    for (std::size_t i = 0; i < width; ++i) bytes[at + i] = static_cast<char>(value >> 8 * i);
  }
  return bytes;
}

int main(int argc, char **argv) {
  const int more = argc > 1 ? std::atoi(argv[1]) : 0;
  petrl::addPolicyChecks();
  long files = 0, accepted = 0, wrong = 0, received = 0;
  double slowest = 0;
  std::size_t heap = 0;
  unsigned char head[4];
  while (std::fread(head, 1, 4, stdin) == 4) {
    std::string bytes(head[0] | head[1] << 8 | head[2] << 16 | static_cast<std::size_t>(head[3]) << 24, '\0');
    if (std::fread(&bytes[0], 1, bytes.size(), stdin) != bytes.size()) return 2;
    std::mt19937_64 rng(static_cast<std::uint64_t>(received));
    for (int i = 0; i <= more; ++i) {
      const petrl::fuzz::Outcome outcome = petrl::fuzz::tryPolicy(i == 0 ? bytes : changed(bytes, rng));
      if (!outcome.wrong.empty() && ++wrong <= 20)
        std::printf("file %ld, change %d: %s\n", received, i, outcome.wrong.c_str());
      accepted += outcome.accepted;
      slowest = std::max(slowest, outcome.seconds);
      heap = std::max(heap, outcome.heap);
      if (++files % 10000 == 0) std::fprintf(stderr, "%ld files, %ld accepted, %ld wrong\n", files, accepted, wrong);
    }
    ++received;
  }
  std::printf("%ld files, %ld accepted, %ld wrong, slowest %.3f s, most memory %.1f MB\n", files, accepted, wrong,
              slowest, static_cast<double>(heap) / (1 << 20));
  return wrong == 0 ? 0 : 1;
}
