// The part `cost`: what a reference step costs, against the error that it buys.
#include <algorithm>

#include "base/progress.hpp"
#include "problems/stopwatch.hpp"
#include "studies/closure_study.hpp"

namespace petrl::studies {

namespace {

constexpr double kSampleSeconds = 2e-3;  // shorter samples would measure the clock and the scheduler

template <class F>
double seconds(F &&run) {
  const Stopwatch watch;
  run();
  return watch.seconds();
}

// One method, or the fine grid, ready to be timed: samples of about the same length for all, so that a disturbance is
// as likely to hit a fast one as a slow one.
class Timed {
 public:
  virtual ~Timed() = default;
  /// Microseconds a reference step.
  double sample() {
    if (advances_ == 0) {
      advance(1);  // first touches
      advances_ = std::clamp(static_cast<int>(kSampleSeconds / advance(1)) + 1, 1, 100000);
    }
    return 1e6 * advance(advances_) / (advances_ * stride_);
  }

 protected:
  explicit Timed(int stride) : stride_(stride) {}
  /// Seconds of so many strides.
  virtual double advance(int count) = 0;

 private:
  int stride_, advances_ = 0;
};

class TimedFine : public Timed {
 public:
  explicit TimedFine(std::unique_ptr<grid2d::FineSolver> fine) : Timed(1), fine_(std::move(fine)) {}

 private:
  double advance(int count) override {
    return seconds([&] {
      for (int i = 0; i < count; ++i) fine_->advance();
    });
  }
  std::unique_ptr<grid2d::FineSolver> fine_;
};

// Goes back to the start now and then: late states of an unstable method may be slower or faster to compute with.
class TimedCoarse : public Timed {
 public:
  TimedCoarse(const StudyProblem &problem, const Method &method, Start start, int steps)
      : Timed(method.stride),
        run_(problem, method, std::move(start)),
        end_((steps + method.stride - 1) / method.stride) {}

 private:
  double advance(int count) override {
    double spent = 0;
    while (count > 0) {
      if (at_ == end_) run_.reset(), at_ = 0;
      const int now = std::min(count, end_ - at_);
      spent += seconds([&] {
        for (int i = 0; i < now; ++i) run_.advance();
      });
      at_ += now, count -= now;
    }
    return spent;
  }
  CoarseRun run_;
  int end_, at_ = 0;
};

}  // namespace

void costPart(ClosureStudy &study, YamlMap yaml) {
  const int repeats = yaml.integer("repeats", 25, 1, 10000), steps = yaml.integer("steps", 20, 1, 10000);
  const int runs = yaml.integer("runs", 20, 1, 100000), step = yaml.integer("step", 50, 1, 100000);
  const auto methods = chooseMethods(yaml, study.methods);
  yaml.finish();
  const StudyProblem &problem = *study.problem;
  const Cell &first = problem.cells().front();

  // Errors before times, so that all caches and the processor's clock are warm.
  Progress progress("cost", static_cast<std::size_t>(runs) * problem.cells().size(), "cases");
  for (const Cell &cell : problem.cells()) {
    for (int run = 0; run < runs; ++run) {
      const auto tracks = study.tracks(cell, run, step, methods);
      for (std::size_t m = 0; m < methods.size(); ++m) {
        study.row("cost", methods[m], &cell).set("case", study.seed + static_cast<std::uint64_t>(run));
        study.csv->set("step", step).set("error_percent", tracks[m]->relative[static_cast<std::size_t>(step)]);
      }
      progress.step(cell.name);
    }
  }

  const grid2d::Case c = problem.draw(first, study.seed);
  std::vector<std::unique_ptr<Timed>> timed;
  timed.push_back(std::make_unique<TimedFine>(problem.model().fine(c)));
  for (const Method *m : methods)
    timed.push_back(std::make_unique<TimedCoarse>(problem, *m, problem.start(first, study.seed, c, m->n), steps));
  // Round after round, so that a machine's bad moment hits all of them.
  for (int round = 0; round < repeats; ++round) {
    for (std::size_t t = 0; t < timed.size(); ++t)
      study.row("time", t == 0 ? nullptr : methods[t - 1]).set("round", round).set("us_per_step", timed[t]->sample());
  }
  study.csv->append();
}

}  // namespace petrl::studies
