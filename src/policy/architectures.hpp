// The architectures of networks that policies may have: one row each, and whoever wants one goes through its row.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "policy/backend.hpp"
#include "policy/policy.hpp"

namespace petrl {

struct NetworkSize {
  std::size_t inputs, outputs;  ///< as many as the policy has observations and actions
};

/// What all networks "lamp" have in common (src/problems/nonlinear1d/lamp uses them).
struct LampShape {
  static constexpr int bundle = 25, parameters = 4, edge_inputs = 2, counts = 20, decisions = 4 + 2 * counts;
};

/// The same of networks "lamp2d" (src/problems/lamp2d).
struct Lamp2dShape {
  static constexpr int node_inputs = 3, edge_inputs = 3, counts = 20, decisions = 7 + 2 * counts;
};

struct Architecture {
  const char *name;
  std::vector<std::string> kinds;  ///< of the policies that may have it
  /// Checks parameters and weights. Throws petrl::Error naming `source`, the key, what was found and expected.
  NetworkSize (*validate)(const Policy &policy, const std::string &source);
  /// What evaluates it: of the interface that goes with the policy's kind. Throws petrl::Error naming `source`.
  std::unique_ptr<Backend> (*make)(const Policy &policy, const std::string &source);
  /// For `petrl info`: what follows its name, then lines of their own.
  std::vector<std::string> (*describe)(const Policy &policy);
  bool used = true;  ///< by what this library has for policies of the kind, see addPolicyCheck()
};

/// The row of a policy's network. Throws petrl::Error naming `source` unless policies of its kind may have it.
PETRL_API const Architecture &architectureOf(const Policy &policy, const std::string &source);

/// A backend with the interface B. Throws petrl::Error naming `source`.
template <typename B>
std::unique_ptr<B> makeBackend(const Policy &policy, const std::string &source) {
  std::unique_ptr<Backend> made = architectureOf(policy, source).make(policy, source);
  auto *wanted = dynamic_cast<B *>(made.get());
  if (wanted == nullptr)
    throw Error(source + ": a " + policy.kind + " policy cannot be evaluated here", PETSC_ERR_ARG_WRONG);
  (void)made.release();
  return std::unique_ptr<B>(wanted);
}

}  // namespace petrl
