#include "base/hdf5.hpp"

#include <algorithm>
#include <atomic>
#include <cinttypes>
#include <cstdio>

#include "base/files.hpp"

namespace petrl::h5 {

Handle textType() {
  Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type, H5T_VARIABLE);
  H5Tset_cset(type, H5T_CSET_UTF8);
  return type;
}

namespace {

// Without time stamps: the same content makes the same bytes.
Handle timeless() {
  Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  H5Pset_obj_track_times(creation, 0);
  return creation;
}

// First line of a sealed file: FNV-1a over all that follows the seal.
std::string sealOf(const std::string &bytes) {
  std::uint64_t hash = 14695981039346656037ull;
  for (std::size_t i = kSeal; i < bytes.size(); ++i)
    hash = (hash ^ static_cast<unsigned char>(bytes[i])) * 1099511628211ull;
  char line[64];
  std::snprintf(line, sizeof line, "petrl-sealed %016" PRIx64 "\n", hash);
  std::string seal = line;
  seal.resize(kSeal, '\n');
  return seal;
}

// HDF5 in memory: nothing that it does touches a disk, which may be full.
Handle inMemory() {
  Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_fapl_core(access, std::size_t{1} << 20, 0);
  return access;
}

// HDF5 takes files of one name for one, and wants none of it on a disk.
std::string nameInMemory(const std::string &path) {
  static std::atomic<int> count{0};
  return path + "#" + std::to_string(++count);
}

}  // namespace

Reader::Reader(const std::string &path, std::size_t most) : Reader(path, readRegular(path, most), most) {}

Reader::Reader(const std::string &path, std::string bytes, std::size_t most) {
  if (bytes.compare(0, 8, "petrl-se") == 0 && (bytes.size() <= kSeal || bytes.compare(0, kSeal, sealOf(bytes)) != 0))
    throw Error(path + ": is damaged: checksum of the contents and that in the first line disagree",
                PETSC_ERR_FILE_UNEXPECTED);
  image_ = std::make_unique<Image>(path, std::move(bytes), most);
}

void Reader::fail(const std::string &object, const std::string &message) const {
  image_->fail(object, message);
}

bool Reader::has(const std::string &object) const {
  return image_->find(object) != nullptr;
}

bool Reader::isGroup(const std::string &object) const {
  return open(object).group;
}

const Object &Reader::open(const std::string &object) const {
  const Object *found = image_->find(object);
  if (found == nullptr) fail(object, "missing");
  return *found;
}

const Values &Reader::attribute(const std::string &object, const std::string &name) const {
  const Object &parent = open(object);
  const auto found = parent.attributes.find(name);
  if (!parent.no_attributes.empty()) fail(object, parent.no_attributes);
  if (found == parent.attributes.end()) fail(object, "attribute '" + name + "' is missing");
  if (found->second.why.empty() && found->second.count != 1)
    fail(object, "attribute '" + name + "': expected one value");
  return found->second;
}

std::string Reader::text(const std::string &object, const std::string &name) const {
  return image_->texts(attribute(object, name), object + ": attribute '" + name + "'")[0];
}

std::int64_t Reader::integer(const std::string &object, const std::string &name) const {
  return image_->integers(attribute(object, name), object + ": attribute '" + name + "'")[0];
}

double Reader::number(const std::string &object, const std::string &name) const {
  return image_->numbers(attribute(object, name), object + ": attribute '" + name + "'")[0];
}

std::pair<std::vector<std::size_t>, std::vector<float>> Reader::floats(const std::string &dataset) const {
  const Object &object = open(dataset);
  if (!object.dataset) fail(dataset, "expected a dataset");
  return {{object.values.extent.begin(), object.values.extent.end()}, image_->floats(object.values, dataset)};
}

const Values &Reader::list(const std::string &dataset, const char *expected) const {
  const Object &object = open(dataset);
  if (!object.dataset) fail(dataset, "expected a dataset");
  if (object.values.why.empty() && object.values.extent.size() != 1)
    fail(dataset, std::string("expected a list of ") + expected);
  return object.values;
}

std::vector<double> Reader::numbers(const std::string &dataset) const {
  return image_->numbers(list(dataset, "numbers"), dataset);
}

std::vector<std::string> Reader::texts(const std::string &dataset) const {
  return image_->texts(list(dataset, "names"), dataset);
}

std::vector<std::string> Reader::attributes(const std::string &object) const {
  const Object &found = open(object);
  if (!found.no_attributes.empty()) fail(object, found.no_attributes);
  std::vector<std::string> out;
  for (const auto &item : found.attributes) out.push_back(item.first);
  return out;
}

