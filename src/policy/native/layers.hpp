// Reading networks that are a row of layers: every mistake is named.
#pragma once

#include <string>
#include <vector>

#include "policy/policy.hpp"

namespace petrl {

/// One of "layer0", "layer1", ...
struct PlainLayer {
  std::string name;
  std::size_t outputs, inputs;
  const Tensor &weight, &bias;
};

/// All layers, each fitting the one before: weights have `rank` extents, outputs and inputs first, which `expected`
/// says in words. Throws petrl::Error naming `source`, the weight, what was found and expected.
std::vector<PlainLayer> readLayers(const NetworkSpec &network, std::size_t rank, const char *expected,
                                   const std::string &source);

/// Which of several words a parameter is.
std::size_t readWord(const NetworkSpec &network, const std::string &key, const std::vector<std::string> &words,
                     const std::string &source);

/// Throws petrl::Error about something in /network.
[[noreturn]] void badNetwork(const std::string &source, const std::string &key, const std::string &message);

/// "3 x 4"
std::string shapeText(const std::vector<std::size_t> &shape);

}  // namespace petrl
