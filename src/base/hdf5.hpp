// The little of HDF5 that policy files need, with errors that name file and object. Serial access; not collective.
// The HDF5 library writes; what we read may come from strangers, and is read without it (hdf5_image.hpp).
#pragma once

#include <hdf5.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/hdf5_image.hpp"

namespace petrl::h5 {

/// An HDF5 identifier that closes itself.
class Handle {
 public:
  using Close = herr_t (*)(hid_t);
  Handle(hid_t id, Close close) : id_(id), close_(close) {}
  Handle(Handle &&other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)), close_(other.close_) {}
  Handle(const Handle &) = delete;
  Handle &operator=(const Handle &) = delete;
  Handle &operator=(Handle &&) = delete;
  ~Handle() { release(); }
  /// Closes now; false if that failed.
  bool release() {
    const hid_t id = std::exchange(id_, H5I_INVALID_HID);
    return id < 0 || close_(id) >= 0;
  }
  operator hid_t() const { return id_; }

 private:
  hid_t id_;
  Close close_;
};

/// UTF-8 of any length.
Handle textType();

/// HDF5 prints its error stack by default; while one of these lives it is silent (we report in our own words).
class Quiet {
 public:
  Quiet() {
    H5Eget_auto2(H5E_DEFAULT, &function_, &data_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }
  ~Quiet() { H5Eset_auto2(H5E_DEFAULT, function_, data_); }
  Quiet(const Quiet &) = delete;
  Quiet &operator=(const Quiet &) = delete;

 private:
  H5E_auto2_t function_ = nullptr;
  void *data_ = nullptr;
};

/// A sealed file starts with a line of text, "petrl-sealed <checksum>", padded to kSeal bytes; HDF5 follows (h5py,
/// h5dump and HDF5 itself skip such a "user block"). What a disk or a transfer did to it is noticed before anything is
/// read. It is no signature: whoever changes a file can seal it again. Files without (h5py's) are read as they are.
constexpr std::size_t kSeal = 512;

/// A file being read: all of it at once, by our own code, see Image. Every reader throws petrl::Error:
/// "<file>: <object>: found ..., expected ...".
class PETRL_API Reader {
 public:
  /// Checks the seal, if there is one. most: bytes that the file may have, and that what is read of it may need.
  explicit Reader(const std::string &path, std::size_t most = ~std::size_t{0});
  Reader(const std::string &path, std::string bytes, std::size_t most);

  bool has(const std::string &object) const;
  bool isGroup(const std::string &object) const;
  std::string text(const std::string &object, const std::string &attribute) const;
  std::int64_t integer(const std::string &object, const std::string &attribute) const;
  double number(const std::string &object, const std::string &attribute) const;
  /// Numbers of a 1-D dataset.
  std::vector<double> numbers(const std::string &dataset) const;
  /// Strings of a 1-D dataset.
  std::vector<std::string> texts(const std::string &dataset) const;
  /// A float32 dataset of any rank.
  std::pair<std::vector<std::size_t>, std::vector<float>> floats(const std::string &dataset) const;
  /// Names of the attributes of an object / the links in a group.
  std::vector<std::string> attributes(const std::string &object) const;
  std::vector<std::string> links(const std::string &group) const;
  [[noreturn]] void fail(const std::string &object, const std::string &message) const;

 private:
  const Object &open(const std::string &object) const;
  const Values &attribute(const std::string &object, const std::string &name) const;
  const Values &list(const std::string &dataset, const char *expected) const;
  std::unique_ptr<Image> image_;
};

/// A file being written: in memory, until write().
class PETRL_API Writer {
 public:
  explicit Writer(const std::string &path, bool sealed = false);
  /// As the last thing: the file appears whole or not at all.
  void write();
  void group(const std::string &name);
  void text(const std::string &object, const std::string &attribute, const std::string &value);
  void integer(const std::string &object, const std::string &attribute, std::int64_t value);
  void number(const std::string &object, const std::string &attribute, double value);
  void numbers(const std::string &dataset, const std::vector<double> &values);
  void texts(const std::string &dataset, const std::vector<std::string> &values);
  void floats(const std::string &dataset, const std::vector<std::size_t> &shape, const std::vector<float> &values);

 private:
  hid_t made(hid_t id, const std::string &what) const;
  std::string path_;
  bool sealed_;
  Quiet quiet_;
  Handle file_;
};

}  // namespace petrl::h5
