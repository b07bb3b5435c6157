#include "problems/images/idx.hpp"

#include <dlfcn.h>
#include <zlib.h>

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>

#include "base/error.hpp"

namespace petrl::images {

namespace {

[[noreturn]] void bad(const std::string &path, const std::string &message) {
  throw Error(path + ": " + message, PETSC_ERR_FILE_UNEXPECTED);
}

constexpr std::size_t kHeader = 16;               // magic number and three dimensions
constexpr std::uint64_t kMostBytes = 1ull << 28;  // more is no image set but a broken header

// A file that zlib unpacks on the way, if it is packed. Its last bytes are checked: zlib itself takes a packed file
// that ends early for one that simply ends.
class Reader {
 public:
  explicit Reader(const std::string &path) : path_(path), file_(nullptr) {
    // zlib opens folders, too.
    std::ifstream probe(path, std::ios::binary);
    if (!probe || probe.peek() == std::ifstream::traits_type::eof()) {
      if (probe.is_open() && probe.eof()) bad(path, "is empty; expected an IDX file of images");
      throw Error(path + ": cannot read this file; expected an IDX file of images", PETSC_ERR_FILE_OPEN);
    }
    file_ = gzopen(path.c_str(), "rb");
    if (file_ == nullptr) throw Error(path + ": cannot read this file", PETSC_ERR_FILE_OPEN);
    gzbuffer(file_, 1u << 17);
  }
  ~Reader() { gzclose_r(file_); }
  Reader(const Reader &) = delete;
  Reader &operator=(const Reader &) = delete;

  /// Reads up to so many bytes; fewer only where the file ends.
  std::size_t read(std::uint8_t *out, std::size_t size) {
    std::size_t done = 0;
    while (done < size) {
      const auto want = static_cast<unsigned>(std::min<std::size_t>(size - done, 1u << 24));
      const int got = gzread(file_, out + done, want);
      if (got < 0) fail();
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }
  /// Nothing may follow, and a packed file must be whole.
  void expectEnd() {
    std::uint8_t rest;
    const std::size_t more = read(&rest, 1);
    int status = Z_OK;
    gzerror(file_, &status);
    if (status == Z_BUF_ERROR) bad(path_, "the gzip data end early; the file is truncated");
    if (more != 0) bad(path_, "bytes follow after the last image; expected the end of the file");
  }

 private:
  [[noreturn]] void fail() {
    int status = Z_OK;
    const std::string reason = gzerror(file_, &status);
    if (status == Z_BUF_ERROR) bad(path_, "the gzip data end early; the file is truncated");
    bad(path_, "the gzip data are damaged (" + reason + ")");
  }
  std::string path_;
  gzFile file_;
};

std::uint32_t bigEndian(const std::uint8_t *b) {
  return (std::uint32_t{b[0]} << 24) | (std::uint32_t{b[1]} << 16) | (std::uint32_t{b[2]} << 8) | b[3];
}

std::string bytesText(const std::uint8_t *b) {
  char text[16];
  std::snprintf(text, sizeof text, "%02x %02x %02x %02x", b[0], b[1], b[2], b[3]);
  return text;
}

}  // namespace

Images readIdx(const std::string &path) {
  Reader reader(path);
  std::uint8_t header[kHeader];
  const std::size_t got = reader.read(header, kHeader);
  if (got < 4) bad(path, "holds " + std::to_string(got) + " bytes; expected an IDX header of 16");
  if (header[0] != 0 || header[1] != 0 || header[2] != 0x08) {
    bad(path, "starts with " + bytesText(header) + "; expected 00 00 08 03 (IDX, unsigned bytes, three dimensions)");
  }
  if (header[3] != 3) {
    bad(path, "has " + std::to_string(header[3]) + " dimension" + (header[3] == 1 ? "" : "s") +
                  "; expected 3 (image, row, column)");
  }
  if (got < kHeader) bad(path, "holds " + std::to_string(got) + " bytes; expected an IDX header of 16");
  const std::uint64_t n = bigEndian(header + 4), rows = bigEndian(header + 8), columns = bigEndian(header + 12);
  // Each bound first: the product itself might overflow.
  if (n == 0 || rows == 0 || columns == 0 || rows > 4096 || columns > 4096 || n * rows * columns > kMostBytes) {
    bad(path, "claims " + std::to_string(n) + " images of " + std::to_string(rows) + " x " + std::to_string(columns) +
                  "; expected at least one, at most 4096 x 4096, 256 MiB in all");
  }
  Images images;
  images.count = static_cast<int>(n), images.rows = static_cast<int>(rows), images.columns = static_cast<int>(columns);
  const auto size = static_cast<std::size_t>(n * rows * columns);
  images.pixels.resize(size);
  const std::size_t read = reader.read(images.pixels.data(), size);
  if (read < size) {
    bad(path, "is truncated: " + std::to_string(read) + " bytes of pixels, expected " + std::to_string(size) + " (" +
                  std::to_string(n) + " images of " + std::to_string(rows) + " x " + std::to_string(columns) + ")");
  }
  reader.expectEnd();
  return images;
}

std::string dataFolder() {
  if (const char *folder = std::getenv("PETRL_DATA")) return folder;
  Dl_info info;
  if (dladdr(reinterpret_cast<const void *>(&dataFolder), &info) == 0 || info.dli_fname == nullptr) return "data";
  const auto resolve = [](const std::string &path) {
    char *real = realpath(path.c_str(), nullptr);
    std::string out = real != nullptr ? real : "";
    std::free(real);
    return out;
  };
  const std::string real = resolve(info.dli_fname);
  const std::string library = real.empty() ? info.dli_fname : real;
  const std::string folder = library.substr(0, library.rfind('/') + 1);
  // lib/ and lib/<architecture>/ both occur.
  for (const char *up : {"../share/petrl/data", "../../share/petrl/data"}) {
    std::string found = resolve(folder + up);
    if (!found.empty()) return found;
  }
  return folder + "../share/petrl/data";
}

const Images &imageSet(const std::string &set, const std::string &part) {
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<Images>> read;
  const std::lock_guard<std::mutex> lock(mutex);
  const std::string path = dataFolder() + "/" + set + "-" + part + ".idx.gz";
  auto &images = read[path];
  if (!images) images = std::make_unique<Images>(readIdx(path));
  return *images;
}

}  // namespace petrl::images
