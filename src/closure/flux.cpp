#include "closure/flux.hpp"

#include <algorithm>
#include <cmath>

#include "base/clones.hpp"
#include "base/error.hpp"

namespace petrl {

namespace {

constexpr int kMaxHalfWidth = 8;

[[noreturn]] void bad(const std::string &source, const std::string &message) {
  throw Error(source + ": /action: " + message, PETSC_ERR_FILE_UNEXPECTED);
}

double number(const Policy &policy, const std::string &source, const std::string &key, double fallback, double low,
              double high) {
  const auto it = policy.action.parameters.find(key);
  if (it == policy.action.parameters.end()) return fallback;
  std::size_t used = 0;
  double value = 0;
  try {
    value = std::stod(it->second, &used);
  } catch (const std::exception &) {
    used = 0;
  }
  if (used == 0 || used != it->second.size() || !(value >= low && value <= high)) {
    bad(source, key + ": expected a number in [" + std::to_string(low) + ", " + std::to_string(high) + "], found '" +
                    it->second + "'");
  }
  return value;
}

// One line of faces: those to the right of (above) n points. step: to the next point along the axis.
struct Line {
  int n, half_width;
  std::ptrdiff_t step, plane;  // plane: from weight to weight
  std::ptrdiff_t other;        // to the output of the face's other side; 0: only one side's counts
  double floor, shear;
  const double *low, *high;
  const double *velocity[3];  // all components, for the shear; null: there is none
};

// Of one side of a face, or the mean of both.
template <bool Mean>
PETRL_INLINE double weight(const float *output, std::ptrdiff_t other, double middle, double half) {
  const float mean = Mean ? .5f * (output[0] + output[other]) : output[0], x = mean > 1.f ? 1.f : mean;
  return middle + half * static_cast<double>(x < -1.f ? -1.f : x);
}

// Mean size of the differences across a face and its neighbours.
PETRL_INLINE double differencesAround(const double *v, std::ptrdiff_t s) {
  return (std::fabs(v[0] - v[-s]) + std::fabs(v[s] - v[0]) + std::fabs(v[2 * s] - v[s])) / 3;
}

// Velocities through the faces, and the speeds that diffusive fluxes go with. at: of the line's first point in the fields.
PETRL_CLONES void faceSpeeds(const Line &line, std::ptrdiff_t at, const double *u, double *__restrict velocity,
                             double *__restrict speed) {
  const double *beyond = u + line.step;
  for (int i = 0; i < line.n; ++i) {
    velocity[i] = 0.5 * (u[i] + beyond[i]);
    speed[i] = std::fabs(velocity[i]) + line.floor;
  }
  for (const double *component : line.velocity) {
    if (component == nullptr || !(line.shear > 0)) continue;
    const double *v = component + at;
    for (int i = 0; i < line.n; ++i) speed[i] += line.shear * differencesAround(v + i, line.step);
  }
}

// Of half-width M: all in one pass, so that nothing but the flux is written. Moves: by a velocity; else for a speed of one.
template <bool Mean, bool Moves, int M>
PETRL_INLINE void fluxesOfWidth(const Line &line, const double *q, const double *velocity, const double *speed,
                                const float *w, double *__restrict flux) {
  constexpr int weights = Moves ? 2 * M + 1 : M + 1;
  double middle[weights], half[weights];
  for (int k = 0; k < weights; ++k)
    middle[k] = 0.5 * (line.high[k] + line.low[k]), half[k] = 0.5 * (line.high[k] - line.low[k]);
  const std::ptrdiff_t s = line.step, plane = line.plane, other = line.other;
  PETRL_INDEPENDENT for (int i = 0; i < line.n; ++i) {
    const double *at = q + i;
    const float *wi = w + i;
    double even = weight<Mean>(wi, other, middle[0], half[0]) * (at[s] - at[0]), odd = 0;
    PETRL_UNROLL for (int k = 1; k <= M; ++k) {
      const double up = at[(k + 1) * s] - at[k * s], down = at[(1 - k) * s] - at[-k * s];
      even += weight<Mean>(wi + k * plane, other, middle[k], half[k]) * (up + down);
      if (Moves) odd += weight<Mean>(wi + (M + k) * plane, other, middle[M + k], half[M + k]) * (up - down);
    }
    flux[i] = Moves ? speed[i] * even + velocity[i] * odd : even;
  }
}

template <bool Mean, bool Moves>
PETRL_INLINE void fluxesBy(const Line &line, const double *q, const double *velocity, const double *speed,
                           const float *w, double *flux) {
  switch (line.half_width) {
    case 1:
      return fluxesOfWidth<Mean, Moves, 1>(line, q, velocity, speed, w, flux);
    case 2:
      return fluxesOfWidth<Mean, Moves, 2>(line, q, velocity, speed, w, flux);
    case 3:
      return fluxesOfWidth<Mean, Moves, 3>(line, q, velocity, speed, w, flux);
    case 4:
      return fluxesOfWidth<Mean, Moves, 4>(line, q, velocity, speed, w, flux);
    case 5:
      return fluxesOfWidth<Mean, Moves, 5>(line, q, velocity, speed, w, flux);
    case 6:
      return fluxesOfWidth<Mean, Moves, 6>(line, q, velocity, speed, w, flux);
    case 7:
      return fluxesOfWidth<Mean, Moves, 7>(line, q, velocity, speed, w, flux);
    default:
      return fluxesOfWidth<Mean, Moves, kMaxHalfWidth>(line, q, velocity, speed, w, flux);
  }
}

PETRL_CLONES void lineFluxes(const Line &line, const double *q, const double *velocity, const double *speed,
                             const float *w, double *flux) {
  if (line.other == 0)
    fluxesBy<false, true>(line, q, velocity, speed, w, flux);
  else
    fluxesBy<true, true>(line, q, velocity, speed, w, flux);
}

PETRL_CLONES void symmetricFluxes(const Line &line, const double *q, const float *w, double *flux) {
  if (line.other == 0)
    fluxesBy<false, false>(line, q, nullptr, nullptr, w, flux);
  else
    fluxesBy<true, false>(line, q, nullptr, nullptr, w, flux);
}

PETRL_CLONES void difference(int n, double factor, const double *upper, const double *lower, double *change) {
  for (int i = 0; i < n; ++i) change[i] = factor * (lower[i] - upper[i]);
}

PETRL_CLONES void addDifference(int n, double factor, const double *upper, const double *lower, double *change) {
  for (int i = 0; i < n; ++i) change[i] += factor * (lower[i] - upper[i]);
}

}  // namespace

FluxForm FluxForm::read(const Policy &policy, const std::string &source) {
  FluxForm form;
  const auto parameter = [&policy](const char *key) {
    const auto it = policy.action.parameters.find(key);
    return it == policy.action.parameters.end() ? nullptr : &it->second;
  };
  form.dimensions = dimensionsOf(policy.network);
  const auto axes = static_cast<std::size_t>(form.dimensions);
  const std::string count = std::to_string(axes) + (axes == 1 ? " field" : " fields");
  form.half_width = static_cast<int>(std::lround(number(policy, source, "half_width", 1, 1, kMaxHalfWidth)));
  form.floor = number(policy, source, "floor", 0, 0, 1e6);
  form.shear = number(policy, source, "shear", 0, 0, 1e6);
  const std::string *const speed = parameter("speed"), *const given = parameter("velocity"),
                           *const faces = parameter("faces");
  if (faces != nullptr && *faces != "left" && *faces != "mean")
    bad(source, "faces: expected left or mean, found '" + *faces + "'");
  form.mean = faces != nullptr && *faces == "mean";
  if (speed != nullptr && *speed != "velocity" && *speed != "step")
    bad(source, "speed: expected velocity or step, found '" + *speed + "'");
  if (speed != nullptr && *speed == "step") {
    form.speed = Speed::step;
    for (const char *key : {"velocity", "floor", "shear"}) {
      if (parameter(key) != nullptr) bad(source, std::string(key) + ": has no meaning where speed is step");
    }
  } else {
    if (given == nullptr) bad(source, "velocity: transform flux needs the names of " + count + " (or speed: step)");
    const auto &names = policy.observation.names;
    const auto velocity = words(*given);
    if (velocity.size() != axes)
      bad(source, "velocity: expected the names of " + count + ", one an axis, found '" + *given + "'");
    for (std::size_t a = 0; a < axes; ++a) {
      const auto it = std::find(names.begin(), names.end(), velocity[a]);
      if (it == names.end()) bad(source, "velocity: '" + velocity[a] + "' is not among the observed fields");
      form.velocity[a] = static_cast<int>(it - names.begin());
    }
  }
  const std::size_t per_component = axes * static_cast<std::size_t>(form.weights()), actions = policy.action.low.size();
  if (actions % per_component != 0) {
    bad(source, "found " + std::to_string(actions) + " actions, expected a multiple of " +
                    std::to_string(per_component) + " (" + std::to_string(axes) + " axes of " +
                    (form.speed == Speed::step ? "half_width + 1" : "2 half_width + 1") + " weights a component)");
  }
  form.components = changedComponents(policy, actions / per_component);
  if (form.components.size() != actions / per_component) {
    bad(source, "components: found " + std::to_string(form.components.size()) + " names, expected " +
                    std::to_string(actions / per_component));
  }
  return form;
}

Flux::Flux(const Policy &policy, const std::string &source)
    : form_(FluxForm::read(policy, source)), low_(policy.action.low), high_(policy.action.high) {
  components_ = form_.components;
}

void Flux::compute(const Fields &fields, const NetworkOutput &output, const CorrectionStep &step, double *change) {
  compute(fields, output, step, false, change);
}

bool Flux::computePeriodic(const Fields &fields, const NetworkOutput &output, const CorrectionStep &step,
                           double *change) {
  compute(fields, output, step, true, change);
  return true;
}

// What the fluxes along one axis are made of.
struct Flux::Axis {
  Line line;
  const double *q, *u;  // u null: without a velocity
  const float *w;
  double factor;
  // Those of the points from `at` (of the fields) and `from` (of the network's output) on.
  void fluxes(std::ptrdiff_t at, std::ptrdiff_t from, double *velocity, double *speed, double *flux) const {
    if (u == nullptr) {
      symmetricFluxes(line, q + at, w + from, flux);
      return;
    }
    faceSpeeds(line, at, u + at, velocity, speed);
    lineFluxes(line, q + at, velocity, speed, w + from, flux);
  }
};

// On a periodic grid the face beyond one end is that beyond the other: the same numbers, computed once.
void Flux::compute(const Fields &fields, const NetworkOutput &output, const CorrectionStep &step, bool periodic,
                   double *change) {
  const int nx = step.nx, ny = step.ny, nz = step.nz, left = periodic ? 0 : 1, dimensions = form_.dimensions;
  const auto n = static_cast<std::size_t>(nx) + 1;
  work_.resize(4 * n);
  if (dimensions > 2) under_.resize(static_cast<std::size_t>(nx) * static_cast<std::size_t>(ny));
  double *velocity = work_.data(), *speed = velocity + n, *flux = speed + n, *below = flux + n;
  const std::size_t weights = static_cast<std::size_t>(form_.weights());
  const std::ptrdiff_t strides[3] = {1, fields.row, fields.slice}, sides[3] = {1, output.row, output.slice};
  double *row = change;
  for (std::size_t c = 0; c < components_.size(); ++c) {
    Axis axes[3] = {};
    for (int a = 0; a < dimensions; ++a) {
      const std::size_t first = (c * static_cast<std::size_t>(dimensions) + static_cast<std::size_t>(a)) * weights;
      const bool moves = form_.speed == FluxForm::Speed::velocity;
      Line &line = axes[a].line;
      line.n = a == 0 ? nx + left - (periodic && form_.mean ? 1 : 0) : nx;  // of such a grid the last one by itself
      line.half_width = form_.half_width;
      line.step = strides[a];
      line.plane = output.plane;
      line.other = form_.mean ? sides[a] : 0;
      line.floor = form_.floor, line.shear = form_.shear;
      line.low = low_.data() + first, line.high = high_.data() + first;
      for (int b = 0; moves && b < dimensions; ++b) line.velocity[b] = velocityOf(fields, b);
      axes[a].q = fields.channel[static_cast<std::size_t>(components_[c])];
      axes[a].u = moves ? velocityOf(fields, a) : nullptr;
      axes[a].w = output.data + static_cast<std::ptrdiff_t>(first) * output.plane;
      axes[a].factor = moves ? step.dt / step.h(a) : step.own > 0 ? step.dt / step.own : 1;
    }
    // From the output at a point to that beyond its face; a periodic grid's last points have the first ones there.
    const auto other = [&](int axis, int i) {
      const int along = step.size().along(axis);
      return periodic && (i == along - 1 || i < 0) ? (1 - along) * sides[axis] : sides[axis];
    };
    // Through the faces beyond a row of points, into `flux`.
    const auto upwards = [&](int axis, int j, int k) {
      if (form_.mean) axes[axis].line.other = other(axis, axis == 1 ? j : k);
      axes[axis].fluxes(j * fields.row + k * fields.slice, j * output.row + k * output.slice, velocity, speed, flux);
    };
    for (int j = 0; dimensions > 2 && j < ny; ++j) {
      upwards(2, j, periodic ? nz - 1 : -1);
      if (step.wall[4]) std::fill_n(flux, nx, 0.0);
      std::copy_n(flux, nx, &under_[static_cast<std::size_t>(j) * static_cast<std::size_t>(nx)]);
    }
    for (int k = 0; k < nz; ++k) {
      if (dimensions > 1) {
        upwards(1, periodic ? ny - 1 : -1, k);
        std::swap(flux, below);
        if (step.wall[2]) std::fill_n(below, nx, 0.0);
      }
      for (int j = 0; j < ny; ++j, row += nx) {
        // flux[0] is that of the face to the left of the first point.
        const std::ptrdiff_t at = j * fields.row + k * fields.slice, from = j * output.row + k * output.slice;
        axes[0].fluxes(at - left, from - left, velocity, speed, flux + 1 - left);
        if (periodic && form_.mean) {
          Axis last = axes[0];
          last.line.n = 1, last.line.other = other(0, nx - 1);
          last.fluxes(at + nx - 1, from + nx - 1, velocity, speed, flux + nx);
        }
        if (periodic) flux[0] = flux[nx];
        if (step.wall[0]) flux[0] = 0;
        if (step.wall[1]) flux[nx] = 0;
        difference(nx, axes[0].factor, flux + 1, flux, row);
        if (dimensions < 2) continue;
        upwards(1, j, k);
        if (step.wall[3] && j + 1 == ny) std::fill_n(flux, nx, 0.0);
        addDifference(nx, axes[1].factor, flux, below, row);
        std::swap(flux, below);
        if (dimensions < 3) continue;
        double *const under = &under_[static_cast<std::size_t>(j) * static_cast<std::size_t>(nx)];
        upwards(2, j, k);
        if (step.wall[5] && k + 1 == nz) std::fill_n(flux, nx, 0.0);
        addDifference(nx, axes[2].factor, flux, under, row);
        std::copy_n(flux, nx, under);
      }
    }
  }
}

namespace {

// What the fluxes through a face beyond a point are made of, times the derivative with respect to the flux.
struct Face {
  const double *q, *u;  // at the point; u null: without a velocity
  std::ptrdiff_t step;
  int half_width;
  double floor, extra;
  template <class Give>
  void pull(double d_flux, const Give &give) const {
    double even = 1, odd = 0;
    if (u != nullptr) {
      odd = 0.5 * (u[0] + u[step]);
      even = std::fabs(odd) + floor + extra;
    }
    give(0, d_flux * even * (q[step] - q[0]));
    for (int k = 1; k <= half_width; ++k) {
      const double up = q[(k + 1) * step] - q[k * step], down = q[(1 - k) * step] - q[-k * step];
      give(static_cast<std::size_t>(k), d_flux * even * (up + down));
      if (u != nullptr) give(static_cast<std::size_t>(half_width + k), d_flux * odd * (up - down));
    }
  }
};

}  // namespace

// The flux beyond a point is taken from it and given to its neighbour.
void Flux::pullBack(const Fields &fields, const NetworkOutput &output, const CorrectionStep &step,
                    const NetworkOutput &d_change, float *d_output) const {
  const std::ptrdiff_t strides[3] = {1, fields.row, fields.slice}, sides[3] = {1, output.row, output.slice};
  const std::ptrdiff_t change_strides[3] = {1, d_change.row, d_change.slice};
  const GridSize size = step.size();
  const std::size_t points = size.points(), weights = static_cast<std::size_t>(form_.weights());
  const bool moves = form_.speed == FluxForm::Speed::velocity;
  for (std::size_t c = 0; c < components_.size(); ++c) {
    const double *field = fields.channel[static_cast<std::size_t>(components_[c])];
    for (int a = 0; a < form_.dimensions; ++a) {
      const std::size_t first =
          (c * static_cast<std::size_t>(form_.dimensions) + static_cast<std::size_t>(a)) * weights;
      const double *velocity = moves ? velocityOf(fields, a) : nullptr;
      const double factor = moves ? step.dt / step.h(a) : step.own > 0 ? step.dt / step.own : 1;
      const std::ptrdiff_t s = change_strides[a], side = form_.mean ? sides[a] : 0;
      float *to = d_output + first * points;
      for (int z = 0; z < size.nz; ++z) {
        for (int y = 0; y < size.ny; ++y) {
          for (int x = 0; x < size.nx; ++x, ++to) {
            const int at[3] = {x, y, z};
            const std::ptrdiff_t place = z * fields.slice + y * fields.row + x;
            const float *d = d_change.data + static_cast<std::ptrdiff_t>(c) * d_change.plane + z * d_change.slice +
                             y * d_change.row + x;
            const float *w =
                output.data + static_cast<std::ptrdiff_t>(first) * output.plane + z * output.slice + y * output.row + x;
            for (std::size_t k = 0; k < weights; ++k) to[k * points] = 0;
            // The face beyond the point, and where a face has the mean of both sides' weights also the one before.
            for (int before = 0; before <= (form_.mean ? 1 : 0); ++before) {
              const bool ends = before ? step.wall[static_cast<std::size_t>(2 * a)] && at[a] == 0
                                       : step.wall[static_cast<std::size_t>(2 * a + 1)] && at[a] + 1 == size.along(a);
              if (ends) continue;
              const std::ptrdiff_t left = place - before * strides[a];
              const float *const d_left = d - before * s, *const w_left = w - before * side;
              const double d_flux = factor * (static_cast<double>(d_left[s]) - static_cast<double>(d_left[0]));
              double shear = 0;
              for (int b = 0; moves && b < form_.dimensions; ++b)
                shear += form_.shear * differencesAround(velocityOf(fields, b) + left, strides[a]);
              const Face face{
                  field + left, moves ? velocity + left : nullptr, strides[a], form_.half_width, form_.floor, shear};
              face.pull(form_.mean ? .5 * d_flux : d_flux, [&](std::size_t k, double coefficient) {
                const float *const sides_of = w_left + static_cast<std::ptrdiff_t>(k) * output.plane;
                const double slope = 0.5 * (high_[first + k] - low_[first + k]) * coefficient;
                if (passes(.5f * (sides_of[0] + sides_of[side]), slope)) to[k * points] += static_cast<float>(slope);
              });
            }
          }
        }
      }
    }
  }
}

}  // namespace petrl
