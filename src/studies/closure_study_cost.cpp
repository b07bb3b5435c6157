// The part `cost`: what a reference step costs, against the error that it buys.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <sstream>

#include "base/files.hpp"
#include "studies/closure_study.hpp"

namespace petrl::cli {

namespace {

constexpr double kSampleSeconds = 2e-3;  // shorter samples would measure the clock and the scheduler
constexpr double kClearly = 1.5;         // a closure has to win by so much to be worth its trouble

// Microseconds a reference step, one number a round. Ratios are those of the least: what else a machine does makes
// times longer, never shorter.
using Times = std::vector<double>;

template <class F>
double seconds(F &&run) {
  const auto start = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
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

struct Row {
  const Method *method;             // null: the fine grid
  double error, deviation, middle;  // of the error: mean, standard deviation, median
  double median, least, ratio;      // of the time
  int failed;
};

double median(const Times &times) {
  return Summary(times).quantile(0.5);
}

// The fastest method without a policy that is at least as accurate as a closure; the fine grid always is.
const Row *frontOf(const Row &closure, const std::vector<Row> &rows) {
  const Row *best = nullptr;
  for (const Row &row : rows) {
    if (row.method != nullptr && (row.method->closure || row.failed > closure.failed || !(row.error <= closure.error)))
      continue;
    if (best == nullptr || row.least < best->least) best = &row;
  }
  return best;
}

std::string nameOf(const Row &row) {
  return row.method == nullptr ? "FGS" : row.method->name;
}

void write(std::ostringstream &out, const Study &study, const Cell &cell, int step, int runs, const Row &row,
           const std::vector<Row> &rows) {
  const bool fine = row.method == nullptr;
  const int n = fine ? study.problem->model().sizes().fine() : row.method->n;
  out << cell.name << "," << nameOf(row) << "," << (fine ? "FGS" : row.method->family) << ","
      << (!fine && row.method->closure ? 1 : 0) << ",";
  if (fine)
    out << ",,,," << n << ",1," << study.problem->model().sizes().substeps;
  else
    out << row.method->scheme.advection << "," << row.method->scheme.integrator << "," << row.method->modified << ","
        << row.method->policy.substr(row.method->policy.rfind('/') + 1) << "," << n << "," << row.method->stride << ","
        << row.method->substeps;
  out << "," << step << "," << runs << "," << row.error << "," << row.deviation << "," << row.middle << ","
      << row.failed << "," << row.median << "," << row.least << "," << 1e3 * row.least / (static_cast<double>(n) * n)
      << "," << row.ratio;
  if (!fine && row.method->closure) {
    const Row *front = frontOf(row, rows);
    const double ratio = front->least / row.least;
    out << "," << nameOf(*front) << "," << ratio << "," << front->median / row.median << ","
        << (ratio > kClearly ? 1 : 0) << "\n";
  } else {
    out << ",,,,\n";
  }
}

}  // namespace

void costPart(Study &study, YamlMap yaml) {
  const int repeats = readInteger(yaml, "repeats", 25, 1, 10000);
  const int steps = readInteger(yaml, "steps", 20, 1, 10000);
  const int runs = readInteger(yaml, "runs", 20, 1, 100000);
  const int step = readInteger(yaml, "step", 50, 1, 100000);
  const auto methods = chooseMethods(yaml, study.methods);
  yaml.finish();
  const StudyProblem &problem = *study.problem;
  const Cell &first = problem.cells().front();

  // Errors before times, so that all caches and the processor's clock are warm.
  std::vector<std::vector<Row>> tables;
  for (const Cell &cell : problem.cells()) {
    std::vector<std::vector<double>> errors(methods.size());
    for (int run = 0; run < runs; ++run) {
      const auto tracks = study.tracks(cell, run, step, methods);
      for (std::size_t m = 0; m < methods.size(); ++m)
        errors[m].push_back(tracks[m]->relative[static_cast<std::size_t>(step)]);
    }
    std::vector<Row> rows = {{nullptr, 0, 0, 0, 0, 0, 1, 0}};
    for (std::size_t m = 0; m < methods.size(); ++m) {
      const Summary s(errors[m]);
      rows.push_back({methods[m], s.mean, s.deviation, s.quantile(0.5), 0, 0, 0, s.failures});
    }
    tables.push_back(std::move(rows));
  }

  const grid2d::Case c = problem.draw(first, study.seed);
  std::vector<std::unique_ptr<Timed>> timed;
  timed.push_back(std::make_unique<TimedFine>(problem.model().fine(c)));
  for (const Method *m : methods)
    timed.push_back(std::make_unique<TimedCoarse>(problem, *m, problem.start(first, study.seed, c, m->n), steps));
  std::vector<Times> times(timed.size());
  // Round after round, so that a machine's bad moment hits all of them.
  for (int round = 0; round < repeats; ++round)
    for (std::size_t t = 0; t < timed.size(); ++t) times[t].push_back(timed[t]->sample());

  std::ostringstream out;
  out.precision(6);
  out << "cell,method,family,closure,scheme,integrator,modified,policy,n,dt_multiple,substeps,step,runs,error_percent,"
         "error_std_percent,error_median_percent,failed,us_per_step_median,us_per_step_min,ns_per_point,fgs_time_over_"
         "time,front_method,"
         "front_time_over_time,front_time_over_time_median,wins\n";
  for (std::size_t k = 0; k < tables.size(); ++k) {
    std::vector<Row> &rows = tables[k];
    for (std::size_t r = 0; r < rows.size(); ++r) {
      rows[r].median = median(times[r]);
      rows[r].least = *std::min_element(times[r].begin(), times[r].end());
      rows[r].ratio = rows[0].least / rows[r].least;
    }
    const Cell &cell = problem.cells()[k];
    std::printf(
        "cost of a reference step over %d rounds, and the error at step %d over %d cases\n"
        "%-16s %-24s %5s %9s %9s %10s %10s %9s  %s\n",
        repeats, step, runs, cell.name.c_str(), "method", "n", "error %", "median", "us median", "us least", "FGS/time",
        "fastest classical method at least as accurate: its time over ours");
    for (const Row &row : rows) {
      std::printf("%-16s %-24s %5d %9.3f %9.3f %10.2f %10.2f %9.2f", "", nameOf(row).c_str(),
                  row.method == nullptr ? problem.model().sizes().fine() : row.method->n, row.error, row.middle,
                  row.median, row.least, row.ratio);
      if (row.method != nullptr && row.method->closure) {
        const Row *front = frontOf(row, rows);
        const double ratio = front->least / row.least;
        std::printf("  %s: %.2f%s", nameOf(*front).c_str(), ratio, ratio > kClearly ? " (wins)" : "");
      }
      std::printf(row.failed > 0 ? "  %d failed\n" : "\n", row.failed);
      write(out, study, cell, step, runs, row, rows);
    }
  }
  writeWhole(study.directory + "/cost.csv", out.str());
}

}  // namespace petrl::cli
