// Tables as text, and what long work says about itself.
#include "base/csv.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "base/error.hpp"
#include "base/progress.hpp"
#include "support/policies.hpp"

using namespace petrl;
using namespace petrl::test;

namespace {

std::string content(const std::string &path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

TEST(Csv, WritesNumbersTextAndWhatIsMissing) {
  const std::string path = temporary("runs.csv");
  Csv csv(path, {"name", "error", "steps", "done"});
  csv.row().set("name", "a, \"b\"").set("error", 1. / 3).set("steps", 12L).set("done", true);
  csv.row().set("error", -std::nan("")).set("name", std::string("c"));
  csv.row().set("error", -INFINITY).set("steps", std::size_t{7});
  const std::int64_t length = csv.append();
  EXPECT_EQ(length, static_cast<std::int64_t>(content(path).size()));
  EXPECT_EQ(content(path), "name,error,steps,done\n\"a, \"\"b\"\"\",0.333333333,12,1\nc,nan,,\n,-inf,7,\n");
  csv.digits = 3;
  csv.row().set("error", 2. / 3);
  csv.append();
  csv.append();  // nothing new
  EXPECT_EQ(content(path).substr(content(path).size() - 10), "\n,0.667,,\n");
}

TEST(Csv, BeginsAnewOrGoesOn) {
  const std::string path = temporary("log.csv");
  for (const bool go_on : {false, true, true}) {
    Csv csv(path, {"x"}, go_on);
    csv.row().set("x", 1);
    csv.append();
  }
  EXPECT_EQ(content(path), "x\n1\n1\n1\n");
  Csv(path, {"x"}).append();
  EXPECT_EQ(content(path), "x\n");
  EXPECT_EQ(messageOf([&] { Csv(path, {"x", "y"}, true); }), path + ":1: expected the columns x,y; found x");
}

TEST(Csv, SaysWhatItCannotDo) {
  Csv csv(temporary("x.csv"), {"a"});
  EXPECT_THROW(csv.set("a", 1), Error) << "no row";
  EXPECT_THROW(csv.row().set("b", 1), Error) << "no such column";
  EXPECT_THROW(Csv("/nowhere/x.csv", {"a"}).append(), Error);
  EXPECT_THROW(Csv("/dev/full", {"a"}).append(), Error) << "no space left";
}

TEST(Progress, SaysTheLastLineInAnyCase) {
  std::vector<std::string> said;
  Progress progress("test", 3, "cases", [&](const std::string &line) { said.push_back(line); });
  progress.step("first");
  progress.step("second");
  EXPECT_TRUE(said.empty());  // too soon
  progress.step();
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].rfind("test: 3 of 3 cases, ", 0), 0u) << said[0];
  EXPECT_NE(said[0].find("0 s to go"), std::string::npos) << said[0];
}
