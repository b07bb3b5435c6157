#include "base/hdf5_image.hpp"

#include <algorithm>
#include <cstring>

namespace petrl::h5 {

namespace {

constexpr std::size_t kLongestName = 1024;
const std::string kRepack = "h5repack -l CONTI -f NONE writes such a file anew";

}  // namespace

void Image::fail(const std::string &where, const std::string &message) const {
  throw Error(path_ + ": " + where + ": " + message, PETSC_ERR_FILE_UNEXPECTED);
}

void Image::damaged(const char *what) const {
  throw Error(path_ + ": is damaged, or cut off: " + what, PETSC_ERR_FILE_UNEXPECTED);
}

// Structures may overlap and refer to each other in circles: what is looked at costs, again and again.
void Image::spend(std::uint64_t work) {
  if (work > work_) damaged("its parts refer to each other without end");
  work_ -= work;
}

void Image::take(std::uint64_t bytes) {
  if (bytes > most_) throw Error(path_ + ": holds more than any policy", PETSC_ERR_FILE_UNEXPECTED);
  most_ -= bytes;
}

const unsigned char *Image::at(std::uint64_t address, std::uint64_t size) {
  const std::uint64_t end = bytes_.size() - base_;
  if (address > end || size > end - address) damaged("something lies beyond its end");
  spend(size + 8);
  return reinterpret_cast<const unsigned char *>(bytes_.data()) + base_ + address;
}

Image::Image(const std::string &path, std::string bytes, std::size_t most)
    : path_(path), bytes_(std::move(bytes)), work_(16 * std::uint64_t{bytes_.size()} + (1 << 20)), most_(most) {
  const std::string signature = "\x89HDF\r\n\x1a\n";
  while (base_ < bytes_.size() && bytes_.compare(base_, 8, signature) != 0) base_ = base_ == 0 ? 512 : 2 * base_;
  if (base_ >= bytes_.size()) throw Error(path_ + ": this is no HDF5 file", PETSC_ERR_FILE_UNEXPECTED);
  readSuperblock();
}

void Image::readSuperblock() {
  Cursor in(*this, at(0, std::min<std::uint64_t>(bytes_.size() - base_, 128)),
            std::min<std::uint64_t>(bytes_.size() - base_, 128));
  in.bytes(8);
  const unsigned version = in.u1();
  if (version > 3) fail("/", "superblock: found version " + std::to_string(version) + ", expected 0 to 3");
  if (version < 2) in.bytes(4);
  if (in.u1() != 8 || in.u1() != 8) fail("/", "superblock: expected addresses of 8 bytes");
  const unsigned flags = in.u1();
  if (version < 2) in.bytes(version == 0 ? 8 : 12);
  // Open for writing, which the library notes in its newest form.
  if (version == 3 && flags % 2 != 0) fail("/", "another program has it open for writing, or has not closed it");
  const std::uint64_t origin = in.u(8);
  in.bytes(8);
  const std::uint64_t end = in.u(8);
  if (end < origin || end - origin > bytes_.size() - base_) damaged("it is shorter than it was");
  if (version < 2) in.bytes(16);
  root_ = in.u(8);
}

const Object *Image::find(const std::string &path) {
  const Object *found = &object(root_);
  spend(path.size() + 64);
  for (std::size_t begin = 1; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const auto link = found->links.find(path.substr(begin, end - begin));
    if (!found->no_links.empty()) fail(path.substr(0, begin), found->no_links);
    if (link == found->links.end()) return nullptr;
    if (link->second.why != nullptr) fail(path.substr(0, end), link->second.why);
    found = &object(link->second.address);
    begin = end + 1;
  }
  return found;
}

const Object &Image::object(std::uint64_t address) {
  const auto known = objects_.find(address);
  if (known != objects_.end()) return known->second;
  take(sizeof(Object));
  Object made;
  std::vector<Block> more;
  if (std::memcmp(at(address, 4), "OHDR", 4) == 0) {
    Cursor head(*this, at(address, 6), 6);
    head.bytes(4);
    if (head.u1() != 2) damaged("an object of an unknown version");
    const unsigned flags = head.u1();
    const std::uint64_t times = (flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0),
                        width = std::uint64_t{1} << (flags & 3);
    const std::uint64_t first = littleEndian(at(address + 6 + times, width), width);
    const std::uint64_t start = address + 6 + times + width;
    readMessages({*this, at(start, first), first}, true, flags & 4, made, more);
    while (!more.empty()) {
      const Block block = more.back();
      more.pop_back();
      Cursor in(*this, at(block.address, block.size), block.size);
      if (block.size < 8 || std::memcmp(in.bytes(4), "OCHK", 4) != 0) damaged("an object's second part");
      readMessages(in.part(block.size - 8), true, flags & 4, made, more);
    }
  } else {
    Cursor head(*this, at(address, 16), 16);
    if (head.u1() != 1) damaged("an object of an unknown version");
    head.bytes(7);
    more.push_back({address + 16, head.u(4)});
    while (!more.empty()) {
      const Block block = more.back();
      more.pop_back();
      readMessages({*this, at(block.address, block.size), block.size}, false, false, made, more);
    }
  }
  return objects_.emplace(address, std::move(made)).first->second;
}

// compact: as in the newer form of objects, where they may also say in which `order` they came.
void Image::readMessages(Cursor in, bool compact, bool ordered, Object &object, std::vector<Block> &more) {
  const std::uint64_t head = compact ? (ordered ? 6 : 4) : 8;
  while (in.left() >= head) {
    const unsigned type = compact ? in.u1() : in.u2();
    const unsigned size = in.u2(), flags = in.u1();
    in.bytes(head - (compact ? 4 : 5));
    spend(8);
    readMessage(type, flags & 2, in.part(size), object, more);
  }
}

void Image::readMessage(unsigned type, bool shared, Cursor in, Object &object, std::vector<Block> &more) {
  const bool wanted = type == 0x1 || type == 0x3 || type == 0x8 || type == 0xc;
  if (shared && wanted) {
    (type == 0xc ? object.no_attributes : object.values.why) =
        "is described elsewhere in the file (a committed type), which is not read";
    object.dataset = object.dataset || type == 0x8;
    return;
  }
  switch (type) {
    case 0x1:
      readExtent(in, object.values);
      break;
    case 0x2: {  // links, in the newer form
      object.group = true;
      in.bytes(1);
      if (in.u1() & 1) in.bytes(8);
      if (in.u(8) != kUndefined) object.no_links = "has more links than are read in HDF5's newer form: " + kRepack;
      break;
    }
    case 0x3:
      object.values.type = readType(in);
      break;
    case 0x6:
      readLink(in, object);
      break;
    case 0x7:
      object.values.why = "keeps its values in another file, which is not read";
      break;
    case 0x8:
      readLayout(in, object);
      break;
    case 0xa:
      object.group = true;
      break;
    case 0xb: {
      const unsigned version = in.u1(), filters = in.u1();
      if (filters == 0) break;
      if (version == 1) in.bytes(6);
      const unsigned id = in.u2();
      static const char *const names[] = {"none", "gzip", "shuffle", "fletcher32", "szip", "nbit", "scaleoffset"};
      object.values.why = "is stored with the filter " +
                          (id < 7        ? names[id]
                           : id == 32000 ? std::string("lzf")
                                         : std::to_string(id)) +
                          ", which is not read: " + kRepack;
      break;
    }
    case 0xc:
      readAttribute(in, object);
      break;
    case 0x10: {
      const std::uint64_t address = in.u(8);
      more.push_back({address, in.u(8)});
      break;
    }
    case 0x11: {  // links, in the older form
      object.group = true;
      const std::uint64_t tree = in.u(8), heap = in.u(8);
      Cursor head(*this, at(heap, 32), 32);
      if (std::memcmp(head.bytes(4), "HEAP", 4) != 0) damaged("the names of a group");
      head.bytes(4);
      Block names{};
      names.size = head.u(8);
      head.bytes(8);
      names.address = head.u(8);
      readTree(tree, names, -1, object);
      break;
    }
    case 0x15: {
      in.bytes(1);
      if (in.u1() & 1) in.bytes(2);
      if (in.u(8) != kUndefined)
        object.no_attributes = "has more attributes than are read in HDF5's newer form: " + kRepack;
      break;
    }
    default:  // times, fill values, comments
      break;
  }
}

// Names of a group in the older form. level: of the node above.
void Image::readTree(std::uint64_t address, const Block &names, int level, Object &object) {
  Cursor head(*this, at(address, 24), 24);
  if (std::memcmp(head.bytes(4), "TREE", 4) != 0 || head.u1() != 0) damaged("the tree of a group");
  const int depth = static_cast<int>(head.u1());
  const unsigned n = head.u2();
  if (level >= 0 ? depth != level - 1 : depth > 8) damaged("the tree of a group");
  Cursor children(*this, at(address + 24, 16 * std::uint64_t{n}), 16 * std::uint64_t{n});
  for (unsigned i = 0; i < n; ++i) {
    children.bytes(8);
    const std::uint64_t child = children.u(8);
    if (depth > 0) {
      readTree(child, names, depth, object);
      continue;
    }
    Cursor node(*this, at(child, 8), 8);
    if (std::memcmp(node.bytes(4), "SNOD", 4) != 0) damaged("the entries of a group");
    node.bytes(2);
    const std::uint64_t size = 40 * std::uint64_t{node.u2()};
    for (Cursor entries(*this, at(child + 8, size), size); entries.left() > 0; entries.bytes(16)) {
      const std::uint64_t offset = entries.u(8);
      Link link{entries.u(8), nullptr};
      if (entries.u(4) == 2) link.why = "is a soft link, and those are not followed";
      entries.bytes(4);
      if (offset >= names.size) damaged("the name of an object");
      const std::size_t room = std::min<std::uint64_t>(names.size - offset, kLongestName + 1);
      const auto *name = reinterpret_cast<const char *>(at(names.address + offset, room));
      const char *end = std::find(name, name + room, '\0');
      if (end == name + room) damaged("the name of an object");
      addLink(object, {name, end}, link);
    }
  }
}

void Image::addLink(Object &object, const std::string &name, const Link &link) {
  take(name.size() + 128);
  if (name.empty() || !object.links.emplace(name, link).second) damaged("two objects of one name");
}

void Image::readLink(Cursor in, Object &object) {
  object.group = true;
  if (in.u1() != 1) damaged("a link of an unknown version");
  const unsigned flags = in.u1(), kind = flags & 8 ? in.u1() : 0;
  if (flags & 4) in.bytes(8);
  if (flags & 16) in.bytes(1);
  const std::uint64_t length = in.u(std::size_t{1} << (flags & 3));
  if (length > kLongestName) damaged("the name of an object");
  const std::string name(reinterpret_cast<const char *>(in.bytes(length)), length);
  if (kind == 0)
    addLink(object, name, {in.u(8), nullptr});
  else
    addLink(object, name,
            {0, kind == 1 ? "is a soft link, and those are not followed"
                          : "is a link to another file, and those are not followed"});
}

void Image::readAttribute(Cursor in, Object &object) {
  const unsigned version = in.u1();
  if (version < 1 || version > 3) damaged("an attribute of an unknown version");
  const unsigned flags = in.u1();
  const std::uint64_t name_size = in.u2(), type_size = in.u2(), extent_size = in.u2();
  if (version == 3) in.bytes(1);
  const auto padded = [&](std::uint64_t n) { return version == 1 ? (n + 7) / 8 * 8 : n; };
  Cursor name_part = in.part(padded(name_size)), type = in.part(padded(type_size)),
         extent = in.part(padded(extent_size));
  if (name_size < 2 || name_size > kLongestName) damaged("the name of an attribute");
  const auto *text = reinterpret_cast<const char *>(name_part.bytes(name_size));
  const std::string name(text, std::find(text, text + name_size, '\0'));
  Values values;
  if (version > 1 && (flags & 3) != 0) {
    values.why = "is described elsewhere in the file (a committed type), which is not read";
  } else {
    values.type = readType(type);
    readExtent(extent, values);
    values.size = in.left();
    values.data = in.bytes(values.size);
  }
  take(sizeof(Values) + name.size() + 128);
  if (!object.attributes.emplace(name, std::move(values)).second) damaged("two attributes of one name");
}

void Image::readExtent(Cursor in, Values &values) {
  const unsigned version = in.u1(), rank = in.u1();
  in.bytes(1);
  if (version != 1 && version != 2) damaged("an extent of an unknown version");
  const unsigned kind = in.u1();
  if (version == 1) in.bytes(4);
  if (rank > 8) {
    values.why = "has more than 8 dimensions";
    return;
  }
  values.extent.clear();
  values.count = version == 2 && kind == 2 ? 0 : 1;
  for (unsigned i = 0; i < rank; ++i) {
    const std::uint64_t n = in.u(8);
    if (n != 0 && values.count > (std::uint64_t{1} << 48) / n) {
      values.why = "is larger than any file";
      return;
    }
    values.extent.push_back(n);
    values.count *= n;
  }
}

Type Image::readType(Cursor &in) {
  Type type;
  const unsigned kind = in.u1() % 16;
  const auto flags = static_cast<unsigned>(in.u(3));
  type.size = in.u(4);
  type.big_endian = flags & 1;
  switch (kind) {
    case 0: {
      type.is_signed = flags & 8;
      const unsigned offset = in.u2(), precision = in.u2();
      if (type.size >= 1 && type.size <= 8 && offset == 0 && precision == 8 * type.size) type.kind = Type::integer;
      break;
    }
    case 1: {
      in.bytes(4);
      type.sign = {flags >> 8 & 255, 1};
      type.exponent = {in.u1(), 0}, type.exponent.count = in.u1();
      type.mantissa = {in.u1(), 0}, type.mantissa.count = in.u1();
      type.bias = static_cast<std::int64_t>(in.u(4));
      const unsigned norm = flags >> 4 & 3;
      type.implied = norm == 2;
      bool good = type.size >= 1 && type.size <= 16 && (flags & 64) == 0 && norm != 3 && type.exponent.count >= 1 &&
                  type.exponent.count <= 15 && type.mantissa.count >= 1 && type.mantissa.count <= 64;
      for (const Type::Bits &bits : {type.sign, type.exponent, type.mantissa})
        good = good && bits.at + bits.count <= 8 * type.size;
      if (good) type.kind = Type::real;
      break;
    }
    case 3:
      type.kind = Type::text;
      type.blanks = flags % 16 == 2;
      break;
    case 9:
      type.variable = true;
      if (flags % 16 == 1 && type.size == 16) type.kind = Type::text;
      break;
    default:
      break;
  }
  return type;
}

void Image::readLayout(Cursor in, Object &object) {
  object.dataset = true;
  Values &values = object.values;
  const unsigned version = in.u1(), kind = version == 3 || version == 4 ? in.u1() : 4;
  if (!values.why.empty()) return;
  if (kind == 0) {
    values.size = in.u2();
    values.data = in.bytes(values.size);
  } else if (kind == 1) {
    const std::uint64_t address = in.u(8);
    values.size = in.u(8);
    values.data = address == kUndefined ? nullptr : at(address, values.size);
  } else {
    values.why = kind == 2   ? "is stored in chunks, which are not read: " + kRepack
                 : kind == 3 ? "is put together from other files or datasets, which is not read"
                             : "is stored in an unknown way";
  }
}

}  // namespace petrl::h5
