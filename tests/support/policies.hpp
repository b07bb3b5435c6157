// Small policies for tests.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "adapt/specification.hpp"
#include "base/error.hpp"
#include "policy/policy.hpp"

namespace petrl::test {

/// A step-size policy whose network ignores what it observes and always answers tanh(bias).
inline Policy constantPolicy(const std::vector<std::string> &names, const std::string &transform, double low,
                             double high, float bias) {
  Policy p = stepPolicySpecification(names, transform, low, high);
  p.network.parameters = {{"activation", "relu"}, {"output", "tanh"}};
  p.network.weights["layer0/weight"] = {{1, names.size()}, std::vector<float>(names.size(), 0.f)};
  p.network.weights["layer0/bias"] = {{1}, {bias}};
  p.provenance.config = "test: true\n";
  p.provenance.version = "test";
  p.provenance.libraries = "none";
  return p;
}

/// A file name that no other test uses.
inline std::string temporary(const std::string &name) {
  return ::testing::TempDir() + "petrl-" + std::to_string(getpid()) + "-" + name;
}

/// What `f` throws, as text; "no error" if nothing.
template <typename F>
std::string messageOf(F &&f) {
  try {
    f();
  } catch (const Error &e) {
    return e.what();
  }
  return "no error";
}

/// Expects every one of `parts` within `text`.
inline void expectParts(const std::string &text, const std::vector<std::string> &parts) {
  for (const auto &part : parts) EXPECT_NE(text.find(part), std::string::npos) << "'" << part << "' not in: " << text;
}

}  // namespace petrl::test
