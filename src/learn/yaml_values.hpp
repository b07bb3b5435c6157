// Values that the learners' YAML sections have in common.
#pragma once

#include <initializer_list>
#include <string>

#include "base/api.hpp"
#include "base/yaml.hpp"

namespace petrl::learn {

/// One of several words.
PETRL_API std::string oneOf(YamlMap &map, const std::string &key, const std::string &fallback,
                            std::initializer_list<const char *> words);

/// Threads of libtorch: the key `threads`, else OMP_NUM_THREADS, else 1 (teams that spin under MPI slow a run down).
int threadCount(YamlMap &map);

/// The key `device`: cpu | cuda. True for cuda. Whether there is one is for the learner to find out.
bool wantsCuda(YamlMap &map);

}  // namespace petrl::learn
