// The file of a data set. Text and numbers that make it are attributes; what is drawn is stored too and compared.
#include <cmath>
#include <iomanip>
#include <sstream>
#include <type_traits>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/hdf5.hpp"
#include "base/version.hpp"
#include "problems/nonlinear1d/dataset.hpp"

namespace petrl::nonlinear1d {

namespace {

constexpr const char *kFormat = "petrl-nonlinear1d";
constexpr int kVersion = 1;
constexpr const char *kSplit[3] = {"/train", "/valid", "/test"};
constexpr const char *kCounts[3] = {"train", "valid", "test"};

// Everything about the cases of a set, by name, each a plain list.
template <typename Visit>
void visitParameters(const std::vector<Nonlinear1DCase> &cases, Visit visit) {
  const auto gather = [&](const char *name, auto of) {
    std::vector<double> values;
    for (const auto &pde : cases) {
      for (int j = 0; j < kWaves; ++j) values.push_back(of(pde, j));
    }
    visit(name, values);
  };
  gather("A", [](const Nonlinear1DCase &pde, int j) { return pde.A[j]; });
  gather("omega", [](const Nonlinear1DCase &pde, int j) { return pde.omega[j]; });
  gather("phi", [](const Nonlinear1DCase &pde, int j) { return pde.phi[j]; });
  gather("l", [](const Nonlinear1DCase &pde, int j) { return static_cast<double>(pde.l[j]); });
  std::vector<double> viscosity;
  for (const auto &pde : cases) viscosity.push_back(pde.viscosity);
  visit("viscosity", viscosity);
}

// Everything that a data set was made with: whole numbers and others.
template <typename Visit>
void visitOptions(const Nonlinear1DOptions &options, Visit visit) {
  visit("version", std::int64_t(kVersion));
  for (std::size_t s = 0; s < 3; ++s) visit(kCounts[s], std::int64_t(options.trajectories[s]));
  visit("seed", static_cast<std::int64_t>(options.seed));
  visit("modes", std::int64_t(options.modes));
  visit("means", std::int64_t(options.means));
  visit("relative", options.relative);
  visit("absolute", options.absolute);
}

void checkOptions(const h5::Reader &file, const Nonlinear1DOptions &options) {
  if (file.text("/", "format") != kFormat)
    file.fail("/", "format: found '" + file.text("/", "format") + "', expected '" + kFormat + "'");
  visitOptions(options, [&](const char *name, auto expected) {
    decltype(expected) found;
    if constexpr (std::is_integral_v<decltype(expected)>)
      found = file.integer("/", name);
    else
      found = file.number("/", name);
    if (found == expected) return;
    std::ostringstream text;
    text << std::setprecision(17) << "option '" << name << "': found " << found << ", expected " << expected;
    file.fail("/", text.str());
  });
}

}  // namespace

void Nonlinear1DDataset::write(const std::string &path) const {
  h5::Writer file(path, true);
  file.text("/", "format", kFormat);
  visitOptions(options_, [&](const char *name, auto value) {
    if constexpr (std::is_integral_v<decltype(value)>)
      file.integer("/", name, value);
    else
      file.number("/", name, value);
  });
  file.text("/", "code", std::string(PETRL_VERSION_STRING) + " " + PETRL_COMMIT);
  for (std::size_t s = 0; s < 3; ++s) {
    const std::string group = kSplit[s];
    file.group(group);
    if (sets_[s].size() == 0) continue;
    visitParameters(sets_[s].cases, [&](const char *name, const std::vector<double> &values) {
      file.numbers(group + "/" + name, values);
    });
    file.floats(group + "/label", {sets_[s].cases.size(), kLevels, kPoints}, sets_[s].label);
  }
  file.write();
}

Nonlinear1DDataset Nonlinear1DDataset::read(const std::string &path, const Nonlinear1DOptions &options) {
  const h5::Reader file(path);
  checkOptions(file, options);
  Nonlinear1DDataset data(options);
  for (std::size_t s = 0; s < 3; ++s) {
    Nonlinear1DSet &set = data.sets_[s];
    const std::string group = kSplit[s];
    if (set.size() == 0) continue;
    visitParameters(set.cases, [&](const char *name, const std::vector<double> &values) {
      if (file.numbers(group + "/" + name) != values)
        file.fail(group + "/" + name, "is not what the seed draws: made by another version");
    });
    auto [shape, label] = file.floats(group + "/label");
    if (shape != std::vector<std::size_t>{set.cases.size(), kLevels, kPoints})
      file.fail(group + "/label",
                "expected trajectories x " + std::to_string(kLevels) + " x " + std::to_string(kPoints));
    for (const float value : label) {
      if (!std::isfinite(value)) file.fail(group + "/label", "a value is not finite");
    }
    set.label = std::move(label);
  }
  return data;
}

bool Nonlinear1DDataset::damaged(const std::string &path, std::string *why) {
  if (!fileExists(path)) {
    *why = path + ": not there";
    return true;
  }
  // Only a file that says it is sealed can be known to be ours and damaged; all others may be dear to somebody.
  try {
    const h5::Reader file(path);
  } catch (const Error &error) {
    *why = error.what();
    if (why->find("is damaged") == std::string::npos) throw;
    return true;
  }
  return false;
}

}  // namespace petrl::nonlinear1d
