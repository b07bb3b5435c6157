// An environment of one agent a cell: PetRLEnvironmentSetMesh().
#include <cmath>

#include "base/error.hpp"
#include "learn/interface/environment.hpp"

/// Answers for a policy and keeps what it is told.
struct _n_PetRLMeshAgent {
  petrl::RefinementPolicy &policy;
  std::vector<petrl::MeshSample> &samples;
};

namespace petrl {

namespace {

using EpisodeFunction = PetscErrorCode (*)(PetRLEnvironment, PetscInt64, PetscReal, PetRLMeshAgent);

void answers(const RefinementPolicy &policy, const MeshSample &s, float *out) {
  policy.network().evaluate(s.graph(), s.node.data(), s.edge.data(), out);
}

class CMesh : public MeshEnvironment {
 public:
  CMesh(std::shared_ptr<_n_PetRLEnvironment> said, EpisodeFunction run) : said_(std::move(said)), episode_(run) {
    YamlMap validation = said_->yaml.map("validation", false);
    episodes_ = validation.integer("episodes", 4, 1, 100000);
    validation.finish();
  }

  void episode(std::uint64_t seed, RefinementPolicy &policy, double explore, std::vector<MeshSample> &samples,
               std::map<std::string, double> &metrics) override {
    const std::size_t before = samples.size();
    _n_PetRLMeshAgent agent{policy, samples};
    PetRLThrow(episode_(said_.get(), static_cast<PetscInt64>(seed), static_cast<PetscReal>(explore), &agent));
    metrics["decisions"] += static_cast<double>(samples.size() - before);
    for (std::size_t i = before; i < samples.size(); ++i) metrics["cells"] += samples[i].nodes;
    metrics["reward"] -= lacking(policy, samples, before).first;
  }

  Evaluation evaluate(RefinementPolicy &policy) override {
    std::vector<MeshSample> samples;
    std::map<std::string, double> metrics;
    for (std::int64_t e = 0; e < episodes_; ++e)
      episode(kHeldOut + static_cast<std::uint64_t>(e), policy, 0, samples, metrics);
    const auto [sum, count] = lacking(policy, samples, 0);
    Evaluation out;
    out.score = count > 0 ? sum / count : 0;
    out.details["cells"] = metrics["cells"] / std::max(1., metrics["decisions"]);
    return out;
  }

 private:
  // Sum of squares of what answers lack, and their number.
  static std::pair<double, double> lacking(const RefinementPolicy &policy, const std::vector<MeshSample> &samples,
                                           std::size_t first) {
    double sum = 0, count = 0;
    std::vector<float> out;
    for (std::size_t i = first; i < samples.size(); ++i) {
      const MeshSample &s = samples[i];
      out.resize(s.target.size());
      answers(policy, s, out.data());
      for (std::size_t k = 0; k < out.size(); ++k) {
        if (std::isnan(s.target[k])) continue;
        sum += std::pow(static_cast<double>(out[k] - s.target[k]), 2);
        count += 1;
      }
    }
    return {sum, count};
  }

  std::shared_ptr<_n_PetRLEnvironment> said_;
  EpisodeFunction episode_;
  std::int64_t episodes_;
};

MeshSample sample(PetscInt cells, PetscInt slots, const int *source, const float *node, const float *edge) {
  const auto n = static_cast<std::size_t>(cells), edges = n * static_cast<std::size_t>(slots);
  for (std::size_t i = 0; i < edges; ++i) {
    if (source[i] < -1 || source[i] >= cells)
      throw Error("source[" + std::to_string(i) + "]: expected -1 or a cell below " + std::to_string(cells) +
                      ", found " + std::to_string(source[i]),
                  PETSC_ERR_ARG_OUTOFRANGE);
  }
  MeshSample s;
  s.nodes = static_cast<int>(cells);
  s.slots = static_cast<int>(slots);
  s.source.assign(source, source + edges);
  s.node.assign(node, node + n * RefinementObservation::nodeNames().size());
  s.edge.assign(edge, edge + edges * RefinementObservation::edgeNames().size());
  return s;
}

}  // namespace

}  // namespace petrl

PetscErrorCode PetRLEnvironmentSetMesh(PetRLEnvironment env,
                                       PetscErrorCode (*episode)(PetRLEnvironment env, PetscInt64 seed,
                                                                 PetscReal explore, PetRLMeshAgent agent)) {
  PetscFunctionBegin;
  PetRLNotNull(env, 1);
  PetRLNotNull(episode, 2);
  PetRLCallCXX(env->make = [episode](std::shared_ptr<_n_PetRLEnvironment> said) {
    return std::make_unique<petrl::CMesh>(std::move(said), episode);
  });
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode PetRLMeshAgentDecide(PetRLMeshAgent agent, PetscInt cells, PetscInt slots, const int source[],
                                    const float node[], const float edge[], float answer[]) {
  PetscFunctionBegin;
  PetRLNotNull(agent, 1);
  PetRLNotNull(source, 4);
  PetRLNotNull(node, 5);
  PetRLNotNull(edge, 6);
  PetRLNotNull(answer, 7);
  PetRLCallCXX(petrl::answers(agent->policy, petrl::sample(cells, slots, source, node, edge), answer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode PetRLMeshAgentRecord(PetRLMeshAgent agent, PetscInt cells, PetscInt slots, const int source[],
                                    const float node[], const float edge[], const float target[]) {
  PetscFunctionBegin;
  PetRLNotNull(agent, 1);
  PetRLNotNull(source, 4);
  PetRLNotNull(node, 5);
  PetRLNotNull(edge, 6);
  PetRLNotNull(target, 7);
  PetRLCallCXX({
    petrl::MeshSample s = petrl::sample(cells, slots, source, node, edge);
    s.target.assign(target, target + 2 * static_cast<std::size_t>(cells));
    agent->samples.push_back(std::move(s));
  });
  PetscFunctionReturn(PETSC_SUCCESS);
}
