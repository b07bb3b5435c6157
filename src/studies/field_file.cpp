#include "studies/field_file.hpp"

#include <sstream>

#include "base/files.hpp"

namespace petrl::studies {

namespace {

std::string words(const std::vector<std::size_t> &numbers) {
  std::string out;
  for (const std::size_t n : numbers) out += (out.empty() ? "" : " ") + std::to_string(n);
  return out;
}

std::string item(const std::vector<std::size_t> &shape, const std::string &dataset) {
  return "<DataItem Format=\"HDF\" Dimensions=\"" + words(shape) + "\">fields.h5:" + dataset + "</DataItem>";
}

}  // namespace

std::string &FieldFile::begin(const std::string &series, double time) {
  std::string &out = series_[series];
  std::ostringstream text;
  text << (out.empty() ? "" : "</Grid>\n") << "<Grid GridType=\"Uniform\"><Time Value=\"" << time << "\"/>\n";
  return *(now_ = &(out += text.str()));
}

void FieldFile::grid(const std::string &series, double time, std::size_t rows, std::size_t columns, double height,
                     double width, bool cells, double top) {
  std::ostringstream text;
  text << "<Topology TopologyType=\"2DCoRectMesh\" Dimensions=\"" << words({rows + cells, columns + cells})
       << "\"/>\n<Geometry GeometryType=\"ORIGIN_DXDY\"><DataItem Dimensions=\"2\">" << top
       << " 0</DataItem><DataItem Dimensions=\"2\">" << height << " " << width << "</DataItem></Geometry>\n";
  begin(series, time) += text.str();
  shape_ = {rows, columns};
  center_ = cells ? "Cell" : "Node";
}

void FieldFile::triangles(const std::string &series, double time, const std::string &group,
                          const std::vector<double> &corners) {
  const std::size_t n = corners.size() / 6;
  data.floats(group + "/corner", {n, 3, 2}, floats(corners));
  std::ostringstream text;
  text << "<Topology TopologyType=\"Triangle\" NumberOfElements=\"" << n << "\"><DataItem Dimensions=\"" << n
       << " 3\" NumberType=\"Int\">";
  for (std::size_t i = 0; i < 3 * n; ++i) text << i << (i % 3 == 2 ? "\n" : " ");
  text << "</DataItem></Topology>\n<Geometry GeometryType=\"XY\">" << item({3 * n, 2}, group + "/corner")
       << "</Geometry>\n";
  begin(series, time) += text.str();
  shape_ = {n};
  center_ = "Cell";
}

void FieldFile::field(const std::string &group, const std::string &name, const std::vector<float> &values) {
  data.floats(group + "/" + name, shape_, values);
  *now_ += "<Attribute Name=\"" + name + "\" Center=\"" + center_ + "\">" + item(shape_, group + "/" + name) +
           "</Attribute>\n";
}

void FieldFile::write() {
  data.write();
  std::string text = "<?xml version=\"1.0\"?>\n<Xdmf Version=\"3.0\"><Domain>\n";
  for (const auto &[name, grids] : series_)
    text += "<Grid Name=\"" + name + "\" GridType=\"Collection\" CollectionType=\"Temporal\">\n" + grids +
            "</Grid>\n</Grid>\n";
  writeWhole(directory_ + "/fields.xdmf", text + "</Domain></Xdmf>\n");
}

}  // namespace petrl::studies
