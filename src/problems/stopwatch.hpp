// How long something takes, on machines that others use as well.
#pragma once

#include <time.h>

namespace petrl {

/// Processor time of this thread, in seconds: what a wall clock shows where nothing else runs. Solvers and networks of the
/// studies run in one thread.
class Stopwatch {
 public:
  double seconds() const { return now() - start_; }

 private:
  static double now() {
    timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
  }
  double start_ = now();
};

/// Adds the time until its end.
class Timed {
 public:
  explicit Timed(double &sum) : sum_(sum) {}
  ~Timed() { sum_ += watch_.seconds(); }
  Timed(const Timed &) = delete;
  Timed &operator=(const Timed &) = delete;

 private:
  double &sum_;
  Stopwatch watch_;
};

}  // namespace petrl
