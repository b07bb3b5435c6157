#include "closure/device_closure.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "closure/kernels.hpp"

namespace petrl {

namespace {

kernels::Box boxOf(const GridSize &size) {
  return {{size.nx, size.ny, size.nz}};
}

FluxForm formOf(const Policy &policy, const std::string &source) {
  return policy.action.transform == "flux" ? FluxForm::read(policy, source) : FluxForm();
}

}  // namespace

bool DeviceClosure::serves(const Policy &policy) {
  static const std::vector<std::string> transforms = {"additive", "additive-rate", "flux"};
  return policy.network.architecture == "fcn" &&
         std::count(transforms.begin(), transforms.end(), policy.action.transform) > 0;
}

DeviceClosure::DeviceClosure(const Policy &policy, const std::string &source)
    : observation_(policy.observation),
      action_(policy.action),
      fluxes_(policy.action.transform == "flux"),
      form_(formOf(policy, source)),
      components_(fluxes_ ? form_.components : changedComponents(policy, policy.action.low.size())),
      network_(policy.network, source),
      range_(policy.observation.names.size(), 0) {
  for (std::size_t c = 0; c < range_.size(); ++c)
    courant_.push_back(observation_.courant(c) ? velocityAxis(policy, c) : -1);
}

PetscErrorCode DeviceClosure::setUp(device::Space space, const DevicePatch &patch) {
  PetscFunctionBegin;
  space_ = space;
  patch_ = patch;
  const int output = fluxes_ ? 1 : 0;  // points beyond its own at which a correction needs the network's output
  const GridSize all = patch.own.grown(around(patch.dimensions, patch.ghost)),
                 wanted = patch.own.grown(around(patch.dimensions, output)),
                 seen = wanted.grown(around(patch.dimensions, network_.reach()));
  const std::size_t channels = observation_.names.size(), planes = channels + components_.size();
  PetscCall(network_.setUp(space, wanted));
  PetscCall(planes_.resize(space, all.points() * channels));
  PetscCall(inputs_.resize(space, seen.points() * channels));
  PetscCall(output_.resize(space, wanted.points() * action_.low.size()));
  PetscCall(change_.resize(space, patch.own.points() * components_.size()));
  PetscCall(extremes_.setUp(space, planes));
  std::vector<double> bounds;
  PetRLCallCXX({
    bounds = action_.low;
    bounds.insert(bounds.end(), action_.high.begin(), action_.high.end());
  });
  PetscCall(bounds_.resize(space, bounds.size()));
  PetscCall(bounds_.set(bounds.data()));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DeviceClosure::observe(std::size_t channel, const PetscScalar *from, PetscInt components) {
  const GridSize all = patch_.own.grown(around(patch_.dimensions, patch_.ghost));
  kernels::TakePlane take{};

  PetscFunctionBegin;
  take.from = from;
  take.components = static_cast<int>(components);
  take.all = boxOf(all);
  for (int d = 0; d < 6; ++d) take.inside[d] = static_cast<int>(patch_.inside[d]);
  take.to = planes_.data() + channel * all.points();
  PetscCall(device::forEach(space_, take.all.points(), take));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void DeviceClosure::setRange(std::size_t channel, double range) {
  range_[channel] = range;
}

PetscErrorCode DeviceClosure::infer(const CorrectionStep &step) {
  const int dimensions = patch_.dimensions, output = fluxes_ ? 1 : 0;
  const GridSize all = patch_.own.grown(around(dimensions, patch_.ghost)),
                 seen = patch_.own.grown(around(dimensions, output + network_.reach())),
                 shift = around(dimensions, patch_.ghost - output - network_.reach()),
                 surroundings = around(dimensions, observation_.radius);

  PetscFunctionBegin;
  for (std::size_t c = 0; c < observation_.names.size(); ++c) {
    kernels::NormalisePlane work{};
    work.from = planes_.data() + c * all.points();
    work.all = boxOf(all), work.seen = boxOf(seen);
    for (int d = 0; d < 3; ++d) work.shift[d] = shift.along(d), work.around[d] = surroundings.along(d);
    work.offset = observation_.offset[c];
    work.factor = 1.0 / static_cast<double>(observation_.scale[c]);
    if (courant_[c] >= 0) work.factor *= step.courant()[static_cast<std::size_t>(courant_[c])];
    work.clip = observation_.clip;
    work.local = observation_.local(c), work.unseen = observation_.unseen(c);
    work.share = 1. / static_cast<double>(GridSize().grown(surroundings).points());
    work.floor = kRangeFloor * range_[c];
    work.to = inputs_.data() + c * seen.points();
    PetscCall(device::forEach(space_, work.seen.points(), work));
  }
  PetscCall(network_.evaluate(inputs_.data(), output_.data()));
  if (space_ == device::Space::device) PetscCall(PetscLogGpuFlops(network_.flops()));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DeviceClosure::additive(const CorrectionStep &step) {
  const bool rate = action_.transform == "additive-rate";
  const double factor = 0.5 * (rate ? step.dt : step.own > 0 ? step.dt / step.own : 1);
  const auto boundary = action_.parameters.find("boundary");

  PetscFunctionBegin;
  for (std::size_t a = 0; a < components_.size(); ++a) {
    kernels::AdditiveChange work{};
    work.own = boxOf(patch_.own);
    work.output = output_.data() + a * patch_.own.points();
    work.middle = factor * (action_.high[a] + action_.low[a]);
    work.half = factor * (action_.high[a] - action_.low[a]);
    work.fixed = boundary == action_.parameters.end() || boundary->second == "fixed";
    std::copy(step.wall.begin(), step.wall.end(), work.wall);
    work.change = change_.data() + a * patch_.own.points();
    PetscCall(device::forEach(space_, work.own.points(), work));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DeviceClosure::flux(const CorrectionStep &step) {
  const GridSize all = patch_.own.grown(around(patch_.dimensions, patch_.ghost)),
                 wanted = patch_.own.grown(around(patch_.dimensions, 1)),
                 halo = around(patch_.dimensions, patch_.ghost), one = around(patch_.dimensions, 1);
  const auto start = kernels::Box{boxOf(all)}.index(halo.nx, halo.ny, halo.nz);
  const bool moves = form_.speed == FluxForm::Speed::velocity;

  PetscFunctionBegin;
  const auto plane = [&](int channel) {
    return planes_.data() + static_cast<std::size_t>(channel) * all.points() + start;
  };
  for (std::size_t c = 0; c < components_.size(); ++c) {
    kernels::FluxChange work{};
    work.all = boxOf(all), work.own = boxOf(patch_.own), work.seen = boxOf(wanted);
    work.axes = form_.dimensions, work.half_width = form_.half_width, work.weights = form_.weights();
    work.floor = form_.floor, work.shear = form_.shear, work.mean = form_.mean;
    work.q = plane(components_[c]);
    const std::size_t first = c * static_cast<std::size_t>(work.axes * work.weights);
    for (int a = 0; a < work.axes; ++a) {
      work.velocity[a] = moves ? plane(form_.velocity[static_cast<std::size_t>(a)]) : nullptr;
      work.factor[a] = moves ? step.dt / step.h(a) : step.own > 0 ? step.dt / step.own : 1;
    }
    work.output = output_.data() + first * wanted.points() + work.seen.index(one.nx, one.ny, one.nz);
    work.low = bounds_.data() + first, work.high = bounds_.data() + action_.low.size() + first;
    std::copy(step.wall.begin(), step.wall.end(), work.wall);
    work.change = change_.data() + c * patch_.own.points();
    PetscCall(device::forEach(space_, work.own.points(), work));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DeviceClosure::act(const CorrectionStep &step) {
  PetscFunctionBegin;
  PetscCall(fluxes_ ? flux(step) : additive(step));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DeviceClosure::reach(const double **found) {
  const auto all = static_cast<std::ptrdiff_t>(patch_.own.grown(around(patch_.dimensions, patch_.ghost)).points());

  PetscFunctionBegin;
  PetscCall(extremes_.compute(0, observation_.names.size(), planes_.data(), all, all));
  PetscCall(extremes_.get(found));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DeviceClosure::ranges(double *reached) {
  const double *found = nullptr;

  PetscFunctionBegin;
  PetscCall(reach(&found));
  for (std::size_t i = 0; i < observation_.names.size(); ++i, found += 3)
    reached[2 * i] = found[0], reached[2 * i + 1] = found[1];
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DeviceClosure::look(bool *finite, double *reached) {
  const std::size_t channels = observation_.names.size();
  const auto own = static_cast<std::ptrdiff_t>(patch_.own.points());
  const double *found = nullptr;

  PetscFunctionBegin;
  PetscCall(extremes_.compute(channels, components_.size(), change_.data(), own, own));
  PetscCall(reach(&found));
  *finite = true;
  for (std::size_t i = 0; i < channels + components_.size(); ++i, found += 3) {
    *finite = *finite && found[2] == 0;
    if (i < channels) reached[2 * i] = found[0], reached[2 * i + 1] = found[1];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DeviceClosure::write(bool use, PetscScalar *to, PetscInt components,
                                    const std::vector<PetscInt> &places) {
  const auto n = static_cast<std::ptrdiff_t>(patch_.own.points());

  PetscFunctionBegin;
  if (!use || static_cast<std::size_t>(components) > places.size())
    PetscCall(device::forEach(space_, n * components, kernels::Zero{to}));
  for (std::size_t a = 0; use && a < places.size(); ++a) {
    const kernels::WriteChange work{change_.data() + a * patch_.own.points(), static_cast<int>(components),
                                    to + places[a]};
    PetscCall(device::forEach(space_, n, work));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
