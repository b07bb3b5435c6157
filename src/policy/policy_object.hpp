// What the three objects in which a policy decides have in common: TSADAPTRL, PetRLClosure, PetRLRefiner.
#pragma once

#include <petscviewer.h>

#include <functional>
#include <string>

#include "base/compat.hpp"
#include "policy/policy.hpp"

namespace petrl {

/// The base of their data.
struct PolicyObject {
  explicit PolicyObject(const char *of_kind) : kind(of_kind) {}
  ~PolicyObject();
  PolicyObject(const PolicyObject &) = delete;
  PolicyObject &operator=(const PolicyObject &) = delete;

  const char *const kind;    ///< of its policies
  std::string file;          ///< as given by the user
  bool loaded = false;       ///< it was, and what it needs is there
  bool in_training = false;  ///< what decides still learns, whatever file it began with
  Policy policy;             ///< without its network on ranks that do not evaluate it
  std::string evaluator;     ///< name of the backend; "" on those ranks
  bool error_if_nan = false;
  PetscViewer monitor = NULL;
  PetscViewerFormat monitor_format = PETSC_VIEWER_DEFAULT;
  PetscInt decisions = 0, fallbacks = 0;

  /// The policy as messages call it.
  std::string called() const;
};

/// Names of the options that all three have.
struct PolicyOptionNames {
  const char *policy, *monitor, *error_if_nan;
};

/// Reads them; `set` is the public setter of the file. Within PetscObjectOptionsBegin().
PetscErrorCode PolicyOptions(PETRL_OPTION_ITEMS PetscOptionsObject, PolicyObject &object,
                             const PolicyOptionNames &names, const char manual[],
                             const std::function<PetscErrorCode(const char *)> &set);

/// Loads `file`, see sharePolicy(). `make` makes what evaluates it and returns the backend's name: on all ranks, or on
/// the first one only. The caller says `loaded` when all is done. Collective.
PetscErrorCode PolicyLoad(MPI_Comm comm, PolicyObject &object, const std::string &file, bool everywhere,
                          const std::function<std::string()> &make);

/// The policy could not be followed: counted, an error if the user wants that, said once. `what` happened, what is done
/// `instead`. Collective.
PetscErrorCode PolicyFallBack(MPI_Comm comm, PolicyObject &object, PetscInt times, const char what[],
                              const char instead[]);

/// The lines of a view that say which policy it is, whose network is described by `network`. Collective.
PetscErrorCode PolicyView(const PolicyObject &object, const char network[], PetscViewer viewer);

/// A line for the monitor, if there is one. Collective.
PetscErrorCode PolicyMonitor(const PolicyObject &object, const char format[], ...) PETSC_ATTRIBUTE_FORMAT(2, 3);

}  // namespace petrl
