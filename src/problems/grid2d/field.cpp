#include "problems/grid2d/field.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace petrl::grid2d {

Field::Field(int components, int nx, int ny) : components_(components), nx_(nx), ny_(ny) {
  constexpr std::ptrdiff_t line = 8;
  // One line of ghost points on either side keeps point 0 aligned.
  row_ = (nx + line - 1) / line * line + 2 * line;
  plane_ = row_ * (ny + 2 * kGhost);
  origin_ = kGhost * row_ + line;
  lines_.resize(static_cast<std::size_t>(plane_ * components / line));
}

Patch Field::patch() {
  return {lines_.data()->value + origin_, nx_, ny_, kGhost, row_, plane_};
}

ConstPatch Field::patch() const {
  return {lines_.data()->value + origin_, nx_, ny_, kGhost, row_, plane_};
}

void Field::fillGhosts(int width, int corner) {
  const Patch p = patch();
  const auto wrap = [](int i, int n) { return (i % n + n) % n; };
  for (int c = 0; c < components_; ++c) {
    for (int y = 0; y < ny_; ++y) {
      double *row = p.at(c, y);
      if (width <= nx_) {
        for (int k = 0; k < width; ++k) row[-1 - k] = row[nx_ - 1 - k], row[nx_ + k] = row[k];
      } else {
        for (int k = 0; k < width; ++k) row[-1 - k] = row[wrap(-1 - k, nx_)], row[nx_ + k] = row[wrap(k, nx_)];
      }
    }
    const std::size_t bytes = static_cast<std::size_t>(nx_) * sizeof(double);
    for (int k = 0; k < width; ++k) {
      std::memcpy(p.at(c, -1 - k), p.at(c, wrap(-1 - k, ny_)), bytes);
      std::memcpy(p.at(c, ny_ + k), p.at(c, wrap(k, ny_)), bytes);
      for (double *row : {p.at(c, -1 - k), p.at(c, ny_ + k)})
        for (int i = 0; i < corner; ++i) row[-1 - i] = row[nx_ - 1 - i % nx_], row[nx_ + i] = row[i % nx_];
    }
  }
}

void Field::set(const double *dense) {
  const Patch p = patch();
  for (int c = 0; c < components_; ++c)
    for (int y = 0; y < ny_; ++y, dense += nx_) std::copy(dense, dense + nx_, p.at(c, y));
}

void Field::get(double *dense) const {
  const ConstPatch p = patch();
  for (int c = 0; c < components_; ++c)
    for (int y = 0; y < ny_; ++y, dense += nx_) std::copy(p.at(c, y), p.at(c, y) + nx_, dense);
}

std::vector<double> Field::dense() const {
  std::vector<double> out(static_cast<std::size_t>(components_) * static_cast<std::size_t>(nx_) *
                          static_cast<std::size_t>(ny_));
  get(out.data());
  return out;
}

void Field::swap(Field &other) noexcept {
  std::swap(components_, other.components_);
  std::swap(nx_, other.nx_);
  std::swap(ny_, other.ny_);
  std::swap(row_, other.row_);
  std::swap(plane_, other.plane_);
  std::swap(origin_, other.origin_);
  lines_.swap(other.lines_);
}

}  // namespace petrl::grid2d
