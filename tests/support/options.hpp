// Entries of PETSc's options database for tests.
#pragma once

#include <petscsys.h>

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace petrl::test {

/// Options that are gone when this is.
class Options {
 public:
  Options(std::initializer_list<std::pair<std::string, std::string>> options) {
    for (const auto &[key, value] : options) {
      keys_.push_back(key);
      PetRLThrow(PetscOptionsSetValue(NULL, key.c_str(), value.c_str()));
    }
  }
  Options(const Options &) = delete;
  Options &operator=(const Options &) = delete;
  ~Options() {
    for (const auto &key : keys_) (void)PetscOptionsClearValue(NULL, key.c_str());
  }

 private:
  std::vector<std::string> keys_;
};

}  // namespace petrl::test
