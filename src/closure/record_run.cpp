// A run on its way into a record.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/error.hpp"
#include "base/version.hpp"
#include "closure/record.hpp"

namespace petrl {

namespace {

[[noreturn]] void cannotWrite(const std::string &path) {
  throw Error("-closure_record " + path + ": cannot write: " + std::strerror(errno), PETSC_ERR_FILE_WRITE);
}

// A file beside `path` without a name: it is gone when the program is.
int nameless(const std::string &path) {
  std::string name = path + ".part-XXXXXX";
  const int file = mkostemp(name.data(), O_CLOEXEC);
  if (file < 0) cannotWrite(path);
  unlink(name.c_str());
  return file;
}

bool writeAll(int file, const char *bytes, std::size_t n) {
  while (n > 0) {
    const ssize_t written = write(file, bytes, n);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes += written;
    n -= static_cast<std::size_t>(written);
  }
  return true;
}

bool copyFile(const std::string &from, const std::string &to) {
  const int in = open(from.c_str(), O_RDONLY | O_CLOEXEC),
            out = open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  std::vector<char> buffer(std::size_t{1} << 22);
  ssize_t n = in < 0 || out < 0 ? -1 : 1;
  while (n > 0) {
    n = read(in, buffer.data(), buffer.size());
    if (n > 0 && !writeAll(out, buffer.data(), static_cast<std::size_t>(n))) n = -1;
  }
  const int error = errno;
  if (in >= 0) close(in);
  if (out >= 0 && close(out) != 0) n = -1;
  errno = error;
  return n == 0;
}

// Room for what HDF5 is going to write: it does not bear a full disk well.
void makeRoom(const std::string &path, const std::string &shown, std::int64_t more) {
  const int file = open(path.c_str(), O_RDWR | O_CLOEXEC);
  struct stat info;
  if (file < 0 || fstat(file, &info) != 0) cannotWrite(shown);
  const int error = posix_fallocate(file, info.st_size, more);
  close(file);
  errno = error;
  if (error != 0 && error != EOPNOTSUPP && error != EINVAL) cannotWrite(shown);
}

void toDisk(const std::string &path) {
  const int file = open(path.c_str(), O_RDWR | O_CLOEXEC);
  const bool good = file >= 0 && fsync(file) == 0;
  if (file >= 0) close(file);
  if (!good) cannotWrite(path);
}

// Removes a file unless that was made undone.
struct Scrap {
  std::string path;
  ~Scrap() {
    if (!path.empty()) std::remove(path.c_str());
  }
};

}  // namespace

RecordRun::RecordRun(std::string path, RecordLayout layout) : path_(std::move(path)), layout_(std::move(layout)) {
  if (fileExists(path_)) checkRecord(path_, layout_);
  part_ = nameless(path_);
}

RecordRun::~RecordRun() {
  if (part_ >= 0) close(part_);
}

void RecordRun::put(const double *values, std::size_t n) {
  if (!writeAll(part_, reinterpret_cast<const char *>(values), n * sizeof(double))) cannotWrite(path_);
  end_ += static_cast<std::int64_t>(n);
}

void RecordRun::get(std::int64_t at, double *values, std::size_t n) const {
  char *to = reinterpret_cast<char *>(values);
  std::size_t left = n * sizeof(double);
  off_t from = static_cast<off_t>(at) * static_cast<off_t>(sizeof(double));
  while (left > 0) {
    const ssize_t got = pread(part_, to, left, from);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) throw Error("-closure_record " + path_ + ": what was collected cannot be read", PETSC_ERR_FILE_READ);
    to += got, from += got, left -= static_cast<std::size_t>(got);
  }
}

void RecordRun::add(double time, const double *state, const double *auxiliary) {
  const std::size_t points = layout_.allPoints(), n = points * layout_.auxiliary.size();
  while (!times_.empty() && time <= times_.back()) {
    times_.pop_back();
    state_at_.pop_back();
    auxiliary_at_.pop_back();
  }
  const bool another = auxiliary != nullptr && n > 0 &&
                       (latest_auxiliary_.empty() || !std::equal(auxiliary, auxiliary + n, latest_auxiliary_.begin()));
  if (another) {
    latest_auxiliary_at_ = end_;
    latest_auxiliary_.assign(auxiliary, auxiliary + n);
    put(auxiliary, n);
  }
  state_at_.push_back(end_);
  put(state, points * layout_.components.size());
  auxiliary_at_.push_back(latest_auxiliary_at_);
  times_.push_back(time);
}

int RecordRun::append(h5::Disk &file, const RecordOrigin &origin) const {
  const int number = static_cast<int>(file.links("/runs").size()) + 1;
  char name[32];
  std::snprintf(name, sizeof name, "/runs/%04d", number);
  const std::string group = name;
  file.group(group);
  file.text(group, "ts_type", origin.ts_type);
  file.number(group, "dt", origin.dt);
  file.integer(group, "ratio", origin.ratio);
  file.text(group, "restriction", origin.restriction);
  file.integer(group, "interval", origin.interval);
  file.text(group, "petrl", PETRL_VERSION_STRING);
  file.text(group, "options", origin.options);

  const auto store = [&](const char *what, const std::vector<std::string> &names, std::vector<std::int64_t> at) {
    std::vector<std::uint64_t> extent{at.size()};
    for (int d = layout_.dimension; d-- > 0;) extent.push_back(static_cast<std::uint64_t>(layout_.points[d]));
    extent.push_back(names.size());
    file.dataset(group + what, extent);
    std::vector<double> values(layout_.allPoints() * names.size());
    for (std::size_t t = 0; t < at.size(); ++t) {
      get(at[t], values.data(), values.size());
      file.write(group + what, t, 1, values.data());
    }
  };
  file.dataset(group + "/time", {times_.size()});
  file.write(group + "/time", 0, times_.size(), times_.data());
  store("/state", layout_.components, state_at_);
  std::vector<std::int64_t> auxiliary = auxiliary_at_;
  if (std::all_of(auxiliary.begin(), auxiliary.end(), [&](std::int64_t at) { return at == auxiliary[0]; }))
    auxiliary.resize(1);
  if (!layout_.auxiliary.empty()) store("/auxiliary", layout_.auxiliary, auxiliary);
  return number;
}

// A copy is changed and takes the place of the record once all of it is on the disk. One program at a time.
int RecordRun::finish(const RecordOrigin &origin) {
  FileLock lock(path_ + ".lock");
  lock.take(true);
  Scrap partial{path_ + ".partial"};
  if (fileExists(path_)) {
    checkRecord(path_, layout_);
    if (!copyFile(path_, partial.path)) cannotWrite(path_);
  } else {
    createRecord(partial.path, layout_);
  }
  std::int64_t run = 0;
  for (const auto &names : {layout_.components, layout_.auxiliary})
    run += static_cast<std::int64_t>(layout_.allPoints() * names.size() * times_.size() * sizeof(double));
  makeRoom(partial.path, path_, run + static_cast<std::int64_t>(times_.size() * sizeof(double)) + (1 << 16));
  h5::Disk file(partial.path, h5::Disk::Mode::change);
  const int number = append(file, origin);
  file.close();
  toDisk(partial.path);
  if (std::rename(partial.path.c_str(), path_.c_str()) != 0) cannotWrite(path_);
  partial.path.clear();
  lock.remove();
  return number;
}

}  // namespace petrl
