#include "base/hdf5_disk.hpp"

#include <algorithm>

namespace petrl::h5 {

namespace {

hid_t opened(const std::string &path, Disk::Mode mode) {
  if (mode == Disk::Mode::create) return H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  return H5Fopen(path.c_str(), mode == Disk::Mode::read ? H5F_ACC_RDONLY : H5F_ACC_RDWR, H5P_DEFAULT);
}

Handle list(std::uint64_t n) {
  const hsize_t size = n;
  return {H5Screate_simple(1, &size, nullptr), H5Sclose};
}

}  // namespace

Disk::Disk(const std::string &path, Mode mode) : path_(path), file_(opened(path, mode), H5Fclose) {
  if (file_ >= 0) return;
  const bool ours = H5Fis_hdf5(path.c_str()) > 0;
  throw Error(path + (mode == Mode::create ? ": cannot create this file"
                      : ours               ? ": cannot be opened: this HDF5 file is damaged, cut off, or being written"
                                           : ": cannot be opened, or is no HDF5 file"),
              PETSC_ERR_FILE_OPEN);
}

void Disk::close() {
  if (H5Fflush(file_, H5F_SCOPE_GLOBAL) < 0 || !file_.release())
    throw Error(path_ + ": cannot write this file", PETSC_ERR_FILE_WRITE);
}

void Disk::fail(const std::string &object, const std::string &message) const {
  throw Error(path_ + ": " + object + ": " + message, PETSC_ERR_FILE_UNEXPECTED);
}

hid_t Disk::good(hid_t id, const std::string &object, const char *message) const {
  if (id < 0) fail(object, message);
  return id;
}

bool Disk::has(const std::string &object) const {
  return object == "/" || H5Lexists(file_, object.c_str(), H5P_DEFAULT) > 0;
}

std::vector<std::string> Disk::links(const std::string &group) const {
  const Handle g(good(H5Gopen2(file_, group.c_str(), H5P_DEFAULT), group, "missing, or no group"), H5Gclose);
  H5G_info_t info;
  if (H5Gget_info(g, &info) < 0) fail(group, "cannot be read");
  std::vector<std::string> names;
  for (hsize_t i = 0; i < info.nlinks; ++i) {
    char name[256];
    const ssize_t n = H5Lget_name_by_idx(g, ".", H5_INDEX_NAME, H5_ITER_INC, i, name, sizeof name, H5P_DEFAULT);
    if (n < 0) fail(group, "cannot be read");
    names.emplace_back(name);
  }
  return names;
}

Handle Disk::attribute(const std::string &object, const std::string &name, H5T_class_t type) const {
  const Handle parent(good(H5Oopen(file_, object.c_str(), H5P_DEFAULT), object, "missing"), H5Oclose);
  Handle id(H5Aopen(parent, name.c_str(), H5P_DEFAULT), H5Aclose);
  if (id < 0) fail(object, "attribute '" + name + "' is missing");
  const Handle found(H5Aget_type(id), H5Tclose);
  const H5T_class_t is = H5Tget_class(found);
  if (is != type && !(type == H5T_FLOAT && is == H5T_INTEGER))
    fail(object, "attribute '" + name + "': expected " +
                     (type == H5T_STRING    ? "text"
                      : type == H5T_INTEGER ? "an integer"
                                            : "numbers"));
  return id;
}

std::vector<std::string> Disk::texts(const std::string &object, const std::string &name) const {
  const Handle id = attribute(object, name, H5T_STRING), found(H5Aget_type(id), H5Tclose),
               space(H5Aget_space(id), H5Sclose);
  const hssize_t n = H5Sget_simple_extent_npoints(space);
  std::vector<std::string> out;
  if (H5Tis_variable_str(found) > 0) {
    std::vector<char *> raw(static_cast<std::size_t>(n), nullptr);
    const Handle type = textType();
    if (n > 0 && H5Aread(id, type, raw.data()) < 0) fail(object, "attribute '" + name + "' cannot be read");
    for (const char *text : raw) out.emplace_back(text != nullptr ? text : "");
    if (n > 0) H5Dvlen_reclaim(type, space, H5P_DEFAULT, raw.data());
    return out;
  }
  const std::size_t size = H5Tget_size(found);
  std::string raw(size * static_cast<std::size_t>(n), '\0');
  if (n > 0 && H5Aread(id, found, raw.data()) < 0) fail(object, "attribute '" + name + "' cannot be read");
  for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) out.emplace_back(raw.substr(i * size, size).c_str());
  return out;
}

std::string Disk::text(const std::string &object, const std::string &name) const {
  const auto found = texts(object, name);
  if (found.size() != 1) fail(object, "attribute '" + name + "': expected one text");
  return found[0];
}

std::vector<double> Disk::numbers(const std::string &object, const std::string &name) const {
  const Handle id = attribute(object, name, H5T_FLOAT), space(H5Aget_space(id), H5Sclose);
  std::vector<double> out(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)));
  if (!out.empty() && H5Aread(id, H5T_NATIVE_DOUBLE, out.data()) < 0)
    fail(object, "attribute '" + name + "' cannot be read");
  return out;
}

