#include "learn/provenance.hpp"

#include <hdf5.h>
#include <petscversion.h>

#include "base/version.hpp"

namespace petrl {

Provenance provenance(const std::string &config, std::uint64_t seed, std::int64_t steps) {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  Provenance out;
  out.config = config;
  out.seed = seed;
  out.steps = steps;
  out.version = std::string(PETRL_VERSION_STRING) + (PETRL_COMMIT[0] ? std::string(" (") + PETRL_COMMIT + ")" : "");
  out.libraries = "PETSc " + std::to_string(PETSC_VERSION_MAJOR) + "." + std::to_string(PETSC_VERSION_MINOR) + "." +
                  std::to_string(PETSC_VERSION_SUBMINOR) + ", HDF5 " + std::to_string(major) + "." +
                  std::to_string(minor) + "." + std::to_string(release);
  return out;
}

}  // namespace petrl
