// The few file operations that several commands need.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/api.hpp"

namespace petrl {

PETRL_API bool fileExists(const std::string &path);
/// The names in a folder, in no order. Throws petrl::Error.
PETRL_API std::vector<std::string> filesIn(const std::string &folder);
/// A file's content. Throws petrl::Error.
PETRL_API std::string readWhole(const std::string &path);
/// The same for data from elsewhere: a regular file (nobody waits for a pipe) of at most so many bytes, which no other
/// program is writing.
PETRL_API std::string readRegular(const std::string &path, std::size_t most);
/// Creates a folder and those above it. Throws petrl::Error.
PETRL_API void makeFolders(const std::string &path);
/// Writes a file whole or not at all: what was there stays until all of the new one is on the disk. Throws petrl::Error.
PETRL_API void writeWhole(const std::string &path, const std::string &bytes);

/// A lock between processes, held for as long as the object lives, or its process does.
class PETRL_API FileLock {
 public:
  FileLock() = default;
  /// Locks are files that nobody reads; this one is created. Throws petrl::Error.
  explicit FileLock(const std::string &path);
  FileLock(const FileLock &) = delete;
  FileLock &operator=(const FileLock &) = delete;
  FileLock &operator=(FileLock &&other) noexcept;
  ~FileLock();
  /// False if another process holds it and we do not `wait`.
  bool take(bool wait);
  /// The number of the process that holds it, as far as is known.
  std::string holder() const;
  /// Removes the file of a lock that we hold; whoever waits for it makes another.
  void remove();

 private:
  std::string path_;
  int file_ = -1;
};

}  // namespace petrl
