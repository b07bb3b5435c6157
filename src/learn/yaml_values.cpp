#include "learn/yaml_values.hpp"

#include <algorithm>
#include <cstdlib>

namespace petrl::learn {

std::string oneOf(YamlMap &map, const std::string &key, const std::string &fallback,
                  std::initializer_list<const char *> words) {
  auto value = map.get<std::string>(key, fallback);
  std::string list;
  std::size_t i = 0;
  for (const char *word : words) {
    if (value == word) return value;
    list += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + std::string(word);
    ++i;
  }
  map.fail(key, "expected " + list + ", found '" + value + "'");
}

int threadCount(YamlMap &map) {
  const char *variable = std::getenv("OMP_NUM_THREADS");
  const int fallback = variable != nullptr ? std::clamp(std::atoi(variable), 1, 1024) : 1;
  return map.integer("threads", fallback, 1, 1024);
}

bool wantsCuda(YamlMap &map) {
  return oneOf(map, "device", "cpu", {"cpu", "cuda"}) == "cuda";
}

}  // namespace petrl::learn
