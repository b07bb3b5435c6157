#include "base/files.hpp"

#include <sys/stat.h>

#include <cstdio>
#include <fstream>

#include "base/error.hpp"

namespace petrl {

bool fileExists(const std::string &path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0;
}

void makeFolders(const std::string &path) {
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (!part.empty() && mkdir(part.c_str(), 0777) != 0 && !fileExists(part))
      throw Error(part + ": cannot create this folder", PETSC_ERR_FILE_OPEN);
    if (slash == std::string::npos) return;
  }
}

void writeWhole(const std::string &path, const std::string &text) {
  const std::string partial = path + ".partial";
  {
    std::ofstream out(partial);
    out << text;
    if (!out.flush()) throw Error(partial + ": cannot write this file", PETSC_ERR_FILE_WRITE);
  }
  if (std::rename(partial.c_str(), path.c_str()) != 0)
    throw Error(path + ": cannot write this file", PETSC_ERR_FILE_WRITE);
}

}  // namespace petrl
