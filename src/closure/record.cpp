#include "closure/record.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.hpp"
#include "policy/policy.hpp"

namespace petrl {

namespace {

constexpr const char *kFormat = "petrl-closure-record";
constexpr int kVersion = 1;

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

}  // namespace

std::string RecordLayout::grid() const {
  if (space > 0) return std::to_string(points[0]) + " cells";
  std::string text;
  for (int d = 0; d < dimension; ++d) text += (d > 0 ? " x " : "") + std::to_string(points[d]);
  return text;
}

std::string RecordLayout::difference(const RecordLayout &found) const {
  const auto differ = [](const std::string &what, const std::string &a, const std::string &b) {
    return what + ": found " + a + ", expected " + b;
  };
  const auto listed = [](const std::vector<std::string> &names) {
    return names.empty() ? std::string("none") : joined(names, ", ");
  };
  if (found.dimension != dimension || found.space != space || !std::equal(points, points + 3, found.points))
    return differ(space > 0 || found.space > 0 ? "mesh" : "points", found.grid(), grid());
  if (space > 0 && matchCentres(found.centres, centres, space, spacing[0]).empty())
    return differ("mesh", "cells elsewhere", "those of this mesh, at the same places");
  if (found.components != components)
    return differ("components of the state", listed(found.components), listed(components));
  if (found.auxiliary != auxiliary) return differ("auxiliary fields", listed(found.auxiliary), listed(auxiliary));
  for (int d = 0; d < dimension; ++d) {
    const std::string axis(1, "xyz"[d]);
    // What is beyond a boundary that is not periodic is the solver's business.
    if ((found.boundary[d] == "periodic") != (boundary[d] == "periodic"))
      return differ("boundary in " + axis, found.boundary[d], boundary[d]);
    const double a = found.spacing[d], b = spacing[d];
    if (space == 0 && a > 0 && b > 0 && std::fabs(a - b) > 1e-6 * b)
      return differ("spacing in " + axis, number(a), number(b));
  }
  return "";
}

std::vector<int> matchCentres(const std::vector<double> &centres, const std::vector<double> &known, int space,
                              double spacing) {
  const auto d = static_cast<std::size_t>(space);
  const double near = 1e-3 * spacing;
  std::vector<int> order(known.size() / d), found;
  std::vector<char> used(order.size(), 0);
  std::iota(order.begin(), order.end(), 0);
  const auto at = [&](int i) { return known.data() + static_cast<std::size_t>(i) * d; };
  std::sort(order.begin(), order.end(), [&](int a, int b) { return *at(a) < *at(b); });
  for (std::size_t i = 0; i < centres.size(); i += d) {
    const double *const x = centres.data() + i;
    auto it =
        std::lower_bound(order.begin(), order.end(), x[0] - near, [&](int a, double least) { return *at(a) < least; });
    const auto same = [&](int a) {
      for (std::size_t k = 0; k < d; ++k)
        if (!(std::fabs(at(a)[k] - x[k]) <= near)) return false;
      return true;
    };
    while (it != order.end() && *at(*it) <= x[0] + near && !same(*it)) ++it;
    if (it == order.end() || !same(*it) || used[static_cast<std::size_t>(*it)]) return {};
    used[static_cast<std::size_t>(*it)] = 1;
    found.push_back(*it);
  }
  return found;
}

static RecordLayout readLayout(const h5::Disk &file) {
  RecordLayout layout;
  if (file.text("/", "format") != kFormat)
    file.fail("/", "format: found '" + file.text("/", "format") + "', expected '" + kFormat + "'");
  if (const auto version = file.integer("/", "version"); version != kVersion)
    file.fail("/", "version: found " + std::to_string(version) + ", expected " + std::to_string(kVersion));
  layout.dimension = static_cast<int>(file.integer("/", "dimension"));
  const auto points = file.numbers("/", "points"), spacing = file.numbers("/", "spacing");
  const auto boundary = file.texts("/", "boundary");
  const auto d = static_cast<std::size_t>(layout.dimension);
  if (d < 1 || d > 3 || points.size() != d || spacing.size() != d || boundary.size() != d)
    file.fail("/", "dimension, points, spacing and boundary do not agree");
  for (std::size_t i = 0; i < d; ++i) {
    if (!(points[i] >= 1 && points[i] <= 1e9)) file.fail("/", "points: found " + number(points[i]));
    layout.points[i] = static_cast<std::int64_t>(points[i]);
    layout.spacing[i] = spacing[i];
    layout.boundary[i] = boundary[i];
  }
  layout.components = file.texts("/", "components");
  layout.auxiliary = file.texts("/", "auxiliary");
  if (!file.has("/cells")) return layout;
  const auto cells = file.extent("/cells");
  if (d != 1 || cells.size() != 2 || cells[0] != static_cast<std::uint64_t>(layout.points[0]) || cells[1] < 1 ||
      cells[1] > 3)
    file.fail("/cells", "is not of the record's points");
  layout.space = static_cast<int>(cells[1]);
  layout.centres.resize(cells[0] * cells[1]);
  file.read("/cells", 0, cells[0], layout.centres.data());
  for (const double x : layout.centres)
    if (!std::isfinite(x)) file.fail("/cells", "found " + number(x) + ", expected finite numbers");
  return layout;
}

RecordLayout layoutOf(const std::string &path) {
  return readLayout(h5::Disk(path, h5::Disk::Mode::read));
}

void createRecord(const std::string &path, const RecordLayout &layout) {
  h5::Disk file(path, h5::Disk::Mode::create);
  const auto d = static_cast<std::size_t>(layout.dimension);
  file.text("/", "format", kFormat);
  file.integer("/", "version", kVersion);
  file.integer("/", "dimension", layout.dimension);
  file.numbers("/", "points", {layout.points, layout.points + d});
  file.numbers("/", "spacing", {layout.spacing, layout.spacing + d});
  file.texts("/", "boundary", {layout.boundary, layout.boundary + d});
  file.texts("/", "components", layout.components);
  file.texts("/", "auxiliary", layout.auxiliary);
  file.group("/runs");
  if (layout.space > 0) {
    const auto cells = static_cast<std::uint64_t>(layout.points[0]);
    file.dataset("/cells", {cells, static_cast<std::uint64_t>(layout.space)});
    file.write("/cells", 0, cells, layout.centres.data());
  }
  file.close();
}

void checkRecord(const std::string &path, const RecordLayout &layout) {
  const h5::Disk file(path, h5::Disk::Mode::read);
  const std::string difference = readLayout(file).difference(layout);
  if (!difference.empty())
    throw Error("-closure_record " + path + ": this run does not fit the record that is there: " + difference +
                "; choose another file");
}

Record::~Record() = default;

Record::Record(const std::string &path)
    : path_(path), file_(std::make_unique<h5::Disk>(path, h5::Disk::Mode::read)), layout_(readLayout(*file_)) {
  for (const std::string &name : file_->links("/runs")) {
    Run run;
    run.name = "/runs/" + name;
    const auto times = file_->extent(run.name + "/time");
    if (times.size() != 1) file_->fail(run.name + "/time", "expected a list of numbers");
    run.times.resize(times[0]);
    if (!run.times.empty()) file_->read(run.name + "/time", 0, times[0], run.times.data());
    for (std::size_t i = 0; i < run.times.size(); ++i) {
      if (!std::isfinite(run.times[i]) || (i > 0 && run.times[i] <= run.times[i - 1]))
        file_->fail(run.name + "/time", "expected growing numbers");
    }
    const auto check = [&](const char *what, const std::vector<std::string> &names) {
      std::vector<std::uint64_t> expected;
      for (int d = layout_.dimension; d-- > 0;) expected.push_back(static_cast<std::uint64_t>(layout_.points[d]));
      expected.push_back(names.size());
      const auto found = file_->extent(run.name + what);
      if (found.size() != expected.size() + 1 || !std::equal(expected.begin(), expected.end(), found.begin() + 1))
        file_->fail(run.name + what, "is not of the record's grid and names");
      return found[0];
    };
    if (check("/state", layout_.components) != run.times.size())
      file_->fail(run.name + "/state", "has not as many states as there are times");
    if (!layout_.auxiliary.empty()) {
      run.auxiliary_times = check("/auxiliary", layout_.auxiliary);
      if (run.auxiliary_times != 1 && run.auxiliary_times != run.times.size())
        file_->fail(run.name + "/auxiliary", "expected values at all times, or at one");
    }
    run.origin.ts_type = file_->text(run.name, "ts_type");
    run.origin.restriction = file_->text(run.name, "restriction");
    run.origin.options = file_->text(run.name, "options");
    run.origin.dt = file_->number(run.name, "dt");
    run.origin.ratio = static_cast<int>(file_->integer(run.name, "ratio"));
    run.origin.interval = static_cast<int>(file_->integer(run.name, "interval"));
    runs_.push_back(run);
  }
}

void Record::state(int run, int time, double *values) const {
  file_->read(runs_[static_cast<std::size_t>(run)].name + "/state", static_cast<std::uint64_t>(time), 1, values);
}

void Record::auxiliary(int run, int time, double *values) const {
  const Run &r = runs_[static_cast<std::size_t>(run)];
  const auto row = r.auxiliary_times > 1 ? static_cast<std::uint64_t>(time) : 0;
  file_->read(r.name + "/auxiliary", row, 1, values);
}

}  // namespace petrl
