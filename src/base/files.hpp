// The few file operations that several commands need.
#pragma once

#include <string>

namespace petrl {

bool fileExists(const std::string &path);
/// Creates a folder and those above it. Throws petrl::Error.
void makeFolders(const std::string &path);
/// Writes a text file whole or not at all. Throws petrl::Error.
void writeWhole(const std::string &path, const std::string &text);

}  // namespace petrl
