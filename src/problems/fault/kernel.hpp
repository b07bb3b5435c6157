// Stress change that uniform slip of one rectangular cell of a vertical fault causes on that fault, in closed form.
#pragma once

#include <string>

namespace petrl::fault {

/// What surrounds the fault: an infinite body; an infinite body with the mirror image of the fault beyond the surface
/// (exact but for one term of the free surface); the exact half space.
enum class Kernel { full, mirror, half };

/// "full", "mirror" or "half". Throws petrl::Error for another name.
Kernel kernelFromName(const std::string &name);
const char *kernelName(Kernel kernel);

/// What the kernels depend on.
struct KernelParameters {
  double shear_modulus = 30e9;  ///< G [Pa]
  double poisson = 0.25;        ///< nu
  double dx = 1, dz = 1;        ///< sides of a cell [m]
};

/// Full space: stress drop at (X, Z) from the centre of a cell for one metre of slip [Pa/m], horizontal strike slip.
/// Even in X and in Z. Obtained by integrating the double couple over the cell.
double fullSpace(const KernelParameters &p, double x, double z);

/// What the free surface adds to the mirror kernel [Pa/m]: cell at depth `source`, receiver at depth `receiver`
/// (centres, metres, positive), X apart along strike. Even in X; not symmetric in the two depths.
double surfaceCorrection(const KernelParameters &p, double x, double receiver, double source);

/// k(X, receiver, source) of one of the kernels [Pa/m]; the half space symmetrised in the two depths, as the stepper's
/// energy balance needs a symmetric matrix. Agrees with Okada (1992) to 1e-7 before that.
double stiffness(Kernel kernel, const KernelParameters &p, double x, double receiver, double source);

}  // namespace petrl::fault
