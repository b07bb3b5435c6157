// A trained policy for meshes, ready to decide.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "policy/native/graph_network.hpp"
#include "policy/policy.hpp"
#include "refine/decision.hpp"
#include "refine/observation.hpp"

namespace petrl {

/// Predicts, for every cell, what refining it would gain and what coarsening it would lose until the next decision, and
/// weighs both against the price of computation (see weigh()). A policy file of kind refiner, architecture gnn:
/// observation: names among nodeObservables(); action: transform "gain-loss", two values; parameters: edges (names
/// among edgeObservables()), floor, offset, scale (of the logarithm, see RefinementScale).
class PETRL_API RefinementPolicy {
 public:
  /// Throws petrl::Error naming `source`, what was found and expected.
  RefinementPolicy(const Policy &policy, const std::string &source);
  /// A network that sees all observables.
  explicit RefinementPolicy(const GraphNetwork &network) : network_(std::make_unique<GraphNetwork>(network)) {}

  /// A field of the solution and how much its error counts: the field's range over the whole domain.
  struct Field {
    ObservedField values;
    double range;
  };
  /// One field after the other; gains and losses of all fields are added. exchange: see GraphBackend::evaluate; needed
  /// where the mesh has ghosts. interval: time until the next decision. Collective where exchange is.
  void decide(const CellMesh &mesh, const std::vector<Field> &fields, double interval, const RefinementCosts &costs,
              const GraphBackend::Exchange &exchange, const SumOverRanks &sum, RefinementDecision &decision);
  /// The first part of it: relative differences, owned x 2 (see RefinementScale).
  const std::vector<float> &predict(const CellMesh &mesh, const std::vector<Field> &fields, double interval,
                                    const GraphBackend::Exchange &exchange);

  /// Looks only where something happens: where a field differs from that in a neighbour, or would change until the next
  /// decision at its present rate, by more than `tolerance` times its range; and around these cells as far as the network
  /// reaches, so that whatever is seen there is seen from everywhere. What is predicted there is what would be without a
  /// gate, elsewhere it is 0: nothing to gain, nothing to lose. 0: no gate.
  void setGate(double tolerance) { gate_ = tolerance; }
  double gate() const { return gate_; }
  /// Owned cells of the last decision: those that the gate was open for; and with those that were only looked at.
  struct Looked {
    int cells = 0, asked = 0, seen = 0;
  };
  const Looked &looked() const { return looked_; }

  /// predict() step by step, for those who say where time goes: begin, then for each field observe and infer.
  void begin(const CellMesh &mesh, const std::vector<Field> &fields, double interval,
             const GraphBackend::Exchange &exchange);
  void observe(const CellMesh &mesh, const Field &field, double interval);
  const std::vector<float> &infer(const CellMesh &mesh, const GraphBackend::Exchange &exchange);

  const GraphBackend &network() const { return *network_; }
  const RefinementObservation &observation() const { return observation_; }  ///< of the last field
  /// Observation, action and network of a policy file.
  static Policy specification(const GraphNetwork &network,
                              const std::vector<std::string> &nodes = RefinementObservation::nodeNames(),
                              const std::vector<std::string> &edges = RefinementObservation::edgeNames());

 private:
  std::unique_ptr<GraphBackend> network_;
  RefinementObservation observation_;
  double gate_ = 0;
  ActiveCells active_;
  Looked looked_;
  std::vector<char> happens_;
  std::vector<float> out_, difference_;
};

}  // namespace petrl
