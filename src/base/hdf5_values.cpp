// Numbers and texts out of an Image.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/hdf5_image.hpp"

namespace petrl::h5 {

void Image::usable(const Values &values, std::size_t each, const std::string &where) {
  if (!values.why.empty()) fail(where, values.why);
  if (values.count == 0) return;
  if (values.data == nullptr) fail(where, "holds no values: none were written");
  if (values.type.size == 0 || values.count > values.size / values.type.size) damaged("values are missing");
  if (values.count > most_ / each) take(kUndefined);
  take(values.count * each);
  spend(values.size);
}

std::vector<std::int64_t> Image::integers(const Values &values, const std::string &where) {
  const Type &type = values.type;
  usable(values, sizeof(std::int64_t), where);
  if (type.kind != Type::integer) fail(where, "expected an integer");
  std::vector<std::int64_t> out(values.count);
  const unsigned char *p = values.data;
  for (auto &x : out) {
    unsigned char bytes[8];
    std::copy(p, p + type.size, bytes);
    if (type.big_endian) std::reverse(bytes, bytes + type.size);
    std::uint64_t bits = littleEndian(bytes, type.size);
    if (type.is_signed && type.size < 8 && bits >> (8 * type.size - 1) != 0) bits |= kUndefined << (8 * type.size);
    if (!type.is_signed && type.size == 8 && bits >> 63 != 0) fail(where, "is too large an integer");
    std::memcpy(&x, &bits, sizeof x);
    p += type.size;
  }
  return out;
}

namespace {

// Of a number of at most 16 bytes, the first of which has the lowest bits.
std::uint64_t bitsOf(const unsigned char *p, const Type::Bits &bits) {
  std::uint64_t x = 0;
  for (unsigned i = bits.count; i-- > 0;) x = x << 1 | (p[(bits.at + i) / 8] >> (bits.at + i) % 8 & 1);
  return x;
}

double realOf(const unsigned char *p, const Type &type) {
  unsigned char bytes[16];
  std::copy(p, p + type.size, bytes);
  if (type.big_endian) std::reverse(bytes, bytes + type.size);
  const double sign = bitsOf(bytes, type.sign) != 0 ? -1. : 1.;
  const auto exponent = static_cast<std::int64_t>(bitsOf(bytes, type.exponent));
  const std::uint64_t mantissa = bitsOf(bytes, type.mantissa);
  const auto digits = static_cast<std::int64_t>(type.mantissa.count) - (type.implied ? 0 : 1);
  if (exponent == (std::int64_t{1} << type.exponent.count) - 1) {
    const bool infinite = (type.implied ? mantissa : mantissa << 1) == 0;
    return infinite ? sign * std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  }
  double x = static_cast<double>(mantissa);
  if (type.implied && exponent > 0) x += std::ldexp(1., static_cast<int>(digits));
  const std::int64_t power = std::max<std::int64_t>(exponent, 1) - type.bias - digits;
  return sign * std::ldexp(x, static_cast<int>(std::clamp<std::int64_t>(power, -100000, 100000)));
}

template <typename T>
bool isPlain(const Type &type) {
  return std::numeric_limits<T>::is_iec559 && type.size == sizeof(T) && !type.big_endian && type.implied &&
         type.sign.at == 8 * sizeof(T) - 1 && type.mantissa.at == 0 &&
         type.mantissa.count == std::numeric_limits<T>::digits - 1 && type.exponent.at == type.mantissa.count &&
         type.exponent.count == 8 * sizeof(T) - 1 - type.mantissa.count &&
         type.bias == std::numeric_limits<T>::max_exponent - 1;
}

bool littleEndianMachine() {
  const std::uint16_t one = 1;
  unsigned char first;
  std::memcpy(&first, &one, 1);
  return first == 1;
}

template <typename T>
std::vector<T> realsOf(const Values &values) {
  std::vector<T> out(values.count);
  if (out.empty()) return out;
  if (isPlain<T>(values.type) && littleEndianMachine())
    std::memcpy(out.data(), values.data, out.size() * sizeof(T));
  else
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = static_cast<T>(realOf(values.data + i * values.type.size, values.type));
  return out;
}

}  // namespace

std::vector<double> Image::numbers(const Values &values, const std::string &where) {
  if (values.why.empty() && values.type.kind == Type::integer) {
    const std::vector<std::int64_t> whole = integers(values, where);
    return {whole.begin(), whole.end()};
  }
  usable(values, sizeof(double), where);
  if (values.type.kind != Type::real) fail(where, "expected numbers");
  return realsOf<double>(values);
}

std::vector<float> Image::floats(const Values &values, const std::string &where) {
  if (values.type.kind != Type::real || !isPlain<float>(values.type)) {
    const std::vector<double> wide = numbers(values, where);
    return {wide.begin(), wide.end()};
  }
  usable(values, sizeof(float), where);
  return realsOf<float>(values);
}

std::vector<std::string> Image::texts(const Values &values, const std::string &where) {
  usable(values, sizeof(std::string), where);
  if (values.type.kind != Type::text) fail(where, "expected text");
  std::vector<std::string> out;
  for (std::size_t i = 0; i < values.count; ++i)
    out.push_back(textAt(values.type, values.data + i * values.type.size, where));
  return out;
}

std::string Image::textAt(const Type &type, const unsigned char *data, const std::string &where) {
  std::uint64_t size = type.size;
  if (type.variable) {
    Cursor reference(*this, data, 16);
    size = reference.u(4);
    const std::uint64_t heap = reference.u(8), index = reference.u(4);
    data = nullptr;
    if (size == 0) return "";
    Cursor head(*this, at(heap, 16), 16);
    if (std::memcmp(head.bytes(4), "GCOL", 4) != 0) damaged("a text");
    head.bytes(4);
    const std::uint64_t end = head.u(8);
    for (std::uint64_t offset = 16; data == nullptr && offset + 16 <= end;) {
      Cursor item(*this, at(heap + offset, 16), 16);
      const unsigned found = item.u2();
      item.bytes(6);
      const std::uint64_t bytes = item.u(8);
      if (found == 0 || bytes >= end) break;
      if (found == index) {
        if (bytes < size) damaged("a text");
        data = at(heap + offset + 16, size);
      }
      offset += 16 + (bytes + 7) / 8 * 8;
    }
    if (data == nullptr) damaged("a text");
  }
  take(size);
  const auto *first = reinterpret_cast<const char *>(data);
  std::string text(first, std::find(first, first + size, '\0'));
  if (type.blanks) text.erase(text.find_last_not_of(' ') + 1);
  // It will be printed: no words for the terminal.
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) < 32 && c != '\n' && c != '\t' && c != '\r') || c == 127)
      fail(where, "holds a character that is no text (code " + std::to_string(static_cast<int>(c)) + ")");
  }
  return text;
}

}  // namespace petrl::h5
