#include "learn/engine/record.hpp"

#include <cmath>

#include "base/error.hpp"
#include "closure/flux.hpp"

namespace petrl {

using tape::Tape;
using tape::Var;

namespace {

// All actions have the same bounds -b, b.
float bound(const ActionSpec &action) {
  const double b = action.high.front();
  for (std::size_t i = 0; i < action.low.size(); ++i) {
    if (std::fabs(action.high[i] - b) > 1e-12 || std::fabs(action.low[i] + b) > 1e-12)
      throw Error("action: bounds that differ between actions or from zero cannot be recorded", PETSC_ERR_SUP);
  }
  return static_cast<float>(b);
}

}  // namespace

Var recordCorrection(Tape &tape, const Policy &specification, Var fields, int components, Var output,
                     const CorrectionStep &step) {
  const std::string &transform = specification.action.transform;
  const float most = bound(specification.action);
  std::vector<Var> change(static_cast<std::size_t>(components));
  if (transform == "flux") {
    const FluxForm form = FluxForm::read(specification, "specification");
    if (form.speed != FluxForm::Speed::velocity || form.dimensions != 2)
      throw Error("fluxes without a velocity, or not in a plane, cannot be recorded: choose another learner (ppo)",
                  PETSC_ERR_SUP);
    int first = 0;
    for (const int c : form.components) {
      std::vector<std::pair<float, Var>> terms;
      const Var q = tape.slice(fields, c, 1);
      for (int axis = 0; axis < 2; ++axis, first += form.weights()) {
        const double h = axis == 0 ? step.hx : step.hy;
        Var weights = tape.slice(output, first, form.weights());
        Var shear;
        if (form.shear > 0) {
          // Differences across a face, those of its neighbours, and the sum of their sizes.
          std::vector<std::pair<float, Var>> sizes;
          for (int b = 0; b < 2; ++b)
            sizes.emplace_back(
                static_cast<float>(form.shear / 3),
                tape.absolute(tape.stencil(tape.slice(fields, form.velocity[b], 1), {0.f, -1.f, 1.f}, axis)));
          shear = tape.stencil(tape.combine(sizes), {1.f, 1.f, 1.f}, axis);
        }
        if (form.mean) weights = tape.stencil(weights, {0.f, .5f, .5f}, axis);
        terms.emplace_back(
            1.f, tape.fluxDivergence(q, tape.clamp(weights, most), tape.slice(fields, form.velocity[axis], 1),
                                     form.half_width, static_cast<float>(form.floor), static_cast<float>(step.dt / h),
                                     axis, shear));
      }
      change[static_cast<std::size_t>(c)] = tape.combine(terms);
    }
  } else if (transform == "additive" || transform == "additive-rate") {
    const auto factor = static_cast<float>(transform == "additive" ? -1 : -step.dt);
    const auto changed = changedComponents(specification, specification.action.low.size());
    for (std::size_t a = 0; a < changed.size(); ++a)
      change[static_cast<std::size_t>(changed[a])] =
          tape.combine({{factor, tape.clamp(tape.slice(output, static_cast<int>(a), 1), most)}});
  } else {
    throw Error("transform '" + transform + "' cannot be recorded", PETSC_ERR_SUP);
  }
  std::vector<Var> state;
  for (int c = 0; c < components; ++c) {
    const Var q = tape.slice(fields, c, 1), d = change[static_cast<std::size_t>(c)];
    state.push_back(d.id < 0 ? q : tape.combine({{1.f, q}, {1.f, d}}));
  }
  return tape.concatenate(state);
}

}  // namespace petrl
