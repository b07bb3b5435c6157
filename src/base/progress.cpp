#include "base/progress.hpp"

#include <algorithm>
#include <cstdio>

namespace petrl {

namespace {

constexpr double kSeconds = 10;  // between two lines

}  // namespace

Progress::Progress(std::string what, std::size_t total, std::string unit, Say say)
    : what_(std::move(what)), unit_(std::move(unit)), total_(total), say_(std::move(say)) {
  if (!say_) say_ = [](const std::string &line) { std::fprintf(stderr, "%s\n", line.c_str()); };
}

double Progress::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void Progress::step(const std::string &running, std::size_t more) {
  done_ += more;
  const double now = seconds();
  if (now - said_ < kSeconds && done_ < total_) return;
  said_ = now;
  const double rate = static_cast<double>(done_) / std::max(now, 1e-9);
  char line[128];
  std::snprintf(line, sizeof line, ": %zu of %zu %s, %.3g/s, %.0f s to go", done_, total_, unit_.c_str(), rate,
                static_cast<double>(total_ - std::min(done_, total_)) / rate);
  say_(what_ + line + (running.empty() ? "" : " (" + running + ")"));
}

}  // namespace petrl
