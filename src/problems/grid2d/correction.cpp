#include "problems/grid2d/correction.hpp"

namespace petrl::grid2d {

namespace {

class Additive : public Correction {
 public:
  Additive(std::string transform, int components, double bound, double factor)
      : transform_(std::move(transform)), components_(components), bound_(bound), factor_(factor) {}
  ActionSpec specification() const override {
    const auto channels = static_cast<std::size_t>(components_);
    return {transform_, std::vector<double>(channels, -bound_), std::vector<double>(channels, bound_)};
  }
  void apply(const float *action, const double *, int nx, int ny, double *state) const override {
    const std::ptrdiff_t size = static_cast<std::ptrdiff_t>(components_) * nx * ny;
    for (std::ptrdiff_t i = 0; i < size; ++i) state[i] -= factor_ * bound_ * static_cast<double>(action[i]);
  }

 private:
  std::string transform_;
  int components_;
  double bound_, factor_;
};

}  // namespace

std::unique_ptr<Correction> makeCorrection(YamlMap yaml, const std::string &transform, double bound, int components,
                                           double dt) {
  const auto name = yaml.get<std::string>("transform", transform);
  const double size = yaml.number("bound", bound, 1e-6, 1e6);
  yaml.finish();
  if (name == "additive") return std::make_unique<Additive>(name, components, size, 1);
  if (name == "additive-rate") return std::make_unique<Additive>(name, components, size, dt);
  yaml.fail("transform", "expected additive or additive-rate, found '" + name + "'");
}

}  // namespace petrl::grid2d
