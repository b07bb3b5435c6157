// Images from IDX files (MNIST and its relatives).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace petrl::images {

/// Grey images of one size, one after the other.
struct Images {
  int count = 0, rows = 0, columns = 0;
  std::vector<std::uint8_t> pixels;  ///< count x rows x columns
  const std::uint8_t *image(int index) const {
    return pixels.data() + static_cast<std::ptrdiff_t>(index) * rows * columns;
  }
};

/// Reads an IDX file of unsigned bytes with three dimensions, plain or gzip (told by its content). Throws petrl::Error
/// naming the file, what was found and what was expected.
Images readIdx(const std::string &path);

/// The folder of the data that ship: $PETRL_DATA, else share/petrl/data beside the library.
std::string dataFolder();

/// The images "<set>-<part>.idx.gz" of the data folder (set: mnist | fashion, part: train | test); read once a
/// process. Throws petrl::Error.
const Images &imageSet(const std::string &set, const std::string &part);

}  // namespace petrl::images