double Disk::number(const std::string &object, const std::string &name) const {
  const auto found = numbers(object, name);
  if (found.size() != 1) fail(object, "attribute '" + name + "': expected one number");
  return found[0];
}

std::int64_t Disk::integer(const std::string &object, const std::string &name) const {
  const Handle id = attribute(object, name, H5T_INTEGER), space(H5Aget_space(id), H5Sclose);
  std::int64_t value = 0;
  if (H5Sget_simple_extent_npoints(space) != 1 || H5Aread(id, H5T_NATIVE_INT64, &value) < 0)
    fail(object, "attribute '" + name + "': expected one integer");
  return value;
}

std::vector<std::uint64_t> Disk::extent(const std::string &dataset) const {
  const Handle id(good(H5Dopen2(file_, dataset.c_str(), H5P_DEFAULT), dataset, "missing, or no dataset"), H5Dclose),
      space(H5Dget_space(id), H5Sclose);
  std::vector<hsize_t> n(static_cast<std::size_t>(std::max(H5Sget_simple_extent_ndims(space), 0)));
  if (!n.empty()) H5Sget_simple_extent_dims(space, n.data(), nullptr);
  return {n.begin(), n.end()};
}

void Disk::rows(const std::string &dataset, std::uint64_t first, std::uint64_t count, double *in,
                const double *out) const {
  const Handle id(good(H5Dopen2(file_, dataset.c_str(), H5P_DEFAULT), dataset, "missing, or no dataset"), H5Dclose),
      space(H5Dget_space(id), H5Sclose);
  const auto found = extent(dataset);
  if (found.empty() || first + count > found[0]) fail(dataset, "has too few rows");
  std::vector<hsize_t> start(found.size(), 0), size(found.begin(), found.end());
  start[0] = first;
  size[0] = count;
  H5Sselect_hyperslab(space, H5S_SELECT_SET, start.data(), nullptr, size.data(), nullptr);
  const Handle memory(H5Screate_simple(static_cast<int>(size.size()), size.data(), nullptr), H5Sclose);
  if (in != nullptr && H5Dread(id, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, in) < 0)
    fail(dataset, "cannot be read");
  if (out != nullptr && H5Dwrite(id, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, out) < 0)
    fail(dataset, "cannot be written");
}

void Disk::read(const std::string &dataset, std::uint64_t first, std::uint64_t count, double *values) const {
  rows(dataset, first, count, values, nullptr);
}

void Disk::write(const std::string &dataset, std::uint64_t first, std::uint64_t count, const double *values) {
  rows(dataset, first, count, nullptr, values);
}

void Disk::group(const std::string &name) {
  const Handle creation(H5Pcreate(H5P_GROUP_CREATE), H5Pclose);
  H5Pset_obj_track_times(creation, 0);  // the same content makes the same bytes
  const Handle g(good(H5Gcreate2(file_, name.c_str(), H5P_DEFAULT, creation, H5P_DEFAULT), name, "cannot be written"),
                 H5Gclose);
}

void Disk::put(const std::string &object, const std::string &name, hid_t type, hid_t space, const void *values) {
  const Handle parent(good(H5Oopen(file_, object.c_str(), H5P_DEFAULT), object, "missing"), H5Oclose);
  const Handle id(good(H5Acreate2(parent, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT), object + ": " + name,
                       "cannot be written"),
                  H5Aclose);
  if (values != nullptr && H5Awrite(id, type, values) < 0) fail(object + ": " + name, "cannot be written");
}

void Disk::text(const std::string &object, const std::string &name, const std::string &value) {
  const char *raw = value.c_str();
  put(object, name, textType(), Handle(H5Screate(H5S_SCALAR), H5Sclose), &raw);
}

void Disk::integer(const std::string &object, const std::string &name, std::int64_t value) {
  put(object, name, H5T_NATIVE_INT64, Handle(H5Screate(H5S_SCALAR), H5Sclose), &value);
}

void Disk::number(const std::string &object, const std::string &name, double value) {
  put(object, name, H5T_NATIVE_DOUBLE, Handle(H5Screate(H5S_SCALAR), H5Sclose), &value);
}

void Disk::numbers(const std::string &object, const std::string &name, const std::vector<double> &values) {
  put(object, name, H5T_NATIVE_DOUBLE, list(values.size()), values.empty() ? nullptr : values.data());
}

void Disk::texts(const std::string &object, const std::string &name, const std::vector<std::string> &values) {
  std::vector<const char *> raw;
  for (const auto &value : values) raw.push_back(value.c_str());
  put(object, name, textType(), list(raw.size()), raw.empty() ? nullptr : static_cast<const void *>(raw.data()));
}

void Disk::dataset(const std::string &name, const std::vector<std::uint64_t> &extent) {
  const std::vector<hsize_t> n(extent.begin(), extent.end());
  const Handle space(H5Screate_simple(static_cast<int>(n.size()), n.data(), nullptr), H5Sclose);
  const Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  H5Pset_obj_track_times(creation, 0);
  const Handle id(good(H5Dcreate2(file_, name.c_str(), H5T_IEEE_F64LE, space, H5P_DEFAULT, creation, H5P_DEFAULT), name,
                       "cannot be written"),
                  H5Dclose);
}

}  // namespace petrl::h5
