// Predictions and meshes of one trajectory as HDF5, with an XDMF description.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/yaml.hpp"
#include "problems/nonlinear1d/lamp/model.hpp"

namespace petrl::cli {

/// Keys: trajectory (0), start (50), model (the first), trade_offs. Writes fields.h5: truth (levels x points), and for
/// trade-off i prediction<i> (the same) and mesh<i> (bundles x points, 1 where there is a vertex); fields.xdmf.
void lampFields(YamlMap &yaml, const std::map<std::string, std::shared_ptr<const lamp::Model>> &models,
                const nonlinear1d::Nonlinear1DSet &set, const std::string &directory);

}  // namespace petrl::cli
