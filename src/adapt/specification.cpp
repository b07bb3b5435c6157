#include "adapt/specification.hpp"

#include <hdf5.h>
#include <petscversion.h>

#include "adapt/history.hpp"
#include "base/version.hpp"

namespace petrl {

Policy stepPolicySpecification(const std::vector<std::string> &names, const std::string &transform, double low,
                               double high) {
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
  p.action.low = {low};
  p.action.high = {high};
  validateSpecification(p, "policy");
  return p;
}

std::string libraryVersions() {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  return "PETSc " + std::to_string(PETSC_VERSION_MAJOR) + "." + std::to_string(PETSC_VERSION_MINOR) + "." +
         std::to_string(PETSC_VERSION_SUBMINOR) + ", HDF5 " + std::to_string(major) + "." + std::to_string(minor) +
         "." + std::to_string(release);
}

std::string petrlVersion() {
  return std::string(PETRL_VERSION_STRING) + (PETRL_COMMIT[0] ? std::string(" (") + PETRL_COMMIT + ")" : "");
}

}  // namespace petrl
