// Tables as text: rows of named columns, units in the names.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <type_traits>
#include <vector>

#include "base/api.hpp"

namespace petrl {

/// Collects rows and adds them to a file. What is no number is nan, what was not set stays empty.
class PETRL_API Csv {
 public:
  /// A file that is begun anew when the first rows are written; with `go_on` one that is there is added to. Throws
  /// petrl::Error where that has other columns.
  Csv(std::string path, std::vector<std::string> columns, bool go_on = false);

  int digits = 9;  ///< of numbers

  /// Begins a row; set() fills it.
  Csv &row();
  Csv &set(const std::string &column, const std::string &text);
  Csv &set(const std::string &column, const char *text) { return set(column, std::string(text)); }
  Csv &set(const std::string &column, double number);
  template <typename T, typename = std::enable_if_t<std::is_integral_v<T>>>
  Csv &set(const std::string &column, T number) {
    return put(column, std::to_string(number));
  }

  /// Adds the rows since the last call to the file, all at once. Returns the length of the file then, which a program
  /// that is to go on from here may cut it down to. Throws petrl::Error.
  std::int64_t append();
  bool empty() const { return rows_.empty(); }  ///< nothing to append

 private:
  Csv &put(const std::string &column, std::string text);
  std::string header() const;
  std::string path_;
  std::vector<std::string> columns_;
  std::map<std::string, std::size_t> place_;
  std::vector<std::vector<std::string>> rows_;
  bool begun_ = false;
};

}  // namespace petrl
