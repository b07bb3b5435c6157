// HDF5 files of one's own that are too large for memory: records of runs. The HDF5 library reads and writes, on disk.
// Policy files, which may be a stranger's, are for h5::Reader.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/hdf5.hpp"

namespace petrl::h5 {

/// An open file. Not collective. Everything throws petrl::Error: "<file>: <object>: found ..., expected ...".
class Disk {
 public:
  enum class Mode { read, change, create };
  Disk(const std::string &path, Mode mode);
  /// As the last thing after changes: throws where not all of it is on the disk.
  void close();

  bool has(const std::string &object) const;
  std::vector<std::string> links(const std::string &group) const;
  std::string text(const std::string &object, const std::string &attribute) const;
  std::int64_t integer(const std::string &object, const std::string &attribute) const;
  double number(const std::string &object, const std::string &attribute) const;
  /// Attributes that are lists.
  std::vector<double> numbers(const std::string &object, const std::string &attribute) const;
  std::vector<std::string> texts(const std::string &object, const std::string &attribute) const;
  std::vector<std::uint64_t> extent(const std::string &dataset) const;
  /// `count` times the values at one index of a dataset's first dimension, from the index `first` on.
  void read(const std::string &dataset, std::uint64_t first, std::uint64_t count, double *values) const;

  void group(const std::string &name);
  void text(const std::string &object, const std::string &attribute, const std::string &value);
  void integer(const std::string &object, const std::string &attribute, std::int64_t value);
  void number(const std::string &object, const std::string &attribute, double value);
  void numbers(const std::string &object, const std::string &attribute, const std::vector<double> &values);
  void texts(const std::string &object, const std::string &attribute, const std::vector<std::string> &values);
  /// A dataset of doubles, to be written next.
  void dataset(const std::string &name, const std::vector<std::uint64_t> &extent);
  void write(const std::string &dataset, std::uint64_t first, std::uint64_t count, const double *values);

  [[noreturn]] void fail(const std::string &object, const std::string &message) const;

 private:
  hid_t good(hid_t id, const std::string &object, const char *message) const;
  Handle attribute(const std::string &object, const std::string &name, H5T_class_t type) const;
  void put(const std::string &object, const std::string &name, hid_t type, hid_t space, const void *values);
  void rows(const std::string &dataset, std::uint64_t first, std::uint64_t count, double *in, const double *out) const;
  std::string path_;
  Quiet quiet_;
  Handle file_;
};

}  // namespace petrl::h5
