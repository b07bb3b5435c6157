// Strict YAML: unknown keys are errors that name file, line and the nearest known key.
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "base/api.hpp"

namespace petrl {

/// A YAML mapping of which every key must be asked for. Call finish() once all known keys were read.
class PETRL_API YamlMap {
 public:
  /// Parses text; `source` names it in messages (a file name, or "learner section").
  static YamlMap parse(const std::string &text, const std::string &source);
  /// Reads and parses a file. Throws petrl::Error when it cannot be read or is no mapping.
  static YamlMap read(const std::string &path);

  YamlMap(const YAML::Node &node, std::string source, std::string path);

  bool has(const std::string &key);
  /// All keys, for mappings whose keys are the user's own.
  std::vector<std::string> keys() const;
  /// The value of a required key. Throws petrl::Error naming source, line, key, what was found and expected.
  template <typename T>
  T get(const std::string &key);
  /// The value of an optional key.
  template <typename T>
  T get(const std::string &key, const T &fallback) {
    return has(key) ? get<T>(key) : fallback;
  }
  /// A number within [low, high].
  double number(const std::string &key, double fallback, double low, double high);
  /// A whole number within [low, high], written in any way (1000000, 1e6); 100.7 is none.
  template <typename T, typename Limit>
  std::common_type_t<T, Limit> integer(const std::string &key, T fallback, std::int64_t low, Limit high) {
    return static_cast<std::common_type_t<T, Limit>>(bounded(key, fallback, low, high));
  }
  /// A sub-mapping; an empty one if absent and not required.
  YamlMap map(const std::string &key, bool required = true);
  /// Whether the key is there and holds a list.
  bool isList(const std::string &key);
  /// A list of sub-mappings.
  std::vector<YamlMap> list(const std::string &key);
  /// Throws petrl::Error for the first key that nobody asked for, with its line and the nearest known key.
  void finish() const;
  /// Adds the keys of another mapping that are not there, also within mappings that both have.
  void addMissing(const YAML::Node &defaults);
  /// This mapping as YAML text.
  std::string text() const;
  /// An error about one key: "<source>:<line>: <path>.<key>: <message>".
  [[noreturn]] void fail(const std::string &key, const std::string &message) const;

 private:
  std::int64_t bounded(const std::string &key, std::int64_t fallback, std::int64_t low, std::int64_t high);

  YAML::Node node_;
  std::string source_, path_;
  std::set<std::string> asked_;
};

}  // namespace petrl
