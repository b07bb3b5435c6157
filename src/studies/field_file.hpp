// Fields as HDF5 with an XDMF description (ParaView, h5py).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/hdf5.hpp"

namespace petrl::studies {

/// fields.h5 and fields.xdmf, once write() is called: some series, each of grids at rising times.
class FieldFile {
 public:
  explicit FieldFile(const std::string &directory) : data(directory + "/fields.h5"), directory_(directory) {}
  /// Begins a grid of a series: rows x columns points or (`cells`) cells of a size, at a time.
  void grid(const std::string &series, double time, std::size_t rows, std::size_t columns, double height, double width,
            bool cells = true, double top = 0);
  /// Or triangles: `corners` holds x and y of each one's three, and is written as <group>/corner.
  void triangles(const std::string &series, double time, const std::string &group, const std::vector<double> &corners);
  /// A field of the grid begun last: the dataset <group>/<name>.
  void field(const std::string &group, const std::string &name, const std::vector<float> &values);
  /// Throws petrl::Error.
  void write();

  h5::Writer data;  ///< for what the description does not name

 private:
  std::string &begin(const std::string &series, double time);
  std::string directory_;
  std::map<std::string, std::string> series_;
  std::string *now_ = nullptr;
  std::vector<std::size_t> shape_;
  const char *center_ = "Cell";
};

inline std::vector<float> floats(const std::vector<double> &values) {
  return std::vector<float>(values.begin(), values.end());
}

}  // namespace petrl::studies
