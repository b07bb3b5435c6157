// How the files of this folder make their problems known to makeProblem().
#pragma once

#include "problems/ode/draw.hpp"
#include "problems/ode/problem.hpp"

namespace petrl::ode {

enum class Use { train, validation, test };

struct Entry {
  const char *name;
  Use use;
  std::unique_ptr<Problem> (*make)(const Draw &draw);
};

const std::vector<Entry> &classicalEntries();
const std::vector<Entry> &kineticsEntries();
const std::vector<Entry> &nonsmoothEntries();
const std::vector<Entry> &excitableEntries();
const std::vector<Entry> &failingEntries();
const std::vector<Entry> &lineEntries();

/// Explicit and implicit methods that suit most problems.
inline const std::vector<std::string> explicitMethods{"rk2a", "rk3bs", "rk5f", "rk5dp", "rk5bs"};
inline const std::vector<std::string> implicitMethods{"arkimex3",    "arkimex4", "arkimex5", "rosw-ra34pw2",
                                                      "rosw-rodas3", "bdf2",     "bdf3",     "cn"};
/// Those that iterate: Rosenbrock methods never fail in Newton.
inline const std::vector<std::string> newtonMethods{"arkimex3", "arkimex4", "bdf2", "bdf3", "cn"};

inline std::vector<std::string> operator+(std::vector<std::string> a, const std::vector<std::string> &b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace petrl::ode
