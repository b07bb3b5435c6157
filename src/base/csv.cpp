#include "base/csv.hpp"

#include <cmath>
#include <cstdio>
#include <fstream>

#include "base/error.hpp"
#include "base/files.hpp"

namespace petrl {

Csv::Csv(std::string path, std::vector<std::string> columns, bool go_on)
    : path_(std::move(path)), columns_(std::move(columns)) {
  for (std::size_t i = 0; i < columns_.size(); ++i) place_[columns_[i]] = i;
  if (!go_on || !fileExists(path_)) return;
  std::ifstream in(path_);
  std::string found;
  std::getline(in, found);
  if (!found.empty() && found != header())
    throw Error(path_ + ":1: expected the columns " + header() + "; found " + found, PETSC_ERR_FILE_UNEXPECTED);
  begun_ = !found.empty();
}

std::string Csv::header() const {
  std::string line;
  for (const auto &name : columns_) line += (line.empty() ? "" : ",") + name;
  return line;
}

Csv &Csv::row() {
  rows_.emplace_back(columns_.size());
  return *this;
}

Csv &Csv::put(const std::string &column, std::string text) {
  const auto at = place_.find(column);
  if (at == place_.end() || rows_.empty()) throw Error(path_ + ": no column '" + column + "', or no row begun");
  rows_.back()[at->second] = std::move(text);
  return *this;
}

Csv &Csv::set(const std::string &column, const std::string &text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return put(column, text);
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return put(column, quoted + "\"");
}

Csv &Csv::set(const std::string &column, double number) {
  if (std::isnan(number)) return put(column, "nan");  // and never -nan
  char text[32];
  std::snprintf(text, sizeof text, "%.*g", digits, number);
  return put(column, text);
}

std::int64_t Csv::append() {
  std::string text = begun_ ? "" : header() + "\n";
  for (const auto &row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) text += (i > 0 ? "," : "") + row[i];
    text += "\n";
  }
  rows_.clear();
  std::FILE *file = std::fopen(path_.c_str(), begun_ ? "ab" : "wb");
  if (file == nullptr) throw Error(path_ + ": cannot write this file", PETSC_ERR_FILE_WRITE);
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size() && std::fflush(file) == 0;
  const std::int64_t length = std::fseek(file, 0, SEEK_END) == 0 ? std::ftell(file) : -1;
  if (std::fclose(file) != 0 || !written || length < 0)
    throw Error(path_ + ": cannot write this file", PETSC_ERR_FILE_WRITE);
  begun_ = true;
  return length;
}

}  // namespace petrl
