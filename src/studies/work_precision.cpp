#include "studies/work_precision.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <tuple>

#include "base/error.hpp"

namespace petrl::cli {

namespace {

constexpr const char *kHeader =
    "kind,problem,instance,method,controller,rtol,error,cost,wall_s,steps,rejected,failed,finished";
constexpr double kErrorFloor = 1e-12;  // errors below are rounding, and references no better

// A tolerance at which most controllers are off by more than this resolves nothing: costs there are not comparable.
constexpr double kUnresolved = 0.1;

// Log ratios (subject over rival) at equal error: one an instance and method.
struct Ratios {
  std::vector<double> cost, wall;
};

double meanOf(const std::vector<double> &v) {
  double sum = 0;
  for (const double x : v) sum += x;
  return v.empty() ? NAN : sum / static_cast<double>(v.size());
}

double standardError(const std::vector<double> &v) {
  if (v.size() < 2) return NAN;
  const double m = meanOf(v);
  double sum = 0;
  for (const double x : v) sum += (x - m) * (x - m);
  return std::sqrt(sum / static_cast<double>(v.size() - 1) / static_cast<double>(v.size()));
}

double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  const std::size_t n = v.size();
  return n == 0 ? NAN : (n % 2 == 1 ? v[n / 2] : 0.5 * (v[n / 2 - 1] + v[n / 2]));
}

// Intercepts of log(y) = a_controller + b log(error), slope common to all controllers. Medians (Theil and Sen's slope,
// median residual), because at loose tolerances single runs miss a transient altogether and their errors mean nothing.
std::map<std::string, double> intercepts(const std::map<std::string, std::vector<const Point *>> &by_controller,
                                         double Point::*y) {
  const auto x = [](const Point *p) { return std::log(std::max(p->error, kErrorFloor)); };
  std::vector<double> slopes;
  for (const auto &[name, points] : by_controller) {
    for (std::size_t i = 0; i < points.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        const double dx = x(points[i]) - x(points[j]);
        if (std::fabs(dx) > 1e-6) slopes.push_back((std::log(points[i]->*y) - std::log(points[j]->*y)) / dx);
      }
    }
  }
  // More accuracy never costs less: a positive slope is noise.
  const double b = slopes.empty() ? 0 : std::min(median(slopes), 0.0);
  std::map<std::string, double> out;
  for (const auto &[name, points] : by_controller) {
    std::vector<double> rest;
    for (const Point *p : points) rest.push_back(std::log(p->*y) - b * x(p));
    if (rest.size() >= 2) out[name] = median(rest);
  }
  return out;
}

struct Problem {
  std::string kind;
  std::map<std::string, Ratios> rivals;
  long unfinished = 0, rival_unfinished = 0;  // of the subject where basic finished; the other way round
};

}  // namespace

void writePoints(const std::string &path, const std::vector<Point> &points) {
  std::FILE *f = std::fopen(path.c_str(), "w");
  if (f == nullptr) throw Error(path + ": cannot write this file", PETSC_ERR_FILE_WRITE);
  std::fprintf(f, "%s\n", kHeader);
  for (const Point &p : points) {
    std::fprintf(f, "%s,%s,%s,%s,%s,%.6g,%.6g,%.0f,%.6g,%ld,%ld,%ld,%d\n", p.kind.c_str(), p.problem.c_str(),
                 p.instance.c_str(), p.method.c_str(), p.controller.c_str(), p.rtol, p.error, p.cost, p.wall, p.steps,
                 p.rejected, p.failed, p.finished ? 1 : 0);
  }
  if (std::fclose(f) != 0) throw Error(path + ": cannot write this file", PETSC_ERR_FILE_WRITE);
}

std::vector<Point> readPoints(const std::string &path) {
  std::ifstream in(path);
  std::string line;
  if (!in || !std::getline(in, line)) throw Error(path + ": cannot read this file", PETSC_ERR_FILE_OPEN);
  if (line != kHeader)
    throw Error(path + ":1: expected the header " + kHeader + ", found " + line, PETSC_ERR_FILE_UNEXPECTED);
  std::vector<Point> points;
  for (int number = 2; std::getline(in, line); ++number) {
    std::vector<std::string> cell;
    std::stringstream row(line);
    for (std::string text; std::getline(row, text, ',');) cell.push_back(text);
    if (cell.size() != 13)
      throw Error(path + ":" + std::to_string(number) + ": expected 13 columns, found " + std::to_string(cell.size()),
                  PETSC_ERR_FILE_UNEXPECTED);
    Point p;
    std::tie(p.kind, p.problem, p.instance, p.method, p.controller) =
        std::tie(cell[0], cell[1], cell[2], cell[3], cell[4]);
    try {
      p.rtol = std::stod(cell[5]), p.error = std::stod(cell[6]), p.cost = std::stod(cell[7]),
      p.wall = std::stod(cell[8]);
      p.steps = std::stol(cell[9]), p.rejected = std::stol(cell[10]), p.failed = std::stol(cell[11]);
      p.finished = std::stoi(cell[12]) != 0;
    } catch (const std::exception &) {
      throw Error(path + ":" + std::to_string(number) + ": columns 6 to 13: expected numbers, found " + line,
                  PETSC_ERR_FILE_UNEXPECTED);
    }
    points.push_back(p);
  }
  return points;
}

