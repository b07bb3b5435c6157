// IDX files: what ships, plain and packed, and every way in which one can be broken.
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "base/error.hpp"
#include "problems/images/idx.hpp"

using namespace petrl;
using namespace petrl::images;

namespace {

// Two images of 2 x 3.
std::string idx() {
  std::string bytes("\0\0\x08\x03\0\0\0\x02\0\0\0\x02\0\0\0\x03", 16);
  for (char c = 1; c <= 12; ++c) bytes += c;
  return bytes;
}

std::string packed(const std::string &bytes) {
  const std::string path = testing::TempDir() + "/petrl_pack_" + std::to_string(getpid());
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
  std::ifstream in(path, std::ios::binary);
  std::string out((std::istreambuf_iterator<char>(in)), {});
  std::remove(path.c_str());
  return out;
}

class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string &bytes)
      : path(testing::TempDir() + "/petrl_idx_" + std::to_string(getpid()) + ".idx") {
    std::ofstream(path, std::ios::binary) << bytes;
  }
  ~TemporaryFile() { std::remove(path.c_str()); }
  std::string path;
};

// Reading these bytes fails with a message that names the file and has these words in it.
void expectError(const std::string &bytes, const std::string &words) {
  const TemporaryFile file(bytes);
  try {
    readIdx(file.path);
    FAIL() << "no error; expected: " << words;
  } catch (const Error &e) {
    const std::string message = e.what();
    EXPECT_EQ(message.rfind(file.path + ": ", 0), 0u) << message;
    EXPECT_NE(message.find(words), std::string::npos) << message;
  }
}

}  // namespace

TEST(Images, ReadsPlainAndPacked) {
  for (const std::string &bytes : {idx(), packed(idx())}) {
    const TemporaryFile file(bytes);
    const Images images = readIdx(file.path);
    EXPECT_EQ(images.count, 2);
    EXPECT_EQ(images.rows, 2);
    EXPECT_EQ(images.columns, 3);
    EXPECT_EQ(images.image(1)[5], 12);
  }
}

TEST(Images, BrokenFiles) {
  std::string bytes = idx();
  expectError("", "is empty");
  expectError("ab", "holds 2 bytes; expected an IDX header of 16");
  expectError(bytes.substr(0, 10), "holds 10 bytes; expected an IDX header of 16");
  expectError("\x89PNG and so on, no images here", "starts with 89 50 4e 47; expected 00 00 08 03");
  expectError(bytes.substr(0, 20), "is truncated: 4 bytes of pixels, expected 12 (2 images of 2 x 3)");
  expectError(bytes + "x", "bytes follow after the last image");
  bytes[3] = 1;
  expectError(bytes, "has 1 dimension; expected 3");
  bytes = idx(), bytes[2] = 0x0d;
  expectError(bytes, "starts with 00 00 0d 03");
  bytes = idx(), bytes[4] = 0x7f;
  expectError(bytes, "expected at least one");
  bytes = idx(), bytes[7] = 0;
  expectError(bytes, "claims 0 images");
}

TEST(Images, BrokenGzip) {
  const std::string whole = packed(idx());
  // Within the data, and within the checksum that follows them.
  expectError(whole.substr(0, whole.size() - 12), "truncated");
  expectError(whole.substr(0, whole.size() - 3), "the gzip data end early");
  std::string damaged = whole;
  damaged[damaged.size() - 6] = static_cast<char>(damaged[damaged.size() - 6] ^ 0x55);
  expectError(damaged, "the gzip data are damaged");
}

TEST(Images, MissingFile) {
  for (const std::string path : {"/no/such/images.idx.gz", "/tmp"}) {
    try {
      readIdx(path);
      FAIL();
    } catch (const Error &e) {
      EXPECT_EQ(std::string(e.what()).rfind(path + ": cannot read this file", 0), 0u) << e.what();
    }
  }
}

TEST(Images, ShippedSets) {
  EXPECT_EQ(imageSet("mnist", "train").count, 2500);
  EXPECT_EQ(imageSet("mnist", "test").count, 300);
  EXPECT_EQ(imageSet("fashion", "test").count, 300);
  EXPECT_EQ(imageSet("mnist", "test").rows, 28);
  EXPECT_EQ(&imageSet("mnist", "test"), &imageSet("mnist", "test"));
  EXPECT_THROW(imageSet("fashion", "train"), Error);
  setenv("PETRL_DATA", "/no/such/folder", 1);
  EXPECT_EQ(dataFolder(), "/no/such/folder");
  EXPECT_THROW(imageSet("mnist", "test"), Error);
  unsetenv("PETRL_DATA");
}
