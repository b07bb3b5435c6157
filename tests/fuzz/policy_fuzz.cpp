// libFuzzer: any bytes.
#include <petrl.h>

#include <cstdio>
#include <cstdlib>

#include "fuzz/one_policy.hpp"
#include "policy/policy.hpp"

extern "C" int LLVMFuzzerInitialize(int *, char ***) {
  petrl::addPolicyChecks();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, std::size_t size) {
  const auto outcome = petrl::fuzz::tryPolicy(std::string(reinterpret_cast<const char *>(data), size));
  if (outcome.wrong.empty()) return 0;
  std::fprintf(stderr, "%s\n", outcome.wrong.c_str());
  std::abort();
}
