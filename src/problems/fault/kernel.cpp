#include "problems/fault/kernel.hpp"

#include <cmath>

#include "base/error.hpp"

namespace petrl::fault {

namespace {

constexpr double pi = 3.14159265358979323846;

// Hc of the surface term: its integral over the source's depth, with Z the sum of the two depths and z the receiver's.
double surfacePrimitive(double x, double sum, double z, double nu) {
  const double r = std::hypot(x, sum), r3 = r * r * r;
  return -(1 - 2 * nu) * sum / (x * r) + (1 - 2 * nu) * (2 - 2 * nu) * sum / (x * (r + sum)) -
         (z * x / r3 + z * z * sum / (x * r3) + 2 * z * z * sum / (x * x * x * r));
}

}  // namespace

Kernel kernelFromName(const std::string &name) {
  if (name == "full") return Kernel::full;
  if (name == "mirror") return Kernel::mirror;
  if (name == "half") return Kernel::half;
  throw Error("fault: kernel: found \"" + name + "\", expected full, mirror or half", PETSC_ERR_ARG_UNKNOWN_TYPE);
}

const char *kernelName(Kernel kernel) {
  switch (kernel) {
    case Kernel::full:
      return "full";
    case Kernel::mirror:
      return "mirror";
    default:
      return "half";
  }
}

double fullSpace(const KernelParameters &p, double x, double z) {
  double sum = 0;
  for (const double s : {-1., 1.})
    for (const double t : {-1., 1.}) {
      const double xs = x + s * p.dx / 2, zt = z + t * p.dz / 2, r = std::hypot(xs, zt);
      sum += s * t * (zt / ((1 - p.poisson) * xs * r) + xs / (zt * r));
    }
  return p.shear_modulus / (4 * pi) * sum;
}

double surfaceCorrection(const KernelParameters &p, double x, double receiver, double source) {
  double sum = 0;
  for (const double s : {-1., 1.}) {
    const double xs = x + s * p.dx / 2, depths = receiver + source;
    sum += s * (surfacePrimitive(xs, depths + p.dz / 2, receiver, p.poisson) -
                surfacePrimitive(xs, depths - p.dz / 2, receiver, p.poisson));
  }
  return -p.shear_modulus / (2 * pi * (1 - p.poisson)) * sum;
}

double stiffness(Kernel kernel, const KernelParameters &p, double x, double receiver, double source) {
  double k = fullSpace(p, x, receiver - source);
  if (kernel != Kernel::full) k += fullSpace(p, x, receiver + source);
  if (kernel == Kernel::half)
    k += (surfaceCorrection(p, x, receiver, source) + surfaceCorrection(p, x, source, receiver)) / 2;
  return k;
}

}  // namespace petrl::fault
