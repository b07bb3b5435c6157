#include "cli/fields.hpp"

#include <cstdio>
#include <sstream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/hdf5.hpp"

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

}  // namespace

void FieldWriter::observe(fault::Fault &fault, double time) {
  if (snapshots_.size() >= times_.size() || time < times_[snapshots_.size()] * (1 - 1e-12)) return;
  // A long step may pass several times: the same state then stands for each.
  const Snapshot s{time, gather(fault.velocity()), gather(fault.displacement()), gather(fault.history())};
  while (snapshots_.size() < times_.size() && time >= times_[snapshots_.size()] * (1 - 1e-12)) snapshots_.push_back(s);
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
