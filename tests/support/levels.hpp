// Tests that run once for each instruction set that the processor has.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "base/clones.hpp"

namespace petrl::test {

class OnEachLevel : public testing::TestWithParam<simd::Level> {
 protected:
  void SetUp() override {
    if (!simd::use(GetParam())) GTEST_SKIP() << "not on this processor";
  }
  void TearDown() override { simd::use(before_); }

 private:
  simd::Level before_ = simd::level();
};

inline const auto kLevels = testing::Values(simd::Level::portable, simd::Level::avx2, simd::Level::avx512);

inline std::string levelName(const testing::TestParamInfo<simd::Level> &entry) {
  return simd::name(entry.param);
}

}  // namespace petrl::test
