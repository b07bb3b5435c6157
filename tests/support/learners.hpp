// Learners from the text of their YAML section.
#pragma once

#include <string>

#include "base/archive.hpp"
#include "base/yaml.hpp"

namespace petrl::test {

inline YamlMap keys(const std::string &text) {
  return YamlMap::parse(text, "test.yaml");
}

/// An algorithm (Ppo, Tqc, Unroll) for so many observations and actions; on grids their dimensions, two otherwise.
template <typename Algorithm>
struct Of : Algorithm {
  template <typename... Dimensions>
  Of(const std::string &text, int observations, int actions, std::uint64_t seed, Dimensions... dimensions)
      : Algorithm(keys(text), observations, actions, seed, dimensions...) {}
  void save(const std::string &path) {
    saveArchive(
        path, [this](Archive &a) { this->archive(a); }, PETSC_COMM_WORLD);
  }
  void load(const std::string &path) {
    loadArchive(
        path, [this](Archive &a) { this->archive(a); }, PETSC_COMM_WORLD);
  }
};

}  // namespace petrl::test
