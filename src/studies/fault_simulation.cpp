#include "studies/fields.hpp"

#include <algorithm>
#include <sstream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/hdf5.hpp"
#include "integrate/bathe.hpp"

namespace petrl::cli {

namespace {

// The whole vector on the first rank, nothing elsewhere.
std::vector<float> gather(Vec x) {
  Vec all;
  VecScatter scatter;
  const PetscScalar *values;
  PetscInt n;
  PetRLThrow(VecScatterCreateToZero(x, &scatter, &all));
  PetRLThrow(VecScatterBegin(scatter, x, all, INSERT_VALUES, SCATTER_FORWARD));
  PetRLThrow(VecScatterEnd(scatter, x, all, INSERT_VALUES, SCATTER_FORWARD));
  PetRLThrow(VecGetLocalSize(all, &n));
  PetRLThrow(VecGetArrayRead(all, &values));
  std::vector<float> result(values, values + n);
  PetRLThrow(VecRestoreArrayRead(all, &values));
  PetRLThrow(VecScatterDestroy(&scatter));
  PetRLThrow(VecDestroy(&all));
  return result;
}

// Cubic Hermite interpolation between (x0, rate0) and (x1, rate1) at the share y of a step of length h.
std::vector<float> hermite(Vec x0, Vec rate0, Vec x1, Vec rate1, double h, double y) {
  const double z = 1 - y;
  const PetscScalar weights[4] = {z * z * (1 + 2 * y), h * y * z * z, y * y * (1 + 2 * z), -h * y * y * z};
  Vec terms[4] = {x0, rate0, x1, rate1}, sum;
  PetRLThrow(VecDuplicate(x0, &sum));
  PetRLThrow(VecSet(sum, 0));
  PetRLThrow(VecMAXPY(sum, 4, weights, terms));
  std::vector<float> result = gather(sum);
  PetRLThrow(VecDestroy(&sum));
  return result;
}

}  // namespace

void FieldWriter::observe(fault::Fault &fault) {
  const Bathe &b = bathe(fault.ts());
  const double start = b.latest.t, h = b.latest.h;
  while (snapshots_.size() < times_.size() && times_[snapshots_.size()] <= start + h * (1 + 1e-12)) {
    const double time = times_[snapshots_.size()], y = std::clamp((time - start) / h, 0.0, 1.0);
    snapshots_.push_back({time, hermite(b.start.v, b.start.a, b.now.v, b.now.a, h, y),
                          hermite(b.start.u, b.start.v, b.now.u, b.now.v, h, y),
                          hermite(b.start.history, b.start.rate, b.now.history, b.now.rate, h, y)});
  }
}

void FieldWriter::write(fault::Fault &fault) const {
  PetscMPIInt rank;
  if (MPI_Comm_rank(fault.elasticity().comm(), &rank) != MPI_SUCCESS) throw Error("MPI_Comm_rank failed");
  if (rank != 0 || snapshots_.empty()) return;
  const auto nx = static_cast<std::size_t>(fault.elasticity().nx()),
             nz = static_cast<std::size_t>(fault.elasticity().nz());
  const fault::ElasticityParameters &e = fault.scenario().elasticity;
  h5::Writer file(directory_ + "/fields.h5");
  std::ostringstream xdmf;
  xdmf << "<?xml version=\"1.0\"?>\n<Xdmf Version=\"3.0\"><Domain>\n"
          "<Grid Name=\"fault\" GridType=\"Collection\" CollectionType=\"Temporal\">\n";
  for (std::size_t i = 0; i < snapshots_.size(); ++i) {
    const Snapshot &s = snapshots_[i];
    const std::string group = "/step" + std::to_string(i);
    file.group(group);
    file.number(group, "time_s", s.time);
    xdmf << "<Grid GridType=\"Uniform\"><Time Value=\"" << s.time << "\"/>\n<Topology TopologyType=\"2DCoRectMesh\" "
         << "Dimensions=\"" << nz + 1 << " " << nx + 1 << "\"/>\n<Geometry GeometryType=\"ORIGIN_DXDY\">"
         << "<DataItem Dimensions=\"2\">0 0</DataItem><DataItem Dimensions=\"2\">" << e.lz / static_cast<double>(nz)
         << " " << e.lx / static_cast<double>(nx) << "</DataItem></Geometry>\n";
    const std::pair<const char *, const std::vector<float> *> fields[] = {
        {"velocity", &s.velocity}, {"displacement", &s.displacement}, {"history", &s.history}};
    for (const auto &[name, values] : fields) {
      file.floats(group + "/" + name, {nz, nx}, *values);
      xdmf << "<Attribute Name=\"" << name << "\" Center=\"Cell\"><DataItem Format=\"HDF\" Dimensions=\"" << nz << " "
           << nx << "\">fields.h5:" << group << "/" << name << "</DataItem></Attribute>\n";
    }
    xdmf << "</Grid>\n";
  }
  xdmf << "</Grid></Domain></Xdmf>\n";
  writeWhole(directory_ + "/fields.xdmf", xdmf.str());
}

}  // namespace petrl::cli
