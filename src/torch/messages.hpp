// What libtorch says, for the user.
#pragma once

#include <sstream>
#include <string>

namespace petrl {

/// libtorch's messages carry a C++ stack; the first lines say what is wrong.
inline std::string firstLines(const std::string &message, int lines = 3) {
  std::istringstream in(message);
  std::string out, line;
  for (int i = 0; i < lines && std::getline(in, line); ++i) {
    const auto first = line.find_first_not_of(" \t");
    if (first != std::string::npos) out += (out.empty() ? "" : " ") + line.substr(first);
  }
  return out;
}

/// "[1, 3]"
template <typename Shape>
std::string shapeText(const Shape &shape) {
  std::string out = "[";
  for (const auto n : shape) out += (out.size() > 1 ? ", " : "") + std::to_string(n);
  return out + "]";
}

}  // namespace petrl