void compare(const std::vector<Point> &points, const std::string &subject, const std::string &directory) {
  using Key = std::tuple<std::string, std::string, std::string>;
  std::map<Key, std::map<std::string, std::vector<const Point *>>> groups;
  std::map<std::string, Problem> problems;
  std::vector<std::string> rivals;
  std::map<std::tuple<std::string, std::string, std::string, double>, std::map<std::string, bool>> finished;
  for (const Point &p : points) {
    problems[p.problem].kind = p.kind;
    if (p.controller != subject && std::find(rivals.begin(), rivals.end(), p.controller) == rivals.end())
      rivals.push_back(p.controller);
    finished[{p.problem, p.method, p.instance, p.rtol}][p.controller] = p.finished;
  }
  std::map<std::tuple<std::string, std::string, std::string, double>, std::vector<double>> errors;
  for (const Point &p : points) {
    if (p.finished && std::isfinite(p.error)) errors[{p.problem, p.method, p.instance, p.rtol}].push_back(p.error);
  }
  for (const Point &p : points) {
    if (!p.finished || !(p.error > 0) || !std::isfinite(p.error)) continue;
    if (median(errors[{p.problem, p.method, p.instance, p.rtol}]) > kUnresolved) continue;
    groups[{p.problem, p.method, p.instance}][p.controller].push_back(&p);
  }
  for (const auto &[key, by] : finished) {
    const auto ours = by.find(subject), basic = by.find("basic");
    if (ours == by.end() || basic == by.end()) continue;
    if (!ours->second && basic->second) ++problems[std::get<0>(key)].unfinished;
    if (ours->second && !basic->second) ++problems[std::get<0>(key)].rival_unfinished;
  }
  for (const auto &[key, by] : groups) {
    const auto cost = intercepts(by, &Point::cost), wall = intercepts(by, &Point::wall);
    if (cost.count(subject) == 0) continue;
    for (const auto &rival : rivals) {
      if (cost.count(rival) == 0) continue;
      Ratios &r = problems[std::get<0>(key)].rivals[rival];
      r.cost.push_back(cost.at(subject) - cost.at(rival));
      r.wall.push_back(wall.at(subject) - wall.at(rival));
    }
  }

  std::FILE *f = std::fopen((directory + "/summary.csv").c_str(), "w");
  if (f == nullptr) throw Error(directory + "/summary.csv: cannot write this file", PETSC_ERR_FILE_WRITE);
  std::fprintf(f, "kind,problem,groups");
  std::printf("cost of %s over the cost of ... at the same achieved error (below 1: %s is cheaper)\n%-10s %-16s",
              subject.c_str(), subject.c_str(), "kind", "problem");
  for (const auto &rival : rivals)
    std::fprintf(f, ",cost_over_%s", rival.c_str()), std::printf(" %10.10s", rival.c_str());
  std::fprintf(f,
               ",better_rival,cost_over_better,standard_error_log,wall_over_better,unfinished_where_basic_finished,"
               "finished_where_basic_did_not\n");
  std::printf(" %10s %7s %10s  %s\n", "better", "+-", "wall",
              "better rival; runs not finished where basic was / the reverse");

  struct Row {
    std::map<std::string, double> rival;
    double better, wall;
  };
  std::map<std::string, std::vector<Row>> kinds;
  std::vector<std::string> order;
  for (const char *kind : {"smooth", "nonsmooth", "failing"}) {
    for (const auto &[name, problem] : problems) {
      if (problem.kind != kind || problem.rivals.empty()) continue;
      Row row;
      std::string better;
      row.better = -INFINITY, row.wall = NAN;
      std::fprintf(f, "%s,%s,%zu", kind, name.c_str(), problem.rivals.begin()->second.cost.size());
      std::printf("%-10s %-16s", kind, name.c_str());
      double error = NAN;
      for (const auto &rival : rivals) {
        const auto it = problem.rivals.find(rival);
        const double ratio = it == problem.rivals.end() ? NAN : meanOf(it->second.cost);
        row.rival[rival] = ratio;
        std::fprintf(f, ",%.4f", std::exp(ratio));
        std::printf(" %10.3f", std::exp(ratio));
        if (ratio > row.better)
          row.better = ratio, better = rival, row.wall = meanOf(it->second.wall),
          error = standardError(it->second.cost);
      }
      std::fprintf(f, ",%s,%.4f,%.4f,%.4f,%ld,%ld\n", better.c_str(), std::exp(row.better), error, std::exp(row.wall),
                   problem.unfinished, problem.rival_unfinished);
      std::printf(" %10.3f %7.3f %10.3f  %s; %ld / %ld\n", std::exp(row.better), error, std::exp(row.wall),
                  better.c_str(), problem.unfinished, problem.rival_unfinished);
      kinds[kind].push_back(row);
      kinds["all"].push_back(row);
    }
  }
  for (const char *kind : {"smooth", "nonsmooth", "failing", "all"}) {
    const auto &rows = kinds[kind];
    if (rows.empty()) continue;
    std::fprintf(f, "%s,geometric mean,%zu", kind, rows.size());
    std::printf("%-10s %-16s", kind, "geometric mean");
    std::vector<double> better, wall;
    for (const auto &rival : rivals) {
      std::vector<double> values;
      for (const Row &row : rows) {
        if (std::isfinite(row.rival.at(rival))) values.push_back(row.rival.at(rival));
      }
      std::fprintf(f, ",%.4f", std::exp(meanOf(values)));
      std::printf(" %10.3f", std::exp(meanOf(values)));
    }
    for (const Row &row : rows) better.push_back(row.better), wall.push_back(row.wall);
    std::fprintf(f, ",,%.4f,%.4f,%.4f,,\n", std::exp(meanOf(better)), standardError(better), std::exp(meanOf(wall)));
    std::printf(" %10.3f %7.3f %10.3f\n", std::exp(meanOf(better)), standardError(better), std::exp(meanOf(wall)));
  }
  std::fclose(f);
}

}  // namespace petrl::cli