std::vector<std::string> Reader::links(const std::string &group) const {
  const Object &found = open(group);
  if (!found.group) fail(group, "expected a group");
  if (!found.no_links.empty()) fail(group, found.no_links);
  std::vector<std::string> out;
  for (const auto &item : found.links) out.push_back(item.first);
  return out;
}

Writer::Writer(const std::string &path, bool sealed)
    : path_(path),
      sealed_(sealed),
      file_(H5Fcreate(nameInMemory(path).c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, inMemory()), H5Fclose) {
  if (file_ < 0) throw Error(path + ": cannot create this file", PETSC_ERR_FILE_OPEN);
}

void Writer::write() {
  std::string bytes;
  if (H5Fflush(file_, H5F_SCOPE_GLOBAL) >= 0) {
    const ssize_t size = H5Fget_file_image(file_, nullptr, 0);
    bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    if (size < 0 || H5Fget_file_image(file_, bytes.data(), bytes.size()) != size) bytes.clear();
  }
  if (bytes.empty()) throw Error(path_ + ": cannot write this file", PETSC_ERR_FILE_WRITE);
  if (sealed_) {
    bytes.insert(0, kSeal, '\n');
    bytes.replace(0, kSeal, sealOf(bytes));
  }
  writeWhole(path_, bytes);
}

hid_t Writer::made(hid_t id, const std::string &what) const {
  if (id < 0) throw Error(path_ + ": cannot write " + what, PETSC_ERR_FILE_WRITE);
  return id;
}

void Writer::group(const std::string &name) {
  const Handle g(made(H5Gcreate2(file_, name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), name), H5Gclose);
}

void Writer::text(const std::string &object, const std::string &name, const std::string &value) {
  const Handle parent(made(H5Oopen(file_, object.c_str(), H5P_DEFAULT), object), H5Oclose);
  const Handle type = textType();
  const Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  const Handle id(made(H5Acreate2(parent, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT), name), H5Aclose);
  const char *data = value.c_str();
  made(H5Awrite(id, type, &data), name);
}

void Writer::integer(const std::string &object, const std::string &name, std::int64_t value) {
  const Handle parent(made(H5Oopen(file_, object.c_str(), H5P_DEFAULT), object), H5Oclose);
  const Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  const Handle id(made(H5Acreate2(parent, name.c_str(), H5T_STD_I64LE, space, H5P_DEFAULT, H5P_DEFAULT), name),
                  H5Aclose);
  made(H5Awrite(id, H5T_NATIVE_INT64, &value), name);
}

void Writer::number(const std::string &object, const std::string &name, double value) {
  const Handle parent(made(H5Oopen(file_, object.c_str(), H5P_DEFAULT), object), H5Oclose);
  const Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  const Handle id(made(H5Acreate2(parent, name.c_str(), H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT), name),
                  H5Aclose);
  made(H5Awrite(id, H5T_NATIVE_DOUBLE, &value), name);
}

void Writer::numbers(const std::string &dataset, const std::vector<double> &values) {
  const hsize_t n = values.size();
  const Handle space(H5Screate_simple(1, &n, nullptr), H5Sclose);
  const Handle id(
      made(H5Dcreate2(file_, dataset.c_str(), H5T_IEEE_F64LE, space, H5P_DEFAULT, timeless(), H5P_DEFAULT), dataset),
      H5Dclose);
  made(H5Dwrite(id, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), dataset);
}

void Writer::texts(const std::string &dataset, const std::vector<std::string> &values) {
  const hsize_t n = values.size();
  const Handle type = textType();
  const Handle space(H5Screate_simple(1, &n, nullptr), H5Sclose);
  const Handle id(made(H5Dcreate2(file_, dataset.c_str(), type, space, H5P_DEFAULT, timeless(), H5P_DEFAULT), dataset),
                  H5Dclose);
  std::vector<const char *> raw;
  for (const auto &value : values) raw.push_back(value.c_str());
  if (n > 0) made(H5Dwrite(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, raw.data()), dataset);
}

void Writer::floats(const std::string &dataset, const std::vector<std::size_t> &shape,
                    const std::vector<float> &values) {
  const std::vector<hsize_t> extent(shape.begin(), shape.end());
  const Handle space(H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr), H5Sclose);
  const Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(links, 1);
  const Handle id(
      made(H5Dcreate2(file_, dataset.c_str(), H5T_IEEE_F32LE, space, links, timeless(), H5P_DEFAULT), dataset),
      H5Dclose);
  made(H5Dwrite(id, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), dataset);
}

}  // namespace petrl::h5
