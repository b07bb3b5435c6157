// The file: "PETRLCKP", version, bytes in all, number of entries; each entry's name, type, count and data (in the byte
// order of the machine); a checksum of everything before it.
#include "base/archive.hpp"

#include <algorithm>
#include <cstring>

#include "base/error.hpp"
#include "base/files.hpp"

namespace petrl {

namespace {

constexpr char kMagic[9] = "PETRLCKP";
constexpr std::int64_t kVersion = 2;
constexpr std::size_t kHeader = 32, kChecksum = 8;

// FNV-1a over 8-byte words: quick, and sensitive to every bit.
std::uint64_t hash(const char *p, std::size_t n) {
  std::uint64_t h = 0xcbf29ce484222325ULL;
  for (; n >= 8; n -= 8, p += 8) {
    std::uint64_t word;
    std::memcpy(&word, p, 8);
    h = (h ^ word) * 0x100000001b3ULL;
    h ^= h >> 29;
  }
  for (; n > 0; --n, ++p) h = (h ^ static_cast<unsigned char>(*p)) * 0x100000001b3ULL;
  return h;
}

template <typename T>
void put(std::string &out, T value) {
  out.append(reinterpret_cast<const char *>(&value), sizeof(value));
}

std::size_t width(char type) {
  return type == 's' ? 1 : type == 'f' ? 4 : 8;
}

const char *plural(char type) {
  return type == 's'   ? "a text"
         : type == 'i' ? "whole numbers"
         : type == 'f' ? "numbers (float32)"
                       : "numbers (float64)";
}

void checkMpi(int status, const char *what) {
  if (status != MPI_SUCCESS) throw Error(std::string(what) + " failed", PETSC_ERR_MPI);
}

constexpr std::size_t kMessage = std::size_t{1} << 30;

// Of any length: a message of MPI is at most 2^31 bytes long.
template <typename Transfer>
void inPieces(std::string &bytes, std::uint64_t size, const Transfer &transfer) {
  bytes.resize(size);
  for (std::size_t at = 0; at < bytes.size(); at += kMessage)
    transfer(&bytes[at], static_cast<int>(std::min(kMessage, bytes.size() - at)));
}

void broadcast(std::string &bytes, MPI_Comm comm, int ranks) {
  if (ranks == 1) return;
  std::uint64_t size = bytes.size();
  checkMpi(MPI_Bcast(&size, 1, MPI_UINT64_T, 0, comm), "MPI_Bcast");
  inPieces(bytes, size, [&](char *p, int n) { checkMpi(MPI_Bcast(p, n, MPI_BYTE, 0, comm), "MPI_Bcast"); });
}

// The place of this process; before MPI there is one.
void place(MPI_Comm comm, int &rank, int &ranks) {
  int initialised = 0;
  MPI_Initialized(&initialised);
  if (initialised == 0 || comm == MPI_COMM_NULL) return;
  checkMpi(MPI_Comm_rank(comm, &rank), "MPI_Comm_rank");
  checkMpi(MPI_Comm_size(comm, &ranks), "MPI_Comm_size");
}

std::string rankName(int rank) {
  return "rank" + std::to_string(rank) + "/";
}

}  // namespace

Archive::Archive(MPI_Comm comm) : reading_(false), keeping_(true), comm_(comm) {
  place(comm, rank_, ranks_);
  keeping_ = rank_ == 0;
}

Archive::Archive(const std::string &bytes, const std::string &source, MPI_Comm comm)
    : reading_(true), keeping_(true), comm_(comm), source_(source) {
  place(comm, rank_, ranks_);
  const auto refuse = [&](const std::string &message) {
    throw Error(source_ + ": " + message, PETSC_ERR_FILE_UNEXPECTED);
  };
  const auto number = [&bytes](std::size_t at) {
    std::int64_t value;
    std::memcpy(&value, &bytes[at], sizeof(value));
    return value;
  };
  if (bytes.size() < kHeader + kChecksum) {
    refuse("truncated: found " + std::to_string(bytes.size()) + " bytes, expected at least " +
           std::to_string(kHeader + kChecksum));
  }
  if (bytes.compare(0, 8, kMagic) != 0) refuse("is not a PetRL checkpoint: expected it to start with PETRLCKP");
  if (number(8) != kVersion) {
    refuse("found checkpoint version " + std::to_string(number(8)) + ", expected " + std::to_string(kVersion));
  }
  if (number(16) != static_cast<std::int64_t>(bytes.size())) {
    refuse("wrong size: found " + std::to_string(bytes.size()) + " bytes, expected " + std::to_string(number(16)));
  }
  const std::size_t end = bytes.size() - kChecksum;
  if (static_cast<std::uint64_t>(number(end)) != hash(bytes.data(), end))
    refuse("damaged: the checksum of its content is not the one it was written with");
  std::size_t at = kHeader;
  const auto take = [&](std::size_t n) {
    if (n > end - at) refuse("damaged: an entry is longer than the file");
    at += n;
    return &bytes[at - n];
  };
  for (std::int64_t i = 0; i < number(24); ++i) {
    std::uint64_t length;
    std::memcpy(&length, take(8), 8);
    const char *name = take(length);
    Entry entry;
    entry.type = *take(1);
    std::memcpy(&entry.count, take(8), 8);
    if (entry.count > bytes.size()) refuse("damaged: an entry is longer than the file");
    const std::size_t size = entry.count * width(entry.type);
    entry.data.assign(take(size), size);
    entries_.emplace(std::string(name, length), std::move(entry));
  }
}

std::string Archive::bytes() const {
  std::string out(kMagic, 8);
  put(out, kVersion);
  put(out, std::uint64_t{0});
  put(out, static_cast<std::uint64_t>(entries_.size()));
  for (const auto &[name, entry] : entries_) {
    put(out, static_cast<std::uint64_t>(name.size()));
    out += name;
    put(out, entry.type);
    put(out, entry.count);
    out += entry.data;
  }
  const std::uint64_t total = out.size() + kChecksum;
  std::memcpy(&out[16], &total, sizeof(total));
  put(out, hash(out.data(), out.size()));
  return out;
}

void Archive::fail(const std::string &name, const std::string &message) const {
  throw Error(source_ + ": '" + prefix_ + name + "': " + message, PETSC_ERR_FILE_UNEXPECTED);
}

void Archive::wrongCount(const std::string &name, std::uint64_t found, std::uint64_t expected) const {
  fail(name, "found " + std::to_string(found) + " numbers, expected " + std::to_string(expected));
}

const Archive::Entry &Archive::find(const std::string &name, char type) const {
  const auto found = entries_.find(prefix_ + name);
  if (found == entries_.end()) fail(name, "missing");
  if (found->second.type != type)
    fail(name, std::string("found ") + plural(found->second.type) + ", expected " + plural(type));
  found->second.used = true;
  return found->second;
}

void Archive::array(const std::string &name, char type, void *data, std::uint64_t count) {
  const std::size_t size = count * width(type);
  if (reading_) {
    const Entry &entry = find(name, type);
    if (entry.count != count) wrongCount(name, entry.count, count);
    if (size > 0) std::memcpy(data, entry.data.data(), size);
    return;
  }
  if (!keeping_) return;
  Entry entry;
  entry.type = type;
  entry.count = count;
  if (size > 0) entry.data.assign(static_cast<const char *>(data), size);
  if (!entries_.emplace(prefix_ + name, std::move(entry)).second)
    throw Error("checkpoint: '" + prefix_ + name + "' is there twice", PETSC_ERR_PLIB);
}

void Archive::whole(const std::string &name, std::int64_t &value, std::int64_t low, std::int64_t high) {
  array(name, 'i', &value, 1);
  if (reading_ && (value < low || value > high)) fail(name, "found " + std::to_string(value) + ": out of range");
}

void Archive::kind(const std::string &name) {
  std::string found = name;
  (*this)("kind", found);
  if (found != name)
    throw Error(source_ + ": found a checkpoint of '" + found + "', expected '" + name + "'",
                PETSC_ERR_FILE_UNEXPECTED);
}

void Archive::expect(const std::string &name, std::int64_t value) {
  std::int64_t found = value;
  (*this)(name, found);
  if (found != value) fail(name, "found " + std::to_string(found) + ", expected " + std::to_string(value));
}

void Archive::beginRanked() {
  expect("ranks", ranks_);
  if (reading_) {
    prefix_ += rankName(rank_);
    return;
  }
  common_.swap(entries_);
  keeping_ = true;
}

void Archive::endRanked() {
  if (reading_) {
    prefix_.resize(prefix_.size() - rankName(rank_).size());
    for (int r = 0; r < ranks_; ++r) {  // those of other ranks are theirs to read
      const std::string other = prefix_ + rankName(r);
      for (auto i = entries_.lower_bound(other); i != entries_.end() && i->first.rfind(other, 0) == 0; ++i)
        i->second.used = i->second.used || r != rank_;
    }
    return;
  }
  std::map<std::string, Entry> own;
  own.swap(entries_);
  entries_.swap(common_);
  keeping_ = rank_ == 0;
  const auto add = [this](int rank, const std::map<std::string, Entry> &part) {
    for (const auto &[name, entry] : part) entries_[prefix_ + rankName(rank) + name.substr(prefix_.size())] = entry;
  };
  if (rank_ == 0) add(0, own);
  for (int r = 1; r < ranks_; ++r) {
    if (rank_ != 0 && rank_ != r) continue;
    std::string part;
    if (rank_ == r) {
      Archive only;
      only.entries_ = own;
      part = only.bytes();
    }
    std::uint64_t size = part.size();
    constexpr int tag = 77;
    if (rank_ == 0) {
      checkMpi(MPI_Recv(&size, 1, MPI_UINT64_T, r, tag, comm_, MPI_STATUS_IGNORE), "MPI_Recv");
      inPieces(part, size, [&](char *p, int n) {
        checkMpi(MPI_Recv(p, n, MPI_BYTE, r, tag, comm_, MPI_STATUS_IGNORE), "MPI_Recv");
      });
      add(r, Archive(part, "part of rank " + std::to_string(r)).entries_);
    } else {
      checkMpi(MPI_Send(&size, 1, MPI_UINT64_T, 0, tag, comm_), "MPI_Send");
      inPieces(part, size, [&](char *p, int n) { checkMpi(MPI_Send(p, n, MPI_BYTE, 0, tag, comm_), "MPI_Send"); });
    }
  }
}

void Archive::finish() const {
  for (const auto &[name, entry] : entries_) {
    if (!entry.used) throw Error(source_ + ": '" + name + "': unknown entry", PETSC_ERR_FILE_UNEXPECTED);
  }
}

// What went wrong on the first rank, to all.
static void agree(std::string message, MPI_Comm comm, int ranks) {
  broadcast(message, comm, ranks);
  if (!message.empty()) throw Error(message, PETSC_ERR_FILE_WRITE);
}

void saveArchive(const std::string &path, const std::function<void(Archive &)> &body, MPI_Comm comm) {
  int rank = 0, ranks = 1;
  place(comm, rank, ranks);
  Archive archive(comm);
  body(archive);
  std::string message;
  try {
    if (rank == 0) writeWhole(path, archive.bytes());
  } catch (const std::exception &e) {
    message = e.what();
  }
  agree(message, comm, ranks);
}

void loadArchive(const std::string &path, const std::function<void(Archive &)> &body, MPI_Comm comm) {
  int rank = 0, ranks = 1;
  place(comm, rank, ranks);
  std::string bytes, message;
  try {
    if (rank == 0) bytes = readWhole(path);
  } catch (const std::exception &e) {
    message = e.what();
  }
  agree(message, comm, ranks);
  broadcast(bytes, comm, ranks);
  Archive archive(bytes, path, comm);
  bytes = std::string();
  Archive before;
  body(before);
  try {
    body(archive);
    archive.finish();
  } catch (const std::exception &e) {
    message = e.what();
  }
  int failed = message.empty() ? 0 : 1;
  if (ranks > 1) checkMpi(MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, comm), "MPI_Allreduce");
  if (failed == 0) return;
  Archive back(before.bytes(), path);
  body(back);
  throw Error(message.empty() ? path + ": another rank cannot use its part of this file" : message,
              PETSC_ERR_FILE_UNEXPECTED);
}

}  // namespace petrl
