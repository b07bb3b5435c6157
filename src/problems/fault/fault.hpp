// A strike-slip fault with set-valued friction as a PETSc TS.
#pragma once

#include <petrlts.h>

#include <array>
#include <memory>

#include "problems/fault/scenario.hpp"

namespace petrl::fault {

/// Mean of a vector's entries. Collective.
double meanOf(Vec x);

/// Means over the cells of a fault, and its largest speed.
struct FaultSummary {
  double velocity = 0, slip = 0;  ///< [m/s, m]
  double sliding = 0;             ///< share of cells with v != 0
  double acceleration = 0;        ///< [m/s2]
  double weakening = 0;           ///< rate at which the strength falls with slip [N/m]
  double max_velocity = 0;        ///< largest |v| [m/s]
};

/// What errors are worth, for policies that observe it: the price of an error of the final slip like the heuristic's and
/// that of an event that comes a growth time off, both in units of the heuristic's work on the run.
struct Prices {
  double slip = 0.05, history = 0.1;
};

/// M dv/dt = K (v_inf t - d) + H (v_inf - v) + F0 - F_r, F_r in A sigma_n mu Sign(v) (eqs. 1, 7-9 of the paper), one
/// unknown displacement d per cell. Owns a TS of type bathe on a DMDA of the cells (grid.hpp), set up for the scenario
/// and then from the options.
/// Everything is collective over the communicator; throws petrl::Error.
class Fault {
 public:
  /// `elasticity` may be shared with other faults of the same geometry and material; null: made here.
  Fault(MPI_Comm comm, const Scenario &scenario, std::shared_ptr<Elasticity> elasticity = nullptr);
  ~Fault();
  Fault(const Fault &) = delete;
  Fault &operator=(const Fault &) = delete;

  const Scenario &scenario() const { return scenario_; }
  Elasticity &elasticity() { return *elasticity_; }
  std::shared_ptr<Elasticity> sharedElasticity() const { return elasticity_; }
  TS ts() const { return ts_; }
  DM grid() const { return grid_; }  ///< of its vectors (borrowed)
  Vec displacement() const { return d_; }
  Vec velocity() const { return v_; }
  /// Accumulated slip or state of the friction law (borrowed).
  Vec history() const;

  double meanVelocity() const { return summary().velocity; }     ///< [m/s]
  double maxVelocity() const { return summary().max_velocity; }  ///< largest |v| [m/s]
  double meanSlip() const { return summary().slip; }             ///< mean displacement [m]
  double meanAcceleration() const;                               ///< [m/s2]
  double sliding() const { return summary().sliding; }           ///< share of cells with v != 0
  double time() const;                                           ///< of the solution
  /// U = U0 - F0'e + e'Ke/2, e = d - v_inf t, over U_c = U0 = F0'K^-1 F0/2; 1 at the start
  double energy();

  /// Rate of growth of the weakest mode at rest [1/s]: the positive root of m s^2 + h s + (k - k_c) = 0 with the
  /// smallest eigenvalue k of K and the mean weakening k_c; 0: stable.
  double growthRate() const { return growth_rate_; }
  /// Longest step for which the first sub-step at onset has a positive definite operator, 2/(gamma growth rate) [s].
  double criticalStep() const;
  /// The same at the current state: with the mean weakening of the slip so far. Infinite where nothing weakens.
  double currentCriticalStep() const;

  /// The knobs at run time; a restart keeps them.
  const Prices &prices() const { return prices_; }
  void setPrices(const Prices &prices) { prices_ = prices; }

  /// Back to the start of the scenario, counters included.
  void restart();
  /// To the state that another fault of the same scenario has reached at time t.
  void startFrom(const Fault &other, double t);

 private:
  static PetscErrorCode Function(TS ts, PetscReal t, Vec u, Vec v, Vec a, Vec f, void *ctx);
  static PetscErrorCode Jacobian(TS ts, PetscReal t, Vec u, Vec v, Vec a, PetscReal shift_v, PetscReal shift_a, Mat J,
                                 Mat P, void *ctx);
  static PetscErrorCode Friction(TS ts, PetscReal t, Vec known, PetscReal c, Vec v, Vec strength, Vec slope,
                                 Vec history, Vec rate, void *ctx);
  static PetscErrorCode Multiply(Mat J, Vec x, Vec y);
  static PetscErrorCode Diagonal(Mat J, Vec diagonal);
  static PetscErrorCode Precondition(PC pc, Vec x, Vec y);
  void fillCells();
  void createTS();
  void checkUnstable();
  double growth(double weakening) const;
  /// Computed again, in one reduction, when a Vec has another state: monitors that take its array to write must do so on
  /// all ranks (as for VecNorm()).
  const FaultSummary &summary() const;
  void summarise(double numbers[]) const;

  Scenario scenario_;
  std::shared_ptr<Elasticity> elasticity_;
  DM grid_ = nullptr;
  TS ts_ = nullptr;
  Mat jacobian_ = nullptr;
  Vec d_ = nullptr, v_ = nullptr;
  Vec normal_force_ = nullptr;  // A sigma_n per cell [N]
  Vec prestress_ = nullptr;     // F0 [N]
  Vec start_velocity_ = nullptr;
  Vec work_ = nullptr, work2_ = nullptr;
  // What is asked for between two changes of the state takes one pass and one reduction.
  mutable FaultSummary summary_;
  mutable bool accelerates_ = false,
               weakens_ = false;  // these have been asked for: a Vec more to read, a law to evaluate
  mutable std::array<PetscObjectState, 12> summarised_{};  // the state that it is of
  double shift_v_ = 0, shift_a_ = 0;                       // of the Jacobian at hand
  double critical_energy_ = 0;                             // U0 [J]
  double smallest_stiffness_ = 0, largest_stiffness_ = 0, mean_normal_force_ = 0, largest_strength_ = 0;
  double growth_rate_ = 0;
  Prices prices_;
};

}  // namespace petrl::fault
