#include "cli/commands.hpp"
namespace petrl::cli {
void addEvaluate(CLI::App &, Options &) {}
}  // namespace petrl::cli
