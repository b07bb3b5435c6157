// Things by name: those that are here, and those that a sister library brings when one is first asked for.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/names.hpp"
#include "base/yaml.hpp"

namespace petrl {

/// Loads lib<name>.so from the folder of this library and lets it register what it has; once loaded it stays. Throws
/// petrl::Error naming the library and what was tried.
PETRL_API void loadLibrary(const std::string &name);

/// A table of things by name (factories, as a rule). Reentrant. Instances are never destroyed: the code behind their
/// entries may be gone by the time static objects are.
template <typename Thing>
class Registry {
 public:
  /// what: for messages ("learner"). library: the sister library that is loaded for a name that is not there.
  Registry(const char *what, const char *library) : what_(what), library_(library) {}

  /// A later entry replaces an earlier one of the same name.
  void add(const std::string &name, Thing thing) {
    const std::lock_guard<std::mutex> lock(mutex_);
    things_[name] = std::move(thing);
  }

  /// Throws petrl::Error, listing the known names, if there is no such thing.
  Thing find(const std::string &name) {
    Thing found;
    if (lookUp(name, found)) return found;
    std::string trouble;
    try {
      loadLibrary(library_);
    } catch (const Error &e) {
      trouble = std::string("; more may come with ") + e.what();
    }
    if (lookUp(name, found)) return found;
    throw Error("unknown " + std::string(what_) + " '" + name + "'" + nearest(name) + "; known: " + names() + trouble,
                trouble.empty() ? PETSC_ERR_ARG_UNKNOWN_TYPE : PETSC_ERR_FILE_OPEN);
  }

  /// The names that are there now, with commas between.
  std::string names() {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::string out;
    for (const auto &entry : things_) out += (out.empty() ? "" : ", ") + entry.first;
    return out.empty() ? "none" : out;
  }

 private:
  // What may have been meant.
  std::string nearest(const std::string &name) {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::vector<std::string> known;
    for (const auto &entry : things_) known.push_back(entry.first);
    const std::string found = nearestName(name, known);
    return found.empty() ? "" : " (nearest: " + found + ")";
  }

  bool lookUp(const std::string &name, Thing &found) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto it = things_.find(name);
    if (it == things_.end()) return false;
    found = it->second;
    return true;
  }

  const char *what_, *library_;
  std::mutex mutex_;
  std::map<std::string, Thing> things_;
};

/// What a YAML key names. Throws petrl::Error naming file, line and key, too.
template <typename Thing>
Thing found(const YamlMap &yaml, const std::string &key, const std::string &name, Registry<Thing> &registry) {
  try {
    return registry.find(name);
  } catch (const Error &e) {
    yaml.fail(key, e.what());
  }
}

}  // namespace petrl
