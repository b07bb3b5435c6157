// A policy ready to decide: specification and the back end that evaluates its network.
#pragma once

#include <memory>
#include <string>

#include "policy/backend.hpp"
#include "policy/policy.hpp"

namespace petrl {

/// Loads a policy for use. Not collective.
struct PETRL_API Decider {
  Policy policy;
  std::unique_ptr<Backend> backend;  ///< "native", or "torch" for a .pt file

  /// From a policy file (.h5), or a TorchScript module (.pt) with a YAML sidecar of the same name
  /// (keys kind, observation: {names, offset, scale, clip}, action: {transform, low, high}).
  /// Throws petrl::Error naming file, key, what was found and expected; also when the kind is not `kind`.
  static std::unique_ptr<Decider> load(const std::string &path, const std::string &kind);
};

/// The folder of the shipped policies: $PETRL_POLICIES, or share/petrl/policies beside the library.
PETRL_API std::string policyFolder();

/// The file that a user means: `name` itself if there is such a file, or else the shipped policy of that name, if there
/// is one; otherwise `name`, for the message that it is missing.
PETRL_API std::string findPolicy(const std::string &name);

}  // namespace petrl
