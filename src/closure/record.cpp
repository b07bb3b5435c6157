#include "closure/record.hpp"

#include <algorithm>
#include <cmath>

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
  if (found.dimension != dimension || !std::equal(points, points + 3, found.points))
    return differ("points", found.grid(), grid());
  if (found.components != components)
    return differ("components of the state", listed(found.components), listed(components));
  if (found.auxiliary != auxiliary) return differ("auxiliary fields", listed(found.auxiliary), listed(auxiliary));
  for (int d = 0; d < dimension; ++d) {
    const std::string axis(1, "xyz"[d]);
    // What is beyond a boundary that is not periodic is the solver's business.
    if ((found.boundary[d] == "periodic") != (boundary[d] == "periodic"))
      return differ("boundary in " + axis, found.boundary[d], boundary[d]);
    const double a = found.spacing[d], b = spacing[d];
    if (a > 0 && b > 0 && std::fabs(a - b) > 1e-6 * b) return differ("spacing in " + axis, number(a), number(b));
  }
  return "";
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
  return layout;
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
