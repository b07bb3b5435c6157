// Checkpoint files: one binary file that appears whole or not at all, and is refused unless every byte is right.
//
// Layout (native byte order): "PETRLCKP", version, kind (32 bytes), total size, named numbers and arrays, checksum.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "base/api.hpp"
#include "base/floats.hpp"

namespace petrl::learn {

class PETRL_API StateWriter {
 public:
  /// Opens a temporary file beside `path`. Throws petrl::Error when it cannot be written.
  StateWriter(const std::string &path, const std::string &kind);
  ~StateWriter();
  StateWriter(const StateWriter &) = delete;
  StateWriter &operator=(const StateWriter &) = delete;
  void number(std::int64_t value) { bytes(&value, sizeof(value)); }
  void bytes(const void *data, std::size_t n);
  void floats(const float *data, std::size_t n);
  /// Completes the file, flushes it to the disk, and renames it to its place.
  void finish();

 private:
  [[noreturn]] void fail(const std::string &what) const;
  std::string path_, temporary_;
  std::FILE *file_ = nullptr;
  std::uint64_t size_ = 0, hash_;
};

class PETRL_API StateReader {
 public:
  /// Checks kind, version and size. Throws petrl::Error naming the file, what was found, and what was expected.
  StateReader(const std::string &path, const std::string &kind);
  std::int64_t number();
  /// A number that must have this value.
  void expect(const std::string &what, std::int64_t value);
  void bytes(void *data, std::size_t n);
  /// An array that must have this length (or any, if it is negative); `to` is resized.
  template <typename Array>
  void floats(const std::string &what, Array &to, std::int64_t length = -1) {
    const std::int64_t found = arrayLength(what, length);
    to.resize(static_cast<std::size_t>(found));
    bytes(to.data(), to.size() * sizeof(float));
  }
  /// Checks that all was read and the checksum is right: take nothing that was read for granted before.
  void finish();
  [[noreturn]] void fail(const std::string &message) const;

 private:
  std::int64_t arrayLength(const std::string &what, std::int64_t expected);
  std::string path_;
  std::vector<char> data_;
  std::size_t position_ = 0;
  std::uint64_t hash_ = 0;
};

}  // namespace petrl::learn
