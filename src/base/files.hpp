// The few file operations that several commands need.
#pragma once

#include <string>
#include <vector>

#include "base/api.hpp"

namespace petrl {

PETRL_API bool fileExists(const std::string &path);
/// The names in a folder, in no order. Throws petrl::Error.
PETRL_API std::vector<std::string> filesIn(const std::string &folder);
/// A file's content. Throws petrl::Error.
PETRL_API std::string readWhole(const std::string &path);
/// Creates a folder and those above it. Throws petrl::Error.
PETRL_API void makeFolders(const std::string &path);
/// Writes a file whole or not at all: what was there stays until all of the new one is on the disk. Throws petrl::Error.
PETRL_API void writeWhole(const std::string &path, const std::string &bytes);

/// Keeps others who ask for the same out of a folder for as long as it lives, or the process does.
class PETRL_API FolderLock {
 public:
  FolderLock() = default;
  /// `purpose`: for the message of those who come later ("training"). Throws petrl::Error if somebody holds it.
  FolderLock(const std::string &folder, const std::string &purpose);
  FolderLock(const FolderLock &) = delete;
  FolderLock &operator=(const FolderLock &) = delete;
  FolderLock &operator=(FolderLock &&other) noexcept;
  ~FolderLock();

 private:
  int file_ = -1;
};

}  // namespace petrl
