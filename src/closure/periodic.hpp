// Closures on periodic arrays, without PETSc objects or MPI: for solvers in plain C++ and for training.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/api.hpp"
#include "closure/correction.hpp"
#include "closure/fields.hpp"
#include "closure/training.hpp"
#include "policy/backend.hpp"

namespace petrl {

/// What a closure sees and does on a periodic grid, whoever decides. Fields are planar, nz x ny x nx, x fastest, one
/// array a name of the observation. No allocation after the first call for a size of grid.
class PETRL_API PeriodicCorrection {
 public:
  /// Needs the policy's specification only. Throws petrl::Error naming `source`.
  PeriodicCorrection(const Policy &policy, const std::string &source);

  /// Network inputs, observation names x nz x ny x nx.
  void observe(const std::vector<const double *> &fields, const CorrectionStep &step, float *observation);
  /// A for the network's output (actions x nz x ny x nx): nz x ny x nx of each of components(); state <- state - A.
  void correct(const std::vector<const double *> &fields, const float *output, CorrectionStep step, double *change);
  /// The fields that change, by their number in the observation.
  const std::vector<int> &components() const { return correction_->components(); }

 private:
  friend class PeriodicClosure;
  void look(const std::vector<const double *> &fields, const CorrectionStep &step);
  std::unique_ptr<Correction> correction_;
  int dimensions_;
  FieldInput input_;
  Fields plain_, ghosted_;
  std::size_t actions_;
  std::vector<double> state_;  // ghosted, where the correction wants them so
  std::vector<float> output_;
  Validity training_;
};

/// A policy that corrects periodic arrays.
class PETRL_API PeriodicClosure {
 public:
  /// Throws petrl::Error naming `source`.
  explicit PeriodicClosure(const Policy &policy, const std::string &source = "policy");

  const Policy &policy() const { return policy_; }
  GridBackend &backend() { return *backend_; }
  const std::vector<int> &components() const { return correction_.components(); }
  /// A, nz x ny x nx of each of components(); state <- state - A.
  void compute(const std::vector<const double *> &fields, const CorrectionStep &step, double *change);
  /// The same with the network's answer of an earlier call, for fields and steps whose change it does not see; empty: it
  /// is made now.
  void compute(const std::vector<const double *> &fields, const CorrectionStep &step, double *change,
               std::vector<float> &answer);

 private:
  void infer(const std::vector<const double *> &fields, const CorrectionStep &step, std::vector<float> &answer);
  Policy policy_;
  std::unique_ptr<GridBackend> backend_;
  PeriodicCorrection correction_;
  std::vector<float> output_;
};

}  // namespace petrl
