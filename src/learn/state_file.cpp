#include "learn/state_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "base/error.hpp"

namespace petrl::learn {

namespace {

constexpr char kMagic[9] = "PETRLCKP";
constexpr std::int64_t kVersion = 1;
constexpr std::uint64_t kHashStart = 0xcbf29ce484222325ULL;

struct Header {
  char magic[8];
  std::int64_t version;
  char kind[32];
  std::uint64_t total;  // bytes, with header and checksum
};

// FNV-1a over 8-byte words: quick, and sensitive to every bit.
std::uint64_t hash(std::uint64_t h, const void *data, std::size_t n) {
  const char *p = static_cast<const char *>(data);
  for (; n >= 8; n -= 8, p += 8) {
    std::uint64_t word;
    std::memcpy(&word, p, 8);
    h = (h ^ word) * 0x100000001b3ULL;
    h ^= h >> 29;
  }
  for (; n > 0; --n, ++p) h = (h ^ static_cast<unsigned char>(*p)) * 0x100000001b3ULL;
  return h;
}

void syncFolder(const std::string &path) {
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY);
  if (fd < 0) return;  // some file systems do not let one open a folder; the rename itself has succeeded
  fsync(fd);
  close(fd);
}

}  // namespace

StateWriter::StateWriter(const std::string &path, const std::string &kind)
    : path_(path), temporary_(path + ".tmp" + std::to_string(getpid())), hash_(kHashStart) {
  file_ = std::fopen(temporary_.c_str(), "wb");
  if (file_ == nullptr) fail("cannot be opened for writing");
  Header header{};
  std::memcpy(header.magic, kMagic, 8);
  header.version = kVersion;
  std::strncpy(header.kind, kind.c_str(), sizeof(header.kind) - 1);
  if (std::fwrite(&header, sizeof(header), 1, file_) != 1) fail("cannot be written");
  size_ = sizeof(header);
}

StateWriter::~StateWriter() {
  if (file_ == nullptr) return;
  std::fclose(file_);
  std::remove(temporary_.c_str());
}

void StateWriter::fail(const std::string &what) const {
  throw Error(temporary_ + ": " + what + ": " + std::strerror(errno), PETSC_ERR_FILE_WRITE);
}

void StateWriter::bytes(const void *data, std::size_t n) {
  if (n == 0) return;
  hash_ = hash(hash_, data, n);
  if (std::fwrite(data, 1, n, file_) != n) fail("cannot be written");
  size_ += n;
}

void StateWriter::floats(const float *data, std::size_t n) {
  number(static_cast<std::int64_t>(n));
  bytes(data, n * sizeof(float));
}

void StateWriter::finish() {
  const std::uint64_t checksum = hash_, total = size_ + sizeof(checksum);
  if (std::fwrite(&checksum, sizeof(checksum), 1, file_) != 1) fail("cannot be written");
  if (std::fseek(file_, offsetof(Header, total), SEEK_SET) != 0 || std::fwrite(&total, sizeof(total), 1, file_) != 1 ||
      std::fflush(file_) != 0 || fsync(fileno(file_)) != 0) {
    fail("cannot be written");
  }
  const bool closed = std::fclose(file_) == 0;
  file_ = nullptr;
  if (!closed || std::rename(temporary_.c_str(), path_.c_str()) != 0) fail("cannot be renamed to " + path_);
  syncFolder(path_);
}

void StateReader::fail(const std::string &message) const {
  throw Error(path_ + ": " + message, PETSC_ERR_FILE_UNEXPECTED);
}

StateReader::StateReader(const std::string &path, const std::string &kind) : path_(path) {
  std::FILE *file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) throw Error(path + ": cannot read this file: " + std::strerror(errno), PETSC_ERR_FILE_OPEN);
  std::fseek(file, 0, SEEK_END);
  const long size = std::ftell(file);
  std::fseek(file, 0, SEEK_SET);
  data_.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  const std::size_t got = std::fread(data_.data(), 1, data_.size(), file);
  std::fclose(file);
  if (got != data_.size()) throw Error(path + ": cannot read this file to its end", PETSC_ERR_FILE_READ);

  Header header;
  const std::size_t least = sizeof(header) + sizeof(std::uint64_t);
  if (data_.size() < least) {
    fail("truncated: found " + std::to_string(data_.size()) + " bytes, expected at least " + std::to_string(least));
  }
  std::memcpy(&header, data_.data(), sizeof(header));
  if (std::memcmp(header.magic, kMagic, 8) != 0) fail("is not a PetRL checkpoint: expected it to start with PETRLCKP");
  if (header.version != kVersion) {
    fail("found checkpoint version " + std::to_string(header.version) + ", expected " + std::to_string(kVersion));
  }
  header.kind[sizeof(header.kind) - 1] = 0;
  if (kind != header.kind) fail("found a checkpoint of '" + std::string(header.kind) + "', expected '" + kind + "'");
  if (header.total != data_.size()) {
    fail("wrong size: found " + std::to_string(data_.size()) + " bytes, expected " + std::to_string(header.total));
  }
  position_ = sizeof(header);
  hash_ = kHashStart;
}

void StateReader::bytes(void *data, std::size_t n) {
  const std::size_t left = data_.size() - sizeof(std::uint64_t) - position_;
  if (n > left) fail("found " + std::to_string(left) + " bytes, expected " + std::to_string(n) + " more");
  if (n == 0) return;
  std::memcpy(data, data_.data() + position_, n);
  hash_ = hash(hash_, data, n);  // in the same portions as the writer
  position_ += n;
}

std::int64_t StateReader::number() {
  std::int64_t value;
  bytes(&value, sizeof(value));
  return value;
}

void StateReader::expect(const std::string &what, std::int64_t value) {
  const std::int64_t found = number();
  if (found != value) fail(what + ": found " + std::to_string(found) + ", expected " + std::to_string(value));
}

std::int64_t StateReader::arrayLength(const std::string &what, std::int64_t expected) {
  const std::int64_t found = number();
  if (found < 0 || (expected >= 0 && found != expected)) {
    fail(what + ": found " + std::to_string(found) + " numbers, expected " + std::to_string(expected));
  }
  const std::size_t left = data_.size() - sizeof(std::uint64_t) - position_;
  if (static_cast<std::size_t>(found) > left / sizeof(float)) fail(what + ": longer than the file");
  return found;
}

void StateReader::finish() {
  if (position_ + sizeof(std::uint64_t) != data_.size()) fail("more in the file than expected");
  std::uint64_t checksum;
  std::memcpy(&checksum, data_.data() + position_, sizeof(checksum));
  if (checksum != hash_) fail("damaged: the checksum of its content is not the one it was written with");
}

}  // namespace petrl::learn
