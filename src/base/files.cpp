#include "base/files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <utility>

#include "base/error.hpp"

namespace petrl {

bool fileExists(const std::string &path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0;
}

std::vector<std::string> filesIn(const std::string &folder) {
  DIR *open = opendir(folder.c_str());
  if (open == nullptr) throw Error(folder + ": cannot read this folder", PETSC_ERR_FILE_OPEN);
  std::vector<std::string> names;
  while (const dirent *entry = readdir(open)) names.emplace_back(entry->d_name);
  closedir(open);
  return names;
}

std::string readWhole(const std::string &path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  if (!in) throw Error(path + ": cannot read this file", PETSC_ERR_FILE_OPEN);
  return text.str();
}

std::string readRegular(const std::string &path, std::size_t most) {
  const auto fail = [&](const std::string &message) -> void {
    throw Error(path + ": cannot be opened: " + message, PETSC_ERR_FILE_OPEN);
  };
  // Opening a pipe would wait for somebody to write into it.
  const int file = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) fail(std::strerror(errno));
  const std::unique_ptr<FILE, int (*)(FILE *)> in(fdopen(file, "rb"), std::fclose);
  struct stat info;
  if (fstat(file, &info) != 0) fail(std::strerror(errno));
  if (!S_ISREG(info.st_mode)) fail("expected a regular file");
  if (static_cast<std::uint64_t>(info.st_size) > most)
    fail("found " + std::to_string(info.st_size) + " bytes, expected at most " + std::to_string(most));
  // HDF5, and h5py with it, locks what it writes.
  const char *locking = std::getenv("HDF5_USE_FILE_LOCKING");
  const bool unlocked = locking != nullptr && std::strcmp(locking, "FALSE") == 0;
  if (!unlocked && flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    fail("another program has it open for writing (and has locked it)");
  std::string bytes(static_cast<std::size_t>(info.st_size), '\0');
  bytes.resize(std::fread(&bytes[0], 1, bytes.size(), in.get()));
  if (std::ferror(in.get()) != 0) fail(std::strerror(errno));
  return bytes;
}

void makeFolders(const std::string &path) {
  if (path.empty()) throw Error("expected the name of a folder, found none", PETSC_ERR_ARG_WRONG);
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (!part.empty() && mkdir(part.c_str(), 0777) != 0 && !fileExists(part))
      throw Error(part + ": cannot create this folder", PETSC_ERR_FILE_OPEN);
    if (slash == std::string::npos) return;
  }
}

void writeWhole(const std::string &path, const std::string &bytes) {
  // Several processes may write the same file at the same time: each its own, then moved into place.
  const std::string partial = path + ".partial." + std::to_string(getpid());
  int file = open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  bool good = file >= 0;
  for (std::size_t at = 0; good && at < bytes.size();) {
    const ssize_t n = write(file, bytes.data() + at, bytes.size() - at);
    if (n > 0) at += static_cast<std::size_t>(n);
    good = n > 0 || (n < 0 && errno == EINTR);
  }
  good = good && fsync(file) == 0;
  int error = errno;
  if (file >= 0 && close(file) != 0 && good) good = false, error = errno;
  if (good && std::rename(partial.c_str(), path.c_str()) != 0) good = false, error = errno;
  if (!good) {
    std::remove(partial.c_str());
    throw Error(path + ": cannot write this file: " + std::strerror(error), PETSC_ERR_FILE_WRITE);
  }
  // The name, too. Some file systems do not let one open a folder: the rename itself has succeeded.
  const auto slash = path.rfind('/');
  file = open(slash == std::string::npos ? "." : path.substr(0, slash + 1).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return;
  fsync(file);
  close(file);
}

FileLock::FileLock(const std::string &path)
    : path_(path), file_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
  if (file_ < 0) throw Error(path + ": cannot write this file", PETSC_ERR_FILE_OPEN);
}

bool FileLock::take(bool wait) {
  for (;;) {
    if (flock(file_, LOCK_EX | (wait ? 0 : LOCK_NB)) != 0) return false;
    // Another process may have removed the file while we waited for it.
    struct stat ours, named;
    if (fstat(file_, &ours) == 0 && stat(path_.c_str(), &named) == 0 && ours.st_ino == named.st_ino) break;
    *this = FileLock(path_);
  }
  // Only for messages: nothing is lost where it cannot be written.
  const std::string pid = std::to_string(getpid());
  if (ftruncate(file_, 0) == 0) (void)!pwrite(file_, pid.data(), pid.size(), 0);
  return true;
}

void FileLock::remove() {
  std::remove(path_.c_str());
}

std::string FileLock::holder() const {
  char pid[32] = "";
  return pread(file_, pid, sizeof(pid) - 1, 0) > 0 ? pid : "unknown";
}

FileLock &FileLock::operator=(FileLock &&other) noexcept {
  std::swap(path_, other.path_);
  std::swap(file_, other.file_);
  return *this;
}

FileLock::~FileLock() {
  if (file_ >= 0) close(file_);
}

}  // namespace petrl
