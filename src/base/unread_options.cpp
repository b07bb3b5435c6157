#include "base/unread_options.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "base/compat.hpp"
#include "base/error.hpp"
#include "base/names.hpp"

namespace petrl {

namespace {

// The names in our sources (cmake/known_options.cmake), and how those of our objects begin.
const std::vector<std::string> known = {
#include "base/known_options.inc"
};
const std::vector<std::string> prefixes = {
    "ts_adapt_rl_", "ts_adapt_richardson_", "ts_adapt_iterations_", "ts_bathe_", "snes_pdas_", "closure_", "refiner_"};

// What to say of an option, without its '-'; "": nothing.
std::string complaint(const std::string &given) {
  constexpr std::size_t slip = 2;
  // The object may have a prefix of its own in front.
  std::string name = given;
  for (const auto &prefix : prefixes) {
    const std::size_t at = given.find(prefix);
    if (at != std::string::npos) name = given.substr(at);
  }
  const bool ours = name != given || std::any_of(prefixes.begin(), prefixes.end(), [&](const std::string &prefix) {
                      return name.compare(0, prefix.size(), prefix) == 0;
                    });
  if (std::find(known.begin(), known.end(), name) != known.end()) return "";
  const std::string nearest = nearestName(name, known);
  const std::size_t distance = editDistance(name, nearest);
  if (!ours && distance > slip) return "";
  std::string text = "option -" + given + " was read by nobody";
  if (2 * distance < name.size()) text += "; the nearest one of PetRL is -" + nearest;
  return text;
}

}  // namespace

PetscErrorCode WarnOfUnreadOptions() {
  PetscInt n;
  char **names, **values;

  PetscFunctionBegin;
  PetscCall(PetscOptionsLeftGet(NULL, &n, &names, &values)); /* marks nothing as read: -options_left says the same */
  for (PetscInt i = 0; i < n; ++i) {
    std::string text;
    PetRLCallCXX(text = complaint(names[i]));
    if (!text.empty()) PetscCall(PetscPrintf(PETSC_COMM_WORLD, "PetRL warning: %s\n", text.c_str()));
  }
  PetscCall(PetscOptionsLeftRestore(NULL, &n, &names, &values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
