// The parts `errors` and `evolution`.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <sstream>

#include "base/files.hpp"
#include "studies/closure_study.hpp"

namespace petrl::cli {

namespace {

// Cell by cell, so many cases; one line of progress now and then, where nobody parses it.
class Progress {
 public:
  Progress(std::string what, int total) : what_(std::move(what)), total_(total) {}
  void done() {
    ++done_;
    const auto now = std::chrono::steady_clock::now();
    if (now - last_ < std::chrono::seconds(5)) return;
    last_ = now;
    const double spent = std::chrono::duration<double>(now - start_).count();
    std::fprintf(stderr, "%s: %d of %d cases, %.0f s left\n", what_.c_str(), done_, total_,
                 spent * (total_ - done_) / done_);
  }

 private:
  std::string what_;
  int total_, done_ = 0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now(), last_ = start_;
};

// Relative errors of a method at a step in all runs.
std::vector<double> at(const std::vector<std::vector<const Track *>> &runs, std::size_t method, int step) {
  std::vector<double> values;
  for (const auto &run : runs) values.push_back(run[method]->relative[static_cast<std::size_t>(step)]);
  return values;
}

}  // namespace

void errorPart(Study &study, YamlMap yaml) {
  const int runs = readInteger(yaml, "runs", 100, 1, 100000);
  const auto steps = readSteps(yaml, {50});
  const auto methods = chooseMethods(yaml, study.methods);
  yaml.finish();
  const auto &cells = study.problem->cells();
  std::ostringstream table, cases;
  table.precision(6), cases.precision(6);
  table << "cell,method,step,runs,mean_percent,std_percent,median_percent,q90_percent,failed,blown_up,mass_percent,"
           "mass_std_percent\n";
  cases << "cell,method,case,step,error_percent,mass_percent\n";
  Progress progress("errors", runs * static_cast<int>(cells.size()));
  std::printf(
      "relative errors in percent over %d test cases (failed: above %g %%; beyond %g %% a run has blown "
      "up and is left out of mean and standard deviation)\n",
      runs, kFailed, kBlownUp);
  for (const Cell &cell : cells) {
    std::vector<std::vector<const Track *>> found;
    for (int run = 0; run < runs; ++run)
      found.push_back(study.tracks(cell, run, steps.back(), methods)), progress.done();
    std::printf("%-16s %-24s %5s %9s %8s %9s %9s %7s %9s\n", cell.name.c_str(), "method", "step", "mean", "std",
                "median", "90 %", "failed", "mass");
    for (std::size_t m = 0; m < methods.size(); ++m) {
      for (const int step : steps) {
        std::vector<double> mass;
        for (const auto &run : found) mass.push_back(run[m]->mass[static_cast<std::size_t>(step)]);
        const Summary error(at(found, m, step)), lost(mass);
        std::printf("%-16s %-24s %5d %9.3f %8.3f %9.3f %9.3f %7d %9.4f\n", "", methods[m]->name.c_str(), step,
                    error.mean, error.deviation, error.quantile(0.5), error.quantile(0.9), error.failures, lost.mean);
        table << cell.name << "," << methods[m]->name << "," << step << "," << runs << "," << error.mean << ","
              << error.deviation << "," << error.quantile(0.5) << "," << error.quantile(0.9) << "," << error.failures
              << "," << error.left_out << "," << lost.mean << "," << lost.deviation << "\n";
        for (std::size_t run = 0; run < found.size(); ++run) {
          const Track &t = *found[run][m];
          cases << cell.name << "," << methods[m]->name << "," << study.seed + run << "," << step << ","
                << t.relative[static_cast<std::size_t>(step)] << "," << mass[run] << "\n";
        }
      }
    }
    std::fflush(stdout);
  }
  writeWhole(study.directory + "/errors.csv", table.str());
  writeWhole(study.directory + "/runs.csv", cases.str());
}

void evolutionPart(Study &study, YamlMap yaml) {
  const int runs = readInteger(yaml, "runs", 100, 1, 100000);
  const int steps = readInteger(yaml, "steps", 400, 1, 100000);
  const int every = readInteger(yaml, "every", 1, 1, steps);
  const auto thresholds = yaml.get<std::vector<double>>("thresholds", {1});
  const auto methods = chooseMethods(yaml, study.methods);
  yaml.finish();
  const auto &cells = study.problem->cells();
  std::ostringstream curves, durations, table;
  curves.precision(5), durations.precision(6), table.precision(6);
  curves << "cell,method,step,mean_percent,std_percent,q10_percent,q25_percent,median_percent,q75_percent,q90_percent,"
            "failed\n";
  durations << "cell,method,case,threshold_percent,steps,reached\n";
  table << "cell,method,threshold_percent,runs,reached,mean_steps,median_steps\n";
  Progress progress("evolution", runs * static_cast<int>(cells.size()));
  std::printf("number of steps until the relative error exceeds a threshold (runs that never do so count as %d)\n",
              steps);
  for (const Cell &cell : cells) {
    std::vector<std::vector<const Track *>> found;
    for (int run = 0; run < runs; ++run) found.push_back(study.tracks(cell, run, steps, methods)), progress.done();
    std::printf("%-16s %-24s %9s %9s %9s %9s\n", cell.name.c_str(), "method", "percent", "mean", "median", "reached");
    for (std::size_t m = 0; m < methods.size(); ++m) {
      for (int step = 0; step <= steps; step += every) {
        const Summary s(at(found, m, step));
        curves << cell.name << "," << methods[m]->name << "," << step << "," << s.mean << "," << s.deviation;
        for (const double q : {0.1, 0.25, 0.5, 0.75, 0.9}) curves << "," << s.quantile(q);
        curves << "," << s.failures << "\n";
      }
      for (const double threshold : thresholds) {
        std::vector<double> times;
        int reached = 0;
        for (std::size_t run = 0; run < found.size(); ++run) {
          const auto &error = found[run][m]->relative;
          const auto end = error.begin() + steps + 1;
          // Written so that what is no number exceeds it.
          const auto first = std::find_if(error.begin(), end, [&](double e) { return !(e <= threshold); });
          const bool hit = first != end;
          times.push_back(hit ? static_cast<double>(first - error.begin()) : steps);
          reached += hit ? 1 : 0;
          durations << cell.name << "," << methods[m]->name << "," << study.seed + run << "," << threshold << ","
                    << times.back() << "," << (hit ? 1 : 0) << "\n";
        }
        const Summary s(times);
        std::printf("%-16s %-24s %9g %9.1f %9.1f %5d/%-4d\n", "", methods[m]->name.c_str(), threshold, s.mean,
                    s.quantile(0.5), reached, runs);
        table << cell.name << "," << methods[m]->name << "," << threshold << "," << runs << "," << reached << ","
              << s.mean << "," << s.quantile(0.5) << "\n";
      }
    }
    std::fflush(stdout);
  }
  writeWhole(study.directory + "/evolution.csv", curves.str());
  writeWhole(study.directory + "/durations.csv", durations.str());
  writeWhole(study.directory + "/thresholds.csv", table.str());
}

}  // namespace petrl::cli
