// HDF5 as policy files use it, read from memory by code that trusts no byte of it.
//
// The HDF5 library is made for files of one's own: damaged metadata make it crash, loop, allocate without bound, follow
// links to other files and wait for devices, and nothing in its interface prevents that before it has read them. This
// reads what h5py and HDF5 write when they are asked for nothing special (and what h5repack makes of the rest): groups,
// plain numbers and texts, attributes. Values lie in the file as they are: nothing can be larger than the file. What is
// known but not read (chunks and their filters, links, external data, dense storage, other types) is called by its name.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace petrl::h5 {

constexpr std::uint64_t kUndefined = ~std::uint64_t{0};  ///< an address of nothing

inline std::uint64_t littleEndian(const unsigned char *p, std::size_t n) {
  std::uint64_t x = 0;
  for (std::size_t i = n; i-- > 0;) x = x << 8 | p[i];
  return x;
}

/// The type of one value.
struct Type {
  enum Kind { integer, real, text, other } kind = other;
  std::size_t size = 0;  ///< bytes
  bool big_endian = false, is_signed = false;
  bool blanks = false;    ///< text that blanks fill up
  bool variable = false;  ///< text of any length, kept elsewhere
  struct Bits {
    unsigned at, count;
  } sign{}, exponent{}, mantissa{};
  std::int64_t bias = 0;
  bool implied = true;  ///< the mantissa's first bit is
};

/// Values of an attribute or a dataset.
struct Values {
  Type type;
  std::vector<std::uint64_t> extent;
  std::uint64_t count = 0;
  const unsigned char *data = nullptr;
  std::uint64_t size = 0;  ///< bytes there
  std::string why;         ///< unless empty: what they are and why they are not read
};

struct Link {
  std::uint64_t address = 0;
  const char *why = nullptr;  ///< as above
};

struct Object {
  bool group = false, dataset = false;
  Values values;
  std::map<std::string, Values> attributes;
  std::map<std::string, Link> links;
  std::string no_attributes, no_links;  ///< as above: why there are none
};

/// A file in memory. Everything throws petrl::Error naming file and object.
class Image {
 public:
  /// most: bytes that all that is taken from the file may need.
  Image(const std::string &path, std::string bytes, std::size_t most);

  /// Null if there is no such object. Throws if a link leads out of the file, or anywhere but down.
  const Object *find(const std::string &path);
  std::vector<std::int64_t> integers(const Values &values, const std::string &where);
  std::vector<double> numbers(const Values &values, const std::string &where);
  std::vector<float> floats(const Values &values, const std::string &where);
  std::vector<std::string> texts(const Values &values, const std::string &where);
  [[noreturn]] void fail(const std::string &where, const std::string &message) const;

 private:
  class Cursor;
  friend class Cursor;
  struct Block {
    std::uint64_t address, size;
  };
  void readSuperblock();
  const Object &object(std::uint64_t address);
  void readMessages(Cursor in, bool compact, bool ordered, Object &object, std::vector<Block> &more);
  void readMessage(unsigned type, bool shared, Cursor in, Object &object, std::vector<Block> &more);
  void readAttribute(Cursor in, Object &object);
  void readLink(Cursor in, Object &object);
  void readLayout(Cursor in, Object &object);
  void readExtent(Cursor in, Values &values);
  void readTree(std::uint64_t address, const Block &names, int level, Object &object);
  Type readType(Cursor &in);
  void addLink(Object &object, const std::string &name, const Link &link);
  void usable(const Values &values, std::size_t each, const std::string &where);
  std::string textAt(const Type &type, const unsigned char *data, const std::string &where);
  const unsigned char *at(std::uint64_t address, std::uint64_t size);
  void spend(std::uint64_t work);
  void take(std::uint64_t bytes);
  [[noreturn]] void damaged(const char *what) const;

  std::string path_, bytes_;
  std::size_t base_ = 0;       // where the file begins behind a user block
  std::uint64_t work_, most_;  // bytes that may still be looked at, and taken
  std::uint64_t root_ = 0;
  std::map<std::uint64_t, Object> objects_;
};

// Reads forward within a part of the file, never beyond it.
class Image::Cursor {
 public:
  Cursor(const Image &image, const unsigned char *p, std::uint64_t left) : image_(&image), p_(p), left_(left) {}
  const unsigned char *bytes(std::uint64_t n) {
    if (n > left_) image_->damaged("something ends before it should");
    p_ += n, left_ -= n;
    return p_ - n;
  }
  std::uint64_t u(std::size_t n) { return littleEndian(bytes(n), n); }
  unsigned u1() { return static_cast<unsigned>(u(1)); }
  unsigned u2() { return static_cast<unsigned>(u(2)); }
  Cursor part(std::uint64_t n) { return {*image_, bytes(n), n}; }
  std::uint64_t left() const { return left_; }

 private:
  const Image *image_;
  const unsigned char *p_;
  std::uint64_t left_;
};

}  // namespace petrl::h5
