// How far long work has come.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

#include "base/api.hpp"

namespace petrl {

/// Says now and then how much is done, how fast, how long the rest takes and what is running:
/// "test: 120 of 900 runs, 14.2/s, 55 s to go (policy-o1)".
class PETRL_API Progress {
 public:
  using Say = std::function<void(const std::string &)>;
  /// To the standard error stream, where nobody parses it, or to `say`. unit: of what there are `total`.
  Progress(std::string what, std::size_t total, std::string unit = "runs", Say say = nullptr);
  /// So many more are done; `running` is next.
  void step(const std::string &running = "", std::size_t more = 1);
  double seconds() const;  ///< since the beginning

 private:
  std::string what_, unit_;
  std::size_t total_, done_ = 0;
  Say say_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  double said_ = 0;
};

}  // namespace petrl
