#include "base/hdf5.hpp"

#include <algorithm>
#include <atomic>
#include <cinttypes>
#include <cstdio>
#include <cstring>

#include "base/files.hpp"

namespace petrl::h5 {

namespace {

// HDF5's MPI build opens files independently unless told otherwise; earliest..latest format keeps h5py happy.
Handle textType() {
  Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type, H5T_VARIABLE);
  H5Tset_cset(type, H5T_CSET_UTF8);
  return type;
}

// Without time stamps: the same content makes the same bytes.
Handle timeless() {
  Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  H5Pset_obj_track_times(creation, 0);
  return creation;
}

// Reads one string from an attribute or dataset element of fixed or variable length.
template <typename Read>
std::vector<std::string> readTexts(hid_t type, std::size_t n, Read read) {
  std::vector<std::string> out(n);
  if (n == 0) return out;
  if (H5Tis_variable_str(type) > 0) {
    std::vector<char *> raw(n, nullptr);
    const Handle memory = textType();
    H5Tset_cset(memory, H5Tget_cset(type));
    if (read(memory, raw.data()) < 0) return {};
    for (std::size_t i = 0; i < n; ++i) {
      if (raw[i] != nullptr) out[i] = raw[i], H5free_memory(raw[i]);
    }
  } else {
    const std::size_t width = H5Tget_size(type);
    std::vector<char> raw(n * width, '\0');
    if (read(type, raw.data()) < 0) return {};
    for (std::size_t i = 0; i < n; ++i) {
      const char *begin = &raw[i * width];
      out[i].assign(begin, std::find(begin, begin + width, '\0'));
    }
  }
  return out;
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

// A file that is what it was when written.
hid_t openChecked(const std::string &path) {
  const std::string bytes = fileExists(path) ? readWhole(path) : std::string();
  // Without a seal: whatever HDF5 makes of it.
  if (bytes.size() >= 8 && bytes.compare(0, 8, "\x89HDF\r\n\x1a\n") != 0) {
    if (bytes.compare(0, 8, "petrl-se") != 0)
      throw Error(path + ": cannot be opened: this is no HDF5 file", PETSC_ERR_FILE_UNEXPECTED);
    if (bytes.size() <= kSeal || bytes.compare(0, kSeal, sealOf(bytes)) != 0)
      throw Error(path + ": is damaged: checksum of the contents and that in the first line disagree",
                  PETSC_ERR_FILE_UNEXPECTED);
  }
  if (bytes.empty()) return H5I_INVALID_HID;
  const Handle access = inMemory();
  H5Pset_file_image(access, const_cast<char *>(bytes.data()), bytes.size());
  return H5Fopen(nameInMemory(path).c_str(), H5F_ACC_RDONLY, access);
}

}  // namespace

Reader::Reader(const std::string &path) : path_(path), file_(openChecked(path), H5Fclose) {
  if (file_ < 0) {
    throw Error(path + ": cannot be opened as an HDF5 file (missing, truncated, or of another format)",
                PETSC_ERR_FILE_OPEN);
  }
}

void Reader::fail(const std::string &object, const std::string &message) const {
  throw Error(path_ + ": " + object + ": " + message, PETSC_ERR_FILE_UNEXPECTED);
}

bool Reader::has(const std::string &object) const {
  // H5Lexists wants every parent to exist.
  for (std::size_t slash = object.find('/', 1); slash != std::string::npos; slash = object.find('/', slash + 1)) {
    if (H5Lexists(file_, object.substr(0, slash).c_str(), H5P_DEFAULT) <= 0) return false;
  }
  return H5Lexists(file_, object.c_str(), H5P_DEFAULT) > 0;
}

bool Reader::isGroup(const std::string &object) const {
  const Handle id = open(object, H5I_UNINIT);
  return H5Iget_type(id) == H5I_GROUP;
}

Handle Reader::open(const std::string &object, H5I_type_t type) const {
  Handle id(H5Oopen(file_, object.c_str(), H5P_DEFAULT), H5Oclose);
  if (id < 0) fail(object, "missing");
  if (type != H5I_UNINIT && H5Iget_type(id) != type)
    fail(object, std::string("expected a ") + (type == H5I_GROUP ? "group" : "dataset"));
  return id;
}

Handle Reader::attribute(const std::string &object, const std::string &name) const {
  const Handle parent = open(object, H5I_UNINIT);
  Handle id(H5Aopen(parent, name.c_str(), H5P_DEFAULT), H5Aclose);
  if (id < 0) fail(object, "attribute '" + name + "' is missing");
  const Handle space(H5Aget_space(id), H5Sclose);
  if (H5Sget_simple_extent_npoints(space) != 1) fail(object, "attribute '" + name + "': expected one value");
  return id;
}

std::string Reader::text(const std::string &object, const std::string &name) const {
  const Handle id = attribute(object, name);
  const Handle type(H5Aget_type(id), H5Tclose);
  if (H5Tget_class(type) != H5T_STRING) fail(object, "attribute '" + name + "': expected text");
  const auto out = readTexts(type, 1, [&](hid_t memory, void *data) { return H5Aread(id, memory, data); });
  if (out.empty()) fail(object, "attribute '" + name + "' cannot be read");
  return out[0];
}

std::int64_t Reader::integer(const std::string &object, const std::string &name) const {
  const Handle id = attribute(object, name);
  const Handle type(H5Aget_type(id), H5Tclose);
  std::int64_t value = 0;
  if (H5Tget_class(type) != H5T_INTEGER || H5Aread(id, H5T_NATIVE_INT64, &value) < 0)
    fail(object, "attribute '" + name + "': expected an integer");
  return value;
}

double Reader::number(const std::string &object, const std::string &name) const {
  const Handle id = attribute(object, name);
  const Handle type(H5Aget_type(id), H5Tclose);
  const H5T_class_t kind = H5Tget_class(type);
  double value = 0;
  if ((kind != H5T_FLOAT && kind != H5T_INTEGER) || H5Aread(id, H5T_NATIVE_DOUBLE, &value) < 0) {
    fail(object, "attribute '" + name + "': expected a number");
  }
  return value;
}

std::pair<std::vector<std::size_t>, std::vector<float>> Reader::floats(const std::string &dataset,
                                                                       std::size_t max_elements) const {
  const Handle id = open(dataset, H5I_DATASET);
  const Handle space(H5Dget_space(id), H5Sclose);
  const Handle type(H5Dget_type(id), H5Tclose);
  const H5T_class_t kind = H5Tget_class(type);
  if (kind != H5T_FLOAT && kind != H5T_INTEGER) fail(dataset, "expected numbers");
  const int rank = H5Sget_simple_extent_ndims(space);
  if (rank < 0 || rank > 8) fail(dataset, "expected an array of at most 8 dimensions");
  std::vector<hsize_t> extent(static_cast<std::size_t>(rank));
  if (rank > 0) H5Sget_simple_extent_dims(space, extent.data(), nullptr);
  std::size_t n = 1;
  for (const hsize_t e : extent) {
    if (e > max_elements || n * e > max_elements)
      fail(dataset, "is larger than any policy (" + std::to_string(max_elements) + " values at most)");
    n *= e;
  }
  std::vector<float> values(n);
  if (n > 0 && H5Dread(id, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)
    fail(dataset, "cannot be read (file damaged?)");
  return {{extent.begin(), extent.end()}, std::move(values)};
}

std::vector<double> Reader::numbers(const std::string &dataset) const {
  const Handle id = open(dataset, H5I_DATASET);
  const Handle space(H5Dget_space(id), H5Sclose);
  const Handle type(H5Dget_type(id), H5Tclose);
  const H5T_class_t kind = H5Tget_class(type);
  if (kind != H5T_FLOAT && kind != H5T_INTEGER) fail(dataset, "expected numbers");
  const hssize_t n = H5Sget_simple_extent_npoints(space);
  if (H5Sget_simple_extent_ndims(space) != 1 || n > 65536) fail(dataset, "expected a list of at most 65536 numbers");
  std::vector<double> values(static_cast<std::size_t>(n));
  if (n > 0 && H5Dread(id, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)
    fail(dataset, "cannot be read (file damaged?)");
  return values;
}

std::vector<std::string> Reader::texts(const std::string &dataset) const {
  const Handle id = open(dataset, H5I_DATASET);
  const Handle space(H5Dget_space(id), H5Sclose);
  const Handle type(H5Dget_type(id), H5Tclose);
  const hssize_t n = H5Sget_simple_extent_npoints(space);
  if (H5Tget_class(type) != H5T_STRING) fail(dataset, "expected names");
  if (H5Sget_simple_extent_ndims(space) != 1 || n > 65536) fail(dataset, "expected a list of at most 65536 names");
  auto out = readTexts(type, static_cast<std::size_t>(n), [&](hid_t memory, void *data) {
    return H5Dread(id, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
  });
  if (out.size() != static_cast<std::size_t>(n)) fail(dataset, "cannot be read (file damaged?)");
  return out;
}

std::vector<std::string> Reader::attributes(const std::string &object) const {
  const Handle id = open(object, H5I_UNINIT);
  std::vector<std::string> out;
  H5Aiterate2(
      id, H5_INDEX_NAME, H5_ITER_INC, nullptr,
      [](hid_t, const char *name, const H5A_info_t *, void *list) -> herr_t {
        static_cast<std::vector<std::string> *>(list)->emplace_back(name);
        return 0;
      },
      &out);
  return out;
}

std::vector<std::string> Reader::links(const std::string &group) const {
  const Handle id = open(group, H5I_GROUP);
  std::vector<std::string> out;
  H5Literate(
      id, H5_INDEX_NAME, H5_ITER_INC, nullptr,
      [](hid_t, const char *name, const H5L_info_t *, void *list) -> herr_t {
        static_cast<std::vector<std::string> *>(list)->emplace_back(name);
        return 0;
      },
      &out);
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
