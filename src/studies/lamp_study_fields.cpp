#include "studies/lamp_study_fields.hpp"

#include <fstream>
#include <vector>

#include "base/error.hpp"
#include "base/hdf5.hpp"

namespace petrl::cli {

using namespace nonlinear1d;

void lampFields(YamlMap &yaml, const std::map<std::string, std::shared_ptr<const lamp::Model>> &models,
                const Nonlinear1DSet &set, const std::string &directory) {
  const int trajectory = yaml.get<int>("trajectory", 0), start = yaml.get<int>("start", 50);
  if (trajectory < 0 || trajectory >= set.size())
    yaml.fail("trajectory", "expected 0 to " + std::to_string(set.size() - 1));
  if (start < 5 || start > kPoints || kPoints % start != 0) yaml.fail("start", "expected a divisor of 100");
  const auto name = yaml.get<std::string>("model", models.begin()->first);
  const auto found = models.find(name);
  if (found == models.end()) yaml.fail("model", "'" + name + "' is not among the models");
  const auto trade_offs = yaml.get<std::vector<double>>("trade_offs", {0, .2, .5});
  yaml.finish();
  const lamp::Model &model = *found->second;
  const std::size_t levels = lamp::kBundles * lamp::kBundle;
  std::vector<float> truth;
  for (std::size_t m = 0; m < levels; ++m) {
    const float *level = set.at(trajectory, lamp::kFirstInput + 1 + static_cast<int>(m));
    truth.insert(truth.end(), level, level + kPoints);
  }
  std::vector<std::string> names{"truth"};
  {
    h5::Writer out(directory + "/fields.h5");
    out.floats("/truth", {levels, kPoints}, truth);
    out.numbers("/trade_offs", trade_offs);
    for (std::size_t i = 0; i < trade_offs.size(); ++i) {
      const auto r = lamp::rollOut(model, set, trajectory, trajectory + 1,
                                   VertexMesh::uniform(kPoints / start, model.evolution.options().ring),
                                   {lamp::Remeshing::Kind::policy, trade_offs[i], 0, 0})
                         .front();
      std::vector<float> prediction(levels * kPoints), mesh(lamp::kBundles * kPoints, 0.f);
      for (std::size_t b = 0; b < lamp::kBundles; ++b) {
        for (const int v : r.mesh[b].list()) mesh[b * kPoints + static_cast<std::size_t>(v)] = 1;
        for (std::size_t j = 0; j < kPoints; ++j) {
          for (std::size_t m = 0; m < lamp::kBundle; ++m)
            prediction[(b * lamp::kBundle + m) * kPoints + j] = r.bundle[b][j * lamp::kBundle + m];
        }
      }
      names.push_back("prediction" + std::to_string(i));
      out.floats("/" + names.back(), {levels, kPoints}, prediction);
      out.floats("/mesh" + std::to_string(i), {lamp::kBundles, kPoints}, mesh);
    }
  }
  std::ofstream xdmf(directory + "/fields.xdmf");
  xdmf << "<?xml version=\"1.0\"?>\n<Xdmf Version=\"3.0\"><Domain><Grid Name=\"space-time\">\n"
       << "<Topology TopologyType=\"2DCoRectMesh\" Dimensions=\"" << levels << " " << kPoints << "\"/>\n"
       << "<Geometry GeometryType=\"ORIGIN_DXDY\"><DataItem Dimensions=\"2\">" << levelTime(lamp::kFirstInput + 1)
       << " 0</DataItem><DataItem Dimensions=\"2\">" << kLevelStep << " " << kSpacing << "</DataItem></Geometry>\n";
  for (const auto &field : names) {
    xdmf << "<Attribute Name=\"" << field << "\" Center=\"Node\"><DataItem Format=\"HDF\" Dimensions=\"" << levels
         << " " << kPoints << "\">fields.h5:/" << field << "</DataItem></Attribute>\n";
  }
  xdmf << "</Grid></Domain></Xdmf>\n";
  if (!xdmf) throw Error(directory + "/fields.xdmf: cannot write this file", PETSC_ERR_FILE_WRITE);
}

}  // namespace petrl::cli
