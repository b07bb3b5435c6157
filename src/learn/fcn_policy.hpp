// A network as it is exported, evaluated as it is in production.
#pragma once

#include <memory>
#include <string>

#include "learn/environment.hpp"
#include "policy/native/fcn.hpp"

namespace petrl::learn {

class FcnPolicy : public GridPolicy {
 public:
  explicit FcnPolicy(std::string source) : source_(std::move(source)) {}
  void set(const NetworkSpec &network) { network_ = std::make_unique<Fcn>(network, source_); }
  void decide(const float *observation, const GridSize &size, float *action) override {
    network_->evaluatePeriodic(observation, size, action);
  }

 private:
  std::string source_;
  std::unique_ptr<Fcn> network_;
};

}  // namespace petrl::learn
