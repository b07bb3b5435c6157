// What is registered, by name: learners and environments of all shapes.
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "learn/learner.hpp"
#include "support/learners.hpp"
#include "support/policies.hpp"

namespace {

using namespace petrl;
using test::keys;

std::string messageOf(const std::string &learner, const std::string &environment) {
  try {
    learners().find(learner)(YamlMap::parse("", "a.yaml"), YamlMap::parse(environment, "a.yaml"), 1);
  } catch (const Error &e) {
    return e.what();
  }
  return "no error";
}

TEST(Registry, LearnersFindTheirShape) {
  const std::string mesh = "{name: conservation, families: [gaussian], squares: [2, 2], halvings: [1, 1]}";
  struct Pair {
    const char *learner, *environment, *kind;
  };
  for (const Pair &p :
       {Pair{"tqc", "{name: ode, problems: [vanderpol]}", "tsadapt"},
        Pair{"ppo", "{name: burgers, n: 10, ratio: 3}", "closure"},
        Pair{"unroll", "{name: advection, n: 16}", "closure"}, Pair{"gain-loss", mesh.c_str(), "refiner"}}) {
    const auto learner = learners().find(p.learner)(keys(""), keys(p.environment), 1);
    EXPECT_EQ(learner->steps(), 0);
    EXPECT_EQ(learner->policy().kind, p.kind);
    EXPECT_EQ(learner->parallel(), std::string(p.learner) != "tqc");
  }
  test::expectParts(messageOf("ppo", "{name: ode}"), {"a.yaml:1", "name", "ppo", "stream"});
  test::expectParts(messageOf("tqc", "n: 3\nname: burgers"), {"a.yaml:2", "name", "tqc", "grid"});
  test::expectParts(messageOf("gain-loss", "name: bugrers"), {"a.yaml:1", "bugrers", "known", "burgers", "fault"});
}

TEST(Registry, AnUnknownLearnerIsNamed) {
  try {
    learners().find("tcq");
    FAIL();
  } catch (const Error &e) {
    test::expectParts(e.what(), {"tcq", "tqc", "ppo", "unroll", "gain-loss", "lamp"});
  }
}

}  // namespace
