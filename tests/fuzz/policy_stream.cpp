// Many files in one process: each comes from the standard input, its size (4 bytes, the lowest first) before it.
#include <algorithm>
#include <cstdio>

#include "fuzz/one_policy.hpp"
#include "policy/policy.hpp"

int main() {
  petrl::addPolicyChecks();
  long files = 0, accepted = 0, wrong = 0;
  double slowest = 0;
  std::size_t heap = 0;
  unsigned char head[4];
  while (std::fread(head, 1, 4, stdin) == 4) {
    std::string bytes(head[0] | head[1] << 8 | head[2] << 16 | static_cast<std::size_t>(head[3]) << 24, '\0');
    if (std::fread(&bytes[0], 1, bytes.size(), stdin) != bytes.size()) return 2;
    const petrl::fuzz::Outcome outcome = petrl::fuzz::tryPolicy(bytes);
    if (!outcome.wrong.empty() && ++wrong <= 20) std::printf("%ld: %s\n", files, outcome.wrong.c_str());
    accepted += outcome.accepted;
    slowest = std::max(slowest, outcome.seconds);
    heap = std::max(heap, outcome.heap);
    if (++files % 10000 == 0) std::fprintf(stderr, "%ld files, %ld accepted, %ld wrong\n", files, accepted, wrong);
  }
  std::printf("%ld files, %ld accepted, %ld wrong, slowest %.3f s, most memory %.1f MB\n", files, accepted, wrong,
              slowest, static_cast<double>(heap) / (1 << 20));
  return wrong == 0 ? 0 : 1;
}
