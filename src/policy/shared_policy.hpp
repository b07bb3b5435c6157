// The one way to a policy: from what a user names to what every rank needs of it.
#pragma once

#include <petscsys.h>

#include <functional>
#include <string>

#include "policy/policy.hpp"

namespace petrl {

/// The folder of the shipped policies: $PETRL_POLICIES, or share/petrl/policies beside the library.
PETRL_API std::string policyFolder();

/// The file that a user means: `name` itself if there is such a file, or else the shipped policy of that name, if there
/// is one (with or without its ending); otherwise `name`, for the message that it is missing.
PETRL_API std::string findPolicy(const std::string &name);

/// Finds and reads a policy, of this kind unless it is empty: a policy file (.h5), or a TorchScript module (.pt) with a
/// YAML sidecar of the same name (keys kind, observation: {names, offset, scale, clip, normalise, radius}, action:
/// {transform, low, high, parameters}, of closures dimensions, and, if known, validity: {ranges: {name: [low, high]},
/// words: {name: [word, ...]}}). A file that did not change since is not read again. Not collective. Throws petrl::Error
/// naming file, key, what was found and expected; also when the kind is another.
PETRL_API Policy loadPolicy(const std::string &name, const std::string &kind = "");

/// Runs `work` on every rank; what it throws on one of them is an error on all, with the same message. Collective.
PetscErrorCode onEveryRank(MPI_Comm comm, const std::function<void()> &work);

/// loadPolicy() on the first rank, which sends it: nobody else opens the file, and only the first rank's name counts
/// (empty: `policy` is there already). `networks`: with what is needed to evaluate it. Collective.
PetscErrorCode sharePolicy(MPI_Comm comm, const std::string &name, const std::string &kind, bool networks,
                           Policy &policy);

}  // namespace petrl
