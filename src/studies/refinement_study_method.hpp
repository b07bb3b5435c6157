// What a refinement study compares: rules that decide where a mesh changes, with all their parameters.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "problems/conservation/adaptive_run.hpp"
#include "refine/refinement_policy.hpp"

namespace petrl::studies {

/// A method with its parameters. Methods: uniform | gradient | jump | recovery | policy | gated (a policy
/// that looks only where something happens) | oracle.
struct Setting {
  std::string method, name;  ///< name: unique within a study
  int halvings = 0;          ///< of a diameter, at most
  double steps = 0;          ///< time between decisions, in time steps of the finest mesh; 0: no decisions
  RefinementIndicator indicator = RefinementIndicator::gradient;
  RefinementThresholds rule;
  double share = 0;  ///< thresholds: the mesh stays while fewer cells than this share of all are marked
  double odds = 0;   ///< policy and oracle: beta / (1 - beta)
  double gate = 0;   ///< gated: looks only where more than this happens, see RefinementPolicy::setGate()
  bool skip = true;  ///< policy and oracle: the mesh stays while re-meshing costs more than it gains

  bool learned() const { return method == "policy" || method == "gated"; }
  bool threshold() const { return method == "gradient" || method == "jump" || method == "recovery"; }
};

/// One flow, ready to be run with any setting.
struct ReadyFlow {
  conservation::FlowCase flow;
  Forest base;
  std::unique_ptr<conservation::ErrorMeter> meter;
  int halvings;   ///< of the finest mesh that a study knows
  double finest;  ///< length of a time step on it

  ReadyFlow(conservation::FlowCase flow, int squares, int halvings, double cfl, int points);
};

/// Runs any setting on any flow: what all runs of a study share.
struct FlowRunner {
  RefinementPolicy *policy = nullptr;
  double remesh = 25, unit = 1e-8, cfl = .45;
  conservation::TimeStepping time_stepping = conservation::TimeStepping::global;
  std::vector<int> components = {0};  ///< that count, for all methods

  conservation::AdaptiveReport run(const ReadyFlow &ready, const Setting &setting) const;
  std::unique_ptr<conservation::Marker> marker(const Setting &setting) const;
  conservation::AdaptiveSettings settings(const ReadyFlow &ready, const Setting &setting) const;
  /// Cell-steps, and what re-meshing costs in these.
  double cost(const conservation::AdaptiveReport &report) const;
};

/// Threshold rules drawn at random: `count` of each indicator; intervals in [least, most] finest steps.
std::vector<Setting> drawThresholds(std::uint64_t seed, int count, int halvings, const double (&steps)[2]);
/// Every level; and every combination of trade-offs, intervals, levels, gates, with and without skipping.
std::vector<Setting> uniformSettings(int halvings);
std::vector<Setting> policySettings(const std::string &method, const std::vector<double> &odds,
                                    const std::vector<double> &steps, const std::vector<int> &halvings,
                                    const std::vector<bool> &skip, const std::vector<double> &gates = {0});

}  // namespace petrl::studies
