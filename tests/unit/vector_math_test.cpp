// Elementary functions for vectorised loops, against the library's in double precision.
#include "base/vector_math.hpp"

#include <gtest/gtest.h>

#include <functional>

using namespace petrl::vector_math;

// Largest error relative to the exact result, or to `least` where that is smaller.
static double error(float (*own)(float), const std::function<double(double)> &exact, float from, float to,
                    double least = 1e-30) {
  double largest = 0;
  for (int i = 0; i <= 100000; ++i) {
    const float x = from + (to - from) * static_cast<float>(i) / 100000.f;
    const double y = exact(static_cast<double>(x));
    largest = std::max(largest, std::fabs(static_cast<double>(own(x)) - y) / std::max(std::fabs(y), least));
  }
  return largest;
}

TEST(VectorMath, AgreesWithTheLibrary) {
  const double few = 4e-7;
  EXPECT_LT(error(
                exponential, [](double x) { return std::exp(x); }, -87, 88),
            few);
  EXPECT_LT(error(
                logarithm, [](double x) { return std::log(x); }, 1e-6f, 3, 1),
            few);
  EXPECT_LT(error(
                logarithm, [](double x) { return std::log(x); }, 3, 1e6f),
            few);
  EXPECT_LT(error(
                softplus, [](double x) { return std::log1p(std::exp(x)); }, -80, 40),
            few);
  EXPECT_LT(error(
                logistic, [](double x) { return 1 / (1 + std::exp(-x)); }, -80, 40),
            few);
  EXPECT_LT(error(
                hyperbolicTangent, [](double x) { return std::tanh(x); }, -12, 12),
            few);
  float s, c;
  for (int i = 0; i <= 4096; ++i) {
    const float turns = static_cast<float>(i) / 4096.f;
    sineCosine(turns, s, c);
    EXPECT_NEAR(s, std::sin(2 * M_PI * static_cast<double>(turns)), 4e-7);
    EXPECT_NEAR(c, std::cos(2 * M_PI * static_cast<double>(turns)), 4e-7);
  }
}

TEST(VectorMath, AtTheEnds) {
  EXPECT_EQ(exponential(0), 1);
  EXPECT_EQ(logarithm(1), 0);
  EXPECT_EQ(hyperbolicTangent(0), 0);
  EXPECT_GT(exponential(-1e4f), 0);
  EXPECT_LT(exponential(1e4f), INFINITY);
  EXPECT_EQ(hyperbolicTangent(-1e4f), -1);
  EXPECT_EQ(softplus(1e4f), 1e4f);
  for (auto *f : {exponential, softplus, logistic, hyperbolicTangent}) EXPECT_TRUE(std::isnan(f(NAN)));
}
