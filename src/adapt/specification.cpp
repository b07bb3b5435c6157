#include "adapt/specification.hpp"

#include "adapt/history.hpp"

namespace petrl {

Policy stepPolicySpecification(const std::vector<std::string> &names, const std::string &transform, double low,
                               double high, const std::string &levers, const std::string &by_rule) {
  Policy p;
  p.kind = "tsadapt";
  p.observation.names = names;
  if (names.empty()) {
    for (const auto &o : observables())
      if (o.usual) p.observation.names.emplace_back(o.name);
  }
  for (const auto &name : p.observation.names) {
    float offset = 0, scale = 1;
    for (const auto &o : observables()) {
      if (name == o.name) offset = o.offset, scale = o.scale;
    }
    p.observation.offset.push_back(offset);
    p.observation.scale.push_back(scale);
  }
  p.observation.clip = 5;
  p.action.transform = transform;
  if (levers != "step") p.action.parameters["levers"] = levers;
  if (!by_rule.empty()) p.action.parameters["by_rule"] = by_rule;
  p.action.low.assign(p.action.decided().size(), low);
  p.action.high.assign(p.action.low.size(), high);
  validateSpecification(p, "policy");
  return p;
}

}  // namespace petrl
