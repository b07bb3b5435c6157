// Archives: everything comes back to the last bit, every mistake is named, a disk that is full leaves no trace.
#include "base/archive.hpp"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <deque>
#include <limits>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/hdf5.hpp"

namespace petrl {
namespace {

struct Part {
  int number = 0;
  std::vector<float> values;
  void archive(Archive &a) {
    a("number", number);
    a("values", values);
  }
  bool operator==(const Part &o) const { return number == o.number && values == o.values; }
};

struct Everything {
  bool flag = false;
  int small = 0;
  std::int64_t large = 0;
  std::uint64_t word = 0;
  double real = 0;
  float single = 0;
  std::string text;
  std::vector<double> doubles;
  std::vector<int> ints;
  std::deque<double> queue;
  std::array<std::uint64_t, 2> words{};
  std::map<std::string, double> sums;
  std::map<std::string, std::pair<double, std::int64_t>> counted;
  std::deque<Part> parts;
  Part part;
  std::vector<float> fixed = std::vector<float>(3);

  void archive(Archive &a) {
    a.kind("everything");
    a.expect("layers", 4);
    a("flag", flag), a("small", small), a("large", large), a("word", word), a("real", real), a("single", single);
    a("text", text), a("doubles", doubles), a("ints", ints), a("queue", queue), a("words", words);
    a("sums", sums), a("counted", counted), a("parts", parts), a("part", part);
    a.sized("fixed", fixed);
    a.group("more", [&] { a("small", small); });
  }
  bool operator==(const Everything &o) const {
    return flag == o.flag && small == o.small && large == o.large && word == o.word && text == o.text &&
           ints == o.ints && queue == o.queue && words == o.words && sums == o.sums && counted == o.counted &&
           parts == o.parts && part == o.part && fixed == o.fixed && single == o.single && doubles == o.doubles;
  }
};

Everything example() {
  Everything e;
  e.flag = true, e.small = -7, e.large = INT64_MIN, e.word = UINT64_MAX - 1, e.real = std::nextafter(1. / 3, 1);
  e.single = std::numeric_limits<float>::denorm_min(), e.text = std::string("a\0b\n", 4), e.doubles = {1, -0., 1e-310};
  e.ints = {1, -2}, e.queue = {.1, .2}, e.words = {1, UINT64_MAX};
  e.sums = {{"gradient norm", .1}, {"", 2}}, e.counted = {{"loss", {.3, 4}}};
  e.parts = {{1, {1, 2}}, {2, {}}}, e.part = {3, {5}}, e.fixed = {1, 2, 3};
  return e;
}

template <typename T>
void save(T &object, const std::string &path) {
  saveArchive(path, [&](Archive &a) { object.archive(a); });
}
template <typename T>
void load(T &object, const std::string &path) {
  loadArchive(path, [&](Archive &a) { object.archive(a); });
}

template <typename Body>
std::string messageOf(const Body &body) {
  try {
    body();
  } catch (const Error &e) {
    return e.what();
  }
  return "no error";
}

void expectParts(const std::string &message, const std::vector<std::string> &parts) {
  for (const auto &part : parts) EXPECT_NE(message.find(part), std::string::npos) << message << "\nlacks: " << part;
}

class ArchiveFile : public ::testing::Test {
 protected:
  ~ArchiveFile() override { std::remove(path.c_str()); }
  const std::string path = "/tmp/petrl_archive_" + std::to_string(getpid());
};

TEST_F(ArchiveFile, EverythingComesBack) {
  Everything a = example(), b;
  b.sums["old"] = 1, b.parts.resize(5), b.doubles = {4, 4, 4, 4};
  save(a, path);
  load(b, path);
  EXPECT_EQ(a, b);
  EXPECT_EQ(a.real, b.real);
  EXPECT_TRUE(std::signbit(b.doubles[1]));
  const std::string first = readWhole(path);
  save(b, path);
  EXPECT_EQ(first, readWhole(path));
}

// Whatever is wrong is named, and what was there before stays.
TEST_F(ArchiveFile, MistakesAreNamed) {
  const auto message = [&](const std::function<void(Archive &)> &written, const std::function<void(Archive &)> &read) {
    saveArchive(path, written);
    return messageOf([&] { loadArchive(path, read); });
  };
  int i = 3;
  std::vector<float> three(3), two(2);
  const auto nothing = [](Archive &) {};
  expectParts(message([&](Archive &a) { a("x", i); }, nothing), {path, "'x'", "unknown entry"});
  expectParts(message(nothing, [&](Archive &a) { a("x", i); }), {path, "'x'", "missing"});
  expectParts(message([&](Archive &a) { a("y", i); }, [&](Archive &a) { a("x", i); }), {"'x'", "missing"});
  expectParts(message([&](Archive &a) { a.group("adam", [&] { a.sized("first", two); }); },
                      [&](Archive &a) { a.group("adam", [&] { a.sized("first", three); }); }),
              {"'adam/first'", "found 2 numbers", "expected 3"});
  expectParts(message([&](Archive &a) { a("x", three); }, [&](Archive &a) { a("x", i); }),
              {"'x'", "found numbers (float32)", "expected whole numbers"});
  expectParts(message([&](Archive &a) { a.expect("layers", 2); }, [&](Archive &a) { a.expect("layers", 3); }),
              {"'layers'", "found 2", "expected 3"});
  expectParts(message([](Archive &a) { a.kind("ppo"); }, [](Archive &a) { a.kind("tqc"); }),
              {"found a checkpoint of 'ppo'", "expected 'tqc'"});
  std::int64_t large = std::int64_t{1} << 40;
  expectParts(message([&](Archive &a) { a("x", large); }, [&](Archive &a) { a("x", i); }), {"'x'", "out of range"});
  std::vector<std::int64_t> much{1, large};
  std::vector<int> few;
  expectParts(message([&](Archive &a) { a("x", much); }, [&](Archive &a) { a("x", few); }), {"'x'", "out of range"});
  std::vector<Part> parts(2);
  const auto many = [&](Archive &a) { a.group("parts", [&] { a("size", large); }); };
  expectParts(message(many, [&](Archive &a) { a("parts", parts); }), {"'parts/size'", "out of range"});
  EXPECT_THROW(saveArchive(path, [&](Archive &a) { a("x", i), a("x", i); }), Error);
}

TEST_F(ArchiveFile, WhatCannotBeUsedChangesNothing) {
  Everything a = example(), b = example();
  save(a, path);
  b.large = 5, b.parts = {{9, {9}}}, b.fixed.resize(4);  // the last is found out after all others were read
  const Everything before = b;
  expectParts(messageOf([&] { load(b, path); }), {"'fixed'", "found 3", "expected 4"});
  EXPECT_EQ(b, before);
}

TEST_F(ArchiveFile, DamageIsNoticedWhereverItIs) {
  Everything a = example(), b = example();
  save(a, path);
  const std::string good = readWhole(path);
  for (std::size_t k = 0; k < good.size(); k += 7) {
    std::string bad = good;
    bad[k] = static_cast<char>(bad[k] ^ 16);
    writeWhole(path, bad);
    expectParts(messageOf([&] { load(b, path); }), {path});
    writeWhole(path, good.substr(0, k));
    expectParts(messageOf([&] { load(b, path); }), {path});
  }
  EXPECT_EQ(a, b);
  writeWhole(path, good + "x");
  expectParts(messageOf([&] { load(b, path); }),
              {"wrong size", "found " + std::to_string(good.size() + 1), "expected " + std::to_string(good.size())});
  writeWhole(path, std::string(100, 'x'));
  expectParts(messageOf([&] { load(b, path); }), {path, "PETRLCKP"});
  std::string old = good;
  old[8] = 1;
  writeWhole(path, old);
  expectParts(messageOf([&] { load(b, path); }), {"version 1", "expected 2"});
  std::remove(path.c_str());
  expectParts(messageOf([&] { load(b, path); }), {path, "cannot read"});
}

// --- files that cannot be written ---

// A folder on a disk of 64 kB that is all but full, where this process may make one.
class FullDisk : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(mkdir(folder.c_str(), 0700), 0);
    if (mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=64k") != 0) GTEST_SKIP() << "no right to mount a small disk";
    mounted = true;
  }
  void TearDown() override {
    if (mounted) umount(folder.c_str());
    rmdir(folder.c_str());
  }
  const std::string folder = "/tmp/petrl_full_" + std::to_string(getpid()), path = folder + "/file";
  bool mounted = false;
};

// The message says why; the old file is what it was; no partial file remains.
template <typename Write>
void refuses(const std::string &folder, const std::string &path, const Write &write) {
  writeWhole(path, "old");
  expectParts(messageOf(write), {path, "cannot write this file", "No space left on device"});
  EXPECT_EQ(readWhole(path), "old");
  EXPECT_EQ(filesIn(folder).size(), 3u);  // ".", ".." and the file
}

TEST_F(FullDisk, LeavesWhatWasThere) {
  refuses(folder, path, [&] { writeWhole(path, std::string(100000, 'x')); });
  std::vector<double> large(20000);
  refuses(folder, path, [&] { saveArchive(path, [&](Archive &a) { a("large", large); }); });
  refuses(folder, path, [&] {
    h5::Writer out(path, true);
    out.numbers("/large", large);
    out.write();
  });
  std::vector<double> small(20);
  saveArchive(path, [&](Archive &a) { a("small", small); });
  EXPECT_GT(readWhole(path).size(), 160u);
}

TEST(Files, WhatCannotBeWrittenIsNamed) {
  const std::string path = "/tmp/petrl_no_such_folder_" + std::to_string(getpid()) + "/file";
  expectParts(messageOf([&] { writeWhole(path, "x"); }), {path, "cannot write this file", "No such file"});
  const std::string folder = "/tmp/petrl_folder_" + std::to_string(getpid());
  makeFolders(folder);
  expectParts(messageOf([&] { writeWhole(folder, "x"); }), {folder, "cannot write this file"});
  rmdir(folder.c_str());
  for (const auto &name : filesIn("/tmp"))
    EXPECT_EQ(name.find("petrl_folder_" + std::to_string(getpid())), std::string::npos);
}

}  // namespace
}  // namespace petrl
