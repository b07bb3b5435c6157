// Strict YAML: a mistake is named with file, line, key, what was found and what was expected.
#include "base/yaml.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "base/error.hpp"
#include "support/policies.hpp"

using namespace petrl;
using namespace petrl::test;

namespace {

const char *const kText =
    "seed: 3\n"
    "learner:\n"
    "  name: tqc\n"
    "  gama: 0.9\n"
    "layers: [64, 32]\n"
    "cases:\n"
    "  - {name: a}\n"
    "  - {name: b, size: 2}\n";

}  // namespace

TEST(Yaml, ReadsWhatIsThere) {
  YamlMap y = YamlMap::parse(kText, "c.yaml");
  EXPECT_EQ(y.get<int>("seed"), 3);
  EXPECT_EQ(y.get<double>("seed"), 3.0);
  EXPECT_EQ(y.get<std::vector<int>>("layers"), (std::vector<int>{64, 32}));
  EXPECT_EQ(y.get<double>("absent", 0.5), 0.5);
  YamlMap learner = y.map("learner");
  EXPECT_EQ(learner.get<std::string>("name"), "tqc");
  EXPECT_EQ(learner.get<double>("gama"), 0.9);
  learner.finish();
  auto cases = y.list("cases");
  ASSERT_EQ(cases.size(), 2u);
  EXPECT_EQ(cases[1].get<std::string>("name"), "b");
  y.finish();
  EXPECT_FALSE(y.map("nothing", false).has("x"));
}

TEST(Yaml, UnknownKeyHasLineAndNearestKey) {
  YamlMap y = YamlMap::parse(kText, "c.yaml");
  YamlMap learner = y.map("learner");
  learner.get<std::string>("name");
  learner.get<double>("gamma", 0.9);
  learner.get<double>("tau", 0.1);
  expectParts(messageOf([&] { learner.finish(); }), {"c.yaml:4", "learner.gama", "unknown key", "'gamma'"});
  auto cases = y.list("cases");
  cases[1].get<std::string>("name");
  expectParts(messageOf([&] { cases[1].finish(); }), {"c.yaml:8", "cases[1].size", "'name'"});
  expectParts(messageOf([&] { y.finish(); }), {"c.yaml:1", "seed", "unknown key"});
}

TEST(Yaml, WrongTypesAreNamed) {
  YamlMap y = YamlMap::parse("a: many\nb: [1, x]\nc: {d: 1}\ne: -1\nf: 2.5\ng: [1]\n", "t.yaml");
  expectParts(messageOf([&] { y.get<double>("a"); }), {"t.yaml:1", "a: expected a number", "'many'"});
  expectParts(messageOf([&] { y.get<std::vector<double>>("b"); }), {"t.yaml:2", "b: expected a list of numbers"});
  expectParts(messageOf([&] { y.get<std::string>("c"); }), {"t.yaml:3", "c: expected text"});
  expectParts(messageOf([&] { y.get<bool>("a"); }), {"true or false", "'many'"});
  expectParts(messageOf([&] { y.get<std::uint64_t>("e"); }), {"t.yaml:4", "non-negative"});
  expectParts(messageOf([&] { y.get<int>("f"); }), {"t.yaml:5", "an integer", "2.5"});
  expectParts(messageOf([&] { y.number("f", 0, 0, 1); }), {"t.yaml:5", "[0, 1]", "2.5"});
  expectParts(messageOf([&] { y.map("a"); }), {"t.yaml", "a", "expected a mapping"});
  expectParts(messageOf([&] { y.list("a"); }), {"t.yaml:1", "a: expected a list"});
  expectParts(messageOf([&] { y.list("g"); }), {"t.yaml", "g[0]", "expected a mapping"});
}

TEST(Yaml, WholeNumbersWithinBounds) {
  YamlMap y = YamlMap::parse("a: 12\nb: 2e6\nc: 100.7\nd: -1\ne: [1]\nf: .inf\ng: 9007199254740993\n", "w.yaml");
  EXPECT_EQ(y.integer("a", 0, 0, 100), 12);
  EXPECT_EQ(y.integer("b", 0, 0, 10000000), 2000000);
  EXPECT_EQ(y.integer("g", std::int64_t{0}, 0, std::int64_t{1} << 60), 9007199254740993);
  EXPECT_EQ(y.integer("absent", 7, 0, 100), 7);
  expectParts(messageOf([&] { y.integer("c", 0, 0, 1000); }), {"w.yaml:3: c: ", "an integer in [0, 1000]", "100.7"});
  expectParts(messageOf([&] { y.integer("d", 0, 0, 9); }), {"w.yaml:4: d: ", "[0, 9], found -1"});
  expectParts(messageOf([&] { y.integer("e", 0, 0, 9); }), {"w.yaml:5: e: ", "an integer"});
  expectParts(messageOf([&] { y.integer("f", 0, 0, 9); }), {"w.yaml:6: f: ", "found .inf"});
  expectParts(messageOf([&] { y.integer("absent", 7, 0, 3); }), {"absent: ", "[0, 3], found 7"});
}

TEST(Yaml, MissingKeysAreNamed) {
  YamlMap y = YamlMap::parse("a: 1\n", "m.yaml");
  expectParts(messageOf([&] { y.get<double>("gamma"); }), {"m.yaml", "gamma: missing", "a number"});
  expectParts(messageOf([&] { y.map("learner"); }), {"m.yaml", "learner: missing", "mapping"});
  expectParts(messageOf([&] { y.list("cases"); }), {"m.yaml", "cases: missing", "list"});
}

TEST(Yaml, InvalidFilesAreRefused) {
  expectParts(messageOf([] { YamlMap::parse("a: 1\nb: [1, 2\nc: 3\n", "i.yaml"); }), {"i.yaml:", "not valid YAML"});
  expectParts(messageOf([] { YamlMap::parse("- a\n- b\n", "l.yaml"); }), {"l.yaml", "expected a mapping"});
  expectParts(messageOf([] { YamlMap::parse("just text", "s.yaml"); }), {"s.yaml", "expected a mapping"});
  expectParts(messageOf([] { YamlMap::read("/no/such/file.yaml"); }), {"/no/such/file.yaml", "cannot read"});
  EXPECT_EQ(messageOf([] { YamlMap::parse("", "e.yaml").finish(); }), "no error");
  // A key that stands twice: one of them would be lost in silence.
  expectParts(messageOf([] { YamlMap::parse("a: 1\nb: 2\na: 3\n", "d.yaml"); }), {"d.yaml:3", "a", "twice"});
}
