#include "base/yaml.hpp"

#include <cmath>
#include <fstream>
#include <sstream>

#include "base/error.hpp"
#include "base/names.hpp"

namespace petrl {

namespace {

template <typename T>
const char *typeName();
template <>
const char *typeName<double>() {
  return "a number";
}
template <>
const char *typeName<int>() {
  return "an integer";
}
template <>
const char *typeName<std::int64_t>() {
  return "an integer";
}
template <>
const char *typeName<std::uint64_t>() {
  return "a non-negative integer";
}
template <>
const char *typeName<bool>() {
  return "true or false";
}
template <>
const char *typeName<std::string>() {
  return "text";
}
template <>
const char *typeName<std::vector<double>>() {
  return "a list of numbers";
}
template <>
const char *typeName<std::vector<int>>() {
  return "a list of integers";
}
template <>
const char *typeName<std::vector<std::string>>() {
  return "a list of names";
}

}  // namespace

YamlMap::YamlMap(const YAML::Node &node, std::string source, std::string path)
    : node_(node), source_(std::move(source)), path_(std::move(path)) {
  if (!node_.IsDefined() || node_.IsNull()) node_ = YAML::Node(YAML::NodeType::Map);
  if (!node_.IsMap())
    throw Error(source_ + ": " + (path_.empty() ? "the file" : path_) + ": expected a mapping (key: value)");
  // Of a key that stands twice the parser would silently drop one.
  std::set<std::string> seen;
  for (auto it = node_.begin(); it != node_.end(); ++it) {
    const auto key = it->first.as<std::string>("");
    if (!seen.insert(key).second)
      throw Error(source_ + ":" + std::to_string(it->first.Mark().line + 1) + ": " +
                  (path_.empty() ? "" : path_ + ".") + key + ": appears twice");
  }
}

YamlMap YamlMap::parse(const std::string &text, const std::string &source) {
  try {
    return {YAML::Load(text), source, ""};
  } catch (const YAML::Exception &e) {
    throw Error(source + ":" + std::to_string(e.mark.line + 1) + ": not valid YAML: " + e.msg);
  }
}

YamlMap YamlMap::read(const std::string &path) {
  std::ifstream in(path);
  if (!in) throw Error(path + ": cannot read this file", PETSC_ERR_FILE_OPEN);
  std::stringstream text;
  text << in.rdbuf();
  return parse(text.str(), path);
}

void YamlMap::fail(const std::string &key, const std::string &message) const {
  const YAML::Node &node = node_;  // const access does not insert
  int line = node.Mark().line;
  for (auto it = node.begin(); it != node.end(); ++it) {
    if (it->first.as<std::string>("") == key) line = it->first.Mark().line;
  }
  throw Error(source_ + (line >= 0 ? ":" + std::to_string(line + 1) : "") + ": " + (path_.empty() ? "" : path_ + ".") +
              key + ": " + message);
}

std::vector<std::string> YamlMap::keys() const {
  std::vector<std::string> result;
  for (const auto &entry : node_) result.push_back(entry.first.as<std::string>(""));
  return result;
}

bool YamlMap::has(const std::string &key) {
  asked_.insert(key);
  const YAML::Node &node = node_;
  return node[key].IsDefined();
}

bool YamlMap::isList(const std::string &key) {
  asked_.insert(key);
  const YAML::Node &node = node_;
  return node[key].IsDefined() && node[key].IsSequence();
}

template <typename T>
T YamlMap::get(const std::string &key) {
  if (!has(key)) fail(key, std::string("missing; expected ") + typeName<T>());
  const YAML::Node &node = node_;
  try {
    return node[key].as<T>();
  } catch (const YAML::Exception &) {
    std::stringstream found;
    found << node[key];
    fail(key, std::string("expected ") + typeName<T>() + ", found '" + found.str() + "'");
  }
}
template double YamlMap::get<double>(const std::string &);
template int YamlMap::get<int>(const std::string &);
template std::int64_t YamlMap::get<std::int64_t>(const std::string &);
template std::uint64_t YamlMap::get<std::uint64_t>(const std::string &);
template bool YamlMap::get<bool>(const std::string &);
template std::string YamlMap::get<std::string>(const std::string &);
template std::vector<double> YamlMap::get<std::vector<double>>(const std::string &);
template std::vector<int> YamlMap::get<std::vector<int>>(const std::string &);
template std::vector<std::string> YamlMap::get<std::vector<std::string>>(const std::string &);

double YamlMap::number(const std::string &key, double fallback, double low, double high) {
  const double value = get<double>(key, fallback);
  if (!(value >= low && value <= high)) {
    std::ostringstream message;
    message << "expected a number in [" << low << ", " << high << "], found " << value;
    fail(key, message.str());
  }
  return value;
}

std::int64_t YamlMap::bounded(const std::string &key, std::int64_t fallback, std::int64_t low, std::int64_t high) {
  std::int64_t value = fallback;
  std::string found = std::to_string(fallback);
  bool whole = true;
  if (has(key)) {
    const YAML::Node &node = node_;
    double real = 0;
    found = YAML::Dump(node[key]);
    if (!YAML::convert<std::int64_t>::decode(node[key], value)) {
      const bool number = YAML::convert<double>::decode(node[key], real);
      if (!number) found = "'" + found + "'";
      whole = number && std::fabs(real) < 0x1p62 && real == std::trunc(real);
      value = whole ? static_cast<std::int64_t>(real) : 0;
    }
  }
  if (whole && value >= low && value <= high) return value;
  fail(key, "expected an integer in [" + std::to_string(low) + ", " + std::to_string(high) + "], found " + found);
}

YamlMap YamlMap::map(const std::string &key, bool required) {
  if (!has(key) && required) fail(key, "missing; expected a mapping");
  const YAML::Node &node = node_;
  const YAML::Node child = node[key];
  return {child.IsDefined() ? child : YAML::Node(YAML::NodeType::Map), source_,
          (path_.empty() ? "" : path_ + ".") + key};
}

std::vector<YamlMap> YamlMap::list(const std::string &key) {
  if (!has(key)) fail(key, "missing; expected a list");
  const YAML::Node &node = node_;
  if (!node[key].IsSequence()) fail(key, "expected a list");
  std::vector<YamlMap> out;
  for (std::size_t i = 0; i < node[key].size(); ++i) {
    out.emplace_back(node[key][i], source_, (path_.empty() ? "" : path_ + ".") + key + "[" + std::to_string(i) + "]");
  }
  return out;
}

void YamlMap::finish() const {
  for (auto it = node_.begin(); it != node_.end(); ++it) {
    const auto key = it->first.as<std::string>("");
    if (asked_.count(key) != 0) continue;
    const std::string nearest = nearestName(key, asked_);
    fail(key, "unknown key" + (nearest.empty() ? std::string() : "; the nearest known key is '" + nearest + "'"));
  }
}

static void addTo(YAML::Node to, const YAML::Node &defaults) {
  for (const auto &pair : defaults) {
    const auto key = pair.first.as<std::string>();
    const YAML::Node &known = to;  // const access does not insert
    const YAML::Node there = known[key];
    if (!there.IsDefined())
      to[key] = pair.second;
    else if (there.IsMap() && pair.second.IsMap())
      addTo(there, pair.second);
  }
}

void YamlMap::addMissing(const YAML::Node &defaults) {
  addTo(node_, defaults);
}

std::string YamlMap::text() const {
  std::stringstream out;
  out << node_;
  return out.str();
}

}  // namespace petrl
