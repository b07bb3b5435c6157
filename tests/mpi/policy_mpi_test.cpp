// Policies on several ranks: one rank reads, all know; what goes wrong on one rank is an error on all, and nobody waits.
#include <gtest/gtest.h>

#include <fstream>

#include "policy/shared_policy.hpp"
#include "support/policies.hpp"

using namespace petrl;
using namespace petrl::test;

namespace {

int rankOf() {
  PetscMPIInt rank = 0;
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  return rank;
}

// What the call says on this rank; "no error" if nothing.
std::string errorOf(const std::function<PetscErrorCode()> &call) {
  static std::string message;
  message = "no error";
  PetscPushErrorHandler(
      [](MPI_Comm, int, const char *, const char *, PetscErrorCode n, PetscErrorType p, const char *text, void *) {
        if (p == PETSC_ERROR_INITIAL && text != nullptr) message = text;
        return n;
      },
      nullptr);
  const PetscErrorCode failed = call();
  PetscPopErrorHandler();
  EXPECT_EQ(failed == PETSC_SUCCESS, message == "no error");
  return message;
}

}  // namespace

TEST(PolicyMpi, WhatOneRankReadsAllKnow) {
  Policy p = constantPolicy({"error", "step_ratio"}, "ratio", 0.5, 2, 0.25f);
  p.validity.saw("courant", 0.5), p.validity.saw("ts_type", "rk");
  const std::string path = temporary("shared.h5");
  if (rankOf() == 0) writePolicy(path, p);
  Policy q;
  // Only the first rank has the file.
  ASSERT_EQ(sharePolicy(PETSC_COMM_WORLD, rankOf() == 0 ? path : "/none.h5", "tsadapt", true, q), PETSC_SUCCESS);
  EXPECT_EQ(q.observation.names, p.observation.names);
  EXPECT_EQ(q.network.weights.at("layer0/bias").data, p.network.weights.at("layer0/bias").data);
  EXPECT_EQ(q.validity.outside("ts_type", "bdf"), "ts_type 'bdf', trained on rk");
  EXPECT_EQ(q.validity.ranges.at("courant").low, 0.5);
  if (rankOf() == 0) std::remove(path.c_str());
}

TEST(PolicyMpi, OnlyTheFirstRankSeesThatAFileIsBad) {
  const std::string good = temporary("good.h5"), bad = temporary("bad.h5");
  writePolicy(good, constantPolicy({"error"}, "ratio", 0.5, 2, 0));
  std::ofstream(bad) << "petrl-sealed, and nothing else";
  Policy q;
  const std::string message =
      errorOf([&] { return sharePolicy(PETSC_COMM_WORLD, rankOf() == 0 ? bad : good, "tsadapt", true, q); });
  EXPECT_NE(message.find("bad.h5: is damaged"), std::string::npos) << message;
  for (int rank = 0; rank < 2; ++rank) {
    expectParts(errorOf([&] {
                  return onEveryRank(PETSC_COMM_WORLD, [&] {
                    if (rankOf() == rank) throw std::bad_alloc();
                  });
                }),
                {"bad_alloc"});
    expectParts(errorOf([&] {
                  return onEveryRank(PETSC_COMM_WORLD, [&] {
                    if (rankOf() == rank) throw 42;
                  });
                }),
                {"exception"});
  }
  std::remove(good.c_str()), std::remove(bad.c_str());
}
