// Fields of a fault as HDF5 with an XDMF description (ParaView, h5py).
#pragma once

#include <string>
#include <vector>

#include "problems/fault/fault.hpp"

namespace petrl::cli {

/// Collects velocity, displacement and history variable at chosen times; writes fields.h5 and fields.xdmf.
class FieldWriter {
 public:
  FieldWriter(std::string directory, std::vector<double> times)
      : directory_(std::move(directory)), times_(std::move(times)) {}
  /// To be called after each step; interpolates within it (cubic Hermite) at the times that it covers. Collective.
  void observe(fault::Fault &fault);
  /// Writes on the first rank. Collective. Throws petrl::Error.
  void write(fault::Fault &fault) const;

 private:
  struct Snapshot {
    double time;
    std::vector<float> velocity, displacement, history;
  };
  std::string directory_;
  std::vector<double> times_;
  std::vector<Snapshot> snapshots_;
};

}  // namespace petrl::cli
