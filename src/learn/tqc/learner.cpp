// TQC in an environment: episode by episode.
#include <cmath>
#include <numeric>

#include "learn/tqc/tqc.hpp"

namespace petrl {

static constexpr std::size_t kReturnWindow = 100;

TqcLearner::TqcLearner(YamlMap keys, YamlMap environment, std::uint64_t seed)
    : environment_(makeEnvironment<StreamEnvironment>(std::move(environment), "tqc")),
      algorithm_(std::make_unique<Tqc>(std::move(keys), static_cast<int>(environment_->observation().names.size()),
                                       static_cast<int>(environment_->action().low.size()), seed)),
      seed_(seed) {}

void TqcLearner::iterate() {
  returns_.push_back(environment_->episode(*algorithm_, seed_ * 1000003ull + static_cast<std::uint64_t>(episodes_)));
  ++episodes_;
  if (returns_.size() > kReturnWindow) returns_.pop_front();
}

Policy TqcLearner::policy() const {
  return {environment_->kind(),    environment_->observation(), environment_->action(), algorithm_->network(), {},
          environment_->validity()};
}

std::map<std::string, double> TqcLearner::metrics() {
  auto out = algorithm_->metrics();
  const auto n = static_cast<double>(returns_.size());
  out["mean_return"] = n > 0 ? std::accumulate(returns_.begin(), returns_.end(), 0.) / n : std::nan("");
  return out;
}

void TqcLearner::archive(Archive &a) {
  algorithm_->archive(a);
  a("episodes", episodes_);
  a("returns", returns_);
}

}  // namespace petrl
