// The geometry of a CellMesh from its corners and from how its cells touch.
#pragma once

#include <algorithm>
#include <utility>

#include "mesh/cell_mesh.hpp"
#include "mesh/tetrahedron.hpp"

namespace petrl {

/// Fills centre, volume, neighbour, face, towards and faces. `twin(c * slots + s)` is the other cell's slot in the same
/// numbering, negative where there is none; `label` is called for boundary faces of owned cells. Cells beyond `owned`
/// are ghosts: their missing neighbours are not on the boundary if twin says -2.
template <typename Twin, typename Label>
void fillGeometry(CellMesh &m, const Twin &twin, const Label &label);

namespace detail {

/// Centre of the face opposite corner s.
template <int D>
inline void faceCentre(const double *x, int s, double *centre) {
  if constexpr (D == 1) {
    centre[0] = x[1 - s];
  } else if constexpr (D == 3) {
    for (int i = 0; i < 3; ++i) {
      centre[i] = 0;
      for (const int k : kTetFace[s]) centre[i] += x[3 * k + i];
      centre[i] /= 3;
    }
  } else {
    const double *const a = x + 2 * (s == 2 ? 0 : s + 1), *const b = x + 2 * (s == 0 ? 2 : s - 1);
    centre[0] = 0.5 * (a[0] + b[0]);
    centre[1] = 0.5 * (a[1] + b[1]);
  }
}

template <int D>
inline void cellGeometry(const double *x, double *centre, double &volume) {
  if constexpr (D == 1) {
    centre[0] = 0.5 * (x[0] + x[1]);
    volume = x[1] - x[0];
  } else if constexpr (D == 3) {
    for (int i = 0; i < 3; ++i) centre[i] = 0.25 * (x[i] + x[3 + i] + x[6 + i] + x[9 + i]);
    volume = tetDeterminant(x) / 6;
  } else {
    centre[0] = (x[0] + x[2] + x[4]) / 3;
    centre[1] = (x[1] + x[3] + x[5]) / 3;
    volume = 0.5 * ((x[2] - x[0]) * (x[5] - x[1]) - (x[4] - x[0]) * (x[3] - x[1]));
  }
}

template <int D>
inline void faceNormal(const double *x, int s, double *normal) {
  if constexpr (D == 1) {
    normal[0] = s == 0 ? 1 : -1;
  } else {
    const double *const a = x + 2 * (s == 2 ? 0 : s + 1), *const b = x + 2 * (s == 0 ? 2 : s - 1);
    normal[0] = b[1] - a[1];
    normal[1] = a[0] - b[0];
  }
}

template <int D, typename Twin, typename Label>
void fillGeometry(CellMesh &m, const Twin &twin, const Label &label) {
  constexpr int S = D + 1;
  const int faces = m.cells * S;
  m.centre.resize(m.cells * D);
  m.volume.resize(m.cells);
  m.neighbour.resize(faces);
  m.face.resize(faces);
  m.towards.resize(faces * D);
  m.faces.clear();
  m.faces.reserve(D == 1 ? m.owned + 1 : (D == 2 ? m.owned + m.owned / 2 : 2 * m.owned) + m.owned / 16 + 16);
  for (int c = 0; c < m.cells; ++c) cellGeometry<D>(&m.corner[c * S * D], &m.centre[c * D], m.volume[c]);
  for (int c = 0; c < m.cells; ++c) {
    const double *const x = &m.corner[c * S * D];
    for (int s = 0; s < S; ++s) {
      const int f = c * S + s, other = twin(f), neighbour = other < 0 ? -1 : other / S;
      double here[D], *const towards = &m.towards[f * D];
      faceCentre<D>(x, s, here);
      m.neighbour[f] = neighbour;
      if (other < 0) {
        for (int i = 0; i < D; ++i) towards[i] = here[i] - m.centre[c * D + i];
      } else {
        // Seen from the neighbour the face may lie on the other side of a periodic domain.
        double there[D];
        faceCentre<D>(&m.corner[neighbour * S * D], other % S, there);
        for (int i = 0; i < D; ++i)
          towards[i] = m.centre[neighbour * D + i] - m.centre[c * D + i] + (here[i] - there[i]);
      }
      if (other >= 0 && other < f) {
        m.face[f] = m.face[other];
        continue;
      }
      if (c >= m.owned) {
        m.face[f] = -1;
        continue;
      }
      m.face[f] = static_cast<int>(m.faces.size());
      CellMesh::Face face;
      face.left = c;
      face.right = neighbour;
      if (other < 0) face.label = label(f);
      if constexpr (D < 3) {
        faceNormal<D>(x, s, face.normal);
        std::copy(here, here + D, face.centre);
      }
      m.faces.push_back(face);
    }
  }
}

}  // namespace detail

template <typename Twin, typename Label>
void fillGeometry(CellMesh &m, const Twin &twin, const Label &label) {
  if (m.dim == 1)
    detail::fillGeometry<1>(m, twin, label);
  else if (m.dim == 2)
    detail::fillGeometry<2>(m, twin, label);
  else
    detail::fillGeometry<3>(m, twin, label);
}

}  // namespace petrl
