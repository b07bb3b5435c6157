// Checkpoints: one description of an object's state, `void archive(Archive &)`, writes it and reads it.
#pragma once

#include <petscsys.h>

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/api.hpp"

namespace petrl {

/// Numbers, texts and arrays by name, and groups of them. When reading, a missing or unknown entry, one of another type
/// or of a wrong length is a petrl::Error that names file and entry, what was found and what was expected.
///
///   archive("steps", steps_);                   a number, a text, an array, a map; or an object with archive()
///   archive.sized("weights", weights_);         an array or list that must have as many elements as it has now
///   archive.expect("layers", layers);           a number that must be this one
///   archive.group("optimiser", [&] { ... });    entries under a common name
///   archive.list("slots", slots_, [](Archive &, Slot &) { ... });
///   archive.ranked([&] { ... });                what each rank has for itself: all ranks' parts are in the file
class Archive {
 public:
  /// To be written. On ranks other than the first only what is ranked() is kept.
  PETRL_API explicit Archive(MPI_Comm comm = MPI_COMM_SELF);
  /// To be read: `bytes` of a file, `source` its name. Nothing is read from damaged bytes.
  PETRL_API Archive(const std::string &bytes, const std::string &source, MPI_Comm comm = MPI_COMM_SELF);

  bool reading() const { return reading_; }
  /// Whose state this is; to be said first.
  PETRL_API void kind(const std::string &name);

  template <typename T>
  void operator()(const std::string &name, T &value) {
    if constexpr (std::is_same_v<T, bool>) {
      std::int64_t number = value ? 1 : 0;
      whole(name, number, 0, 1);
      value = number != 0;
    } else if constexpr (std::is_integral_v<T>) {
      auto number = static_cast<std::int64_t>(value);
      constexpr bool narrow = sizeof(T) < sizeof(number);
      whole(name, number, narrow ? static_cast<std::int64_t>(std::numeric_limits<T>::min()) : INT64_MIN,
            narrow ? static_cast<std::int64_t>(std::numeric_limits<T>::max()) : INT64_MAX);
      value = static_cast<T>(number);
    } else if constexpr (std::is_floating_point_v<T>) {
      array(name, code<T>(), &value, 1);
    } else if constexpr (std::is_same_v<T, std::string>) {
      const std::uint64_t n = reading_ ? find(name, 's').count : value.size();
      value.resize(n);
      array(name, 's', value.data(), n);
    } else if constexpr (IsMap<T>::value) {
      std::vector<std::pair<std::string, typename T::mapped_type>> pairs(value.begin(), value.end());
      (*this)(name, pairs);
      value = T(pairs.begin(), pairs.end());
    } else if constexpr (IsPair<T>::value) {
      group(name, [&] { (*this)("first", value.first), (*this)("second", value.second); });
    } else if constexpr (IsArray<T>::value) {
      sized(name, value);
    } else if constexpr (IsContainer<T>::value) {
      container(name, value, false);
    } else {
      group(name, [&] { value.archive(*this); });
    }
  }

  template <typename T>
  void sized(const std::string &name, T &values) {
    container(name, values, true);
  }
  PETRL_API void expect(const std::string &name, std::int64_t value);
  template <typename Body>
  void group(const std::string &name, const Body &body) {
    const std::size_t before = prefix_.size();
    prefix_ += name + "/";
    body();
    prefix_.resize(before);
  }
  /// A container of objects; `each` is called with the archive and every element. When reading, elements start new.
  template <typename T, typename Each>
  void list(const std::string &name, T &values, const Each &each, bool same_size = false) {
    group(name, [&] {
      auto n = static_cast<std::int64_t>(values.size());
      if (same_size) {
        expect("size", n);
      } else {
        whole("size", n, 0, static_cast<std::int64_t>(entries_.size()) + n);  // every element has an entry
      }
      if (reading_) values = T(static_cast<std::size_t>(n));
      std::int64_t i = 0;
      for (auto &element : values) group(std::to_string(i++), [&] { each(*this, element); });
    });
  }
  template <typename Body>
  void ranked(const Body &body) {
    beginRanked();
    body();
    endRanked();
  }
  /// When reading: this entry makes no sense.
  [[noreturn]] PETRL_API void fail(const std::string &name, const std::string &message) const;

  /// What was written, for a file; on the first rank.
  PETRL_API std::string bytes() const;
  /// When reading: everything must have been asked for.
  PETRL_API void finish() const;

 private:
  struct Entry {
    char type = 'i';  // i: int64, f: float32, d: float64, s: text
    std::uint64_t count = 0;
    std::string data;
    mutable bool used = false;
  };
  template <typename T>
  struct IsMap : std::false_type {};
  template <typename K, typename V>
  struct IsMap<std::map<K, V>> : std::true_type {};
  template <typename T>
  struct IsPair : std::false_type {};
  template <typename A, typename B>
  struct IsPair<std::pair<A, B>> : std::true_type {};
  template <typename T>
  struct IsArray : std::false_type {};
  template <typename T, std::size_t n>
  struct IsArray<std::array<T, n>> : std::true_type {};
  template <typename T, typename = void>
  struct IsContainer : std::false_type {};
  template <typename T>
  struct IsContainer<T, std::void_t<typename T::value_type, typename T::iterator>> : std::true_type {};

  template <typename T, typename = void>
  struct IsContiguous : std::false_type {};
  template <typename T>
  struct IsContiguous<T, std::void_t<decltype(std::declval<T &>().data())>> : std::true_type {};

  template <typename T>
  static constexpr char code() {
    return std::is_same_v<T, float> ? 'f' : std::is_same_v<T, double> ? 'd' : 'i';
  }
  template <typename T>
  void container(const std::string &name, T &values, bool same_size) {
    using Element = typename T::value_type;
    if constexpr (std::is_arithmetic_v<Element>) {
      using Stored = std::conditional_t<std::is_floating_point_v<Element>, Element, std::int64_t>;
      std::uint64_t n = values.size();
      if (reading_) {
        const std::uint64_t found = find(name, code<Stored>()).count;
        if (same_size && found != n) wrongCount(name, found, n);
        n = found;
        if constexpr (!IsArray<T>::value) values.resize(n);
      }
      if constexpr (std::is_same_v<Element, Stored> && IsContiguous<T>::value) {
        array(name, code<Stored>(), values.data(), n);
        return;
      }
      std::vector<Stored> stored(values.begin(), values.end());
      array(name, code<Stored>(), stored.data(), n);
      if (!reading_) return;
      auto from = stored.begin();
      for (auto &value : values) {
        value = static_cast<Element>(*from);
        if constexpr (std::is_integral_v<Element> && sizeof(Element) < sizeof(Stored)) {
          if (static_cast<Stored>(value) != *from) fail(name, "found " + std::to_string(*from) + ": out of range");
        }
        ++from;
      }
    } else {
      list(
          name, values, [](Archive &a, Element &element) { a.element(element); }, same_size);
    }
  }
  template <typename T>
  void element(T &value) {
    if constexpr (IsPair<T>::value) {
      (*this)("first", value.first), (*this)("second", value.second);
    } else {
      value.archive(*this);
    }
  }
  PETRL_API const Entry &find(const std::string &name, char type) const;
  [[noreturn]] PETRL_API void wrongCount(const std::string &name, std::uint64_t found, std::uint64_t expected) const;
  PETRL_API void whole(const std::string &name, std::int64_t &value, std::int64_t low, std::int64_t high);
  PETRL_API void array(const std::string &name, char type, void *data, std::uint64_t count);
  PETRL_API void beginRanked();
  PETRL_API void endRanked();

  bool reading_, keeping_;
  MPI_Comm comm_;
  int rank_ = 0, ranks_ = 1;
  std::string source_, prefix_;
  std::map<std::string, Entry> entries_, common_;  // common_: while a rank writes its own part
};

/// Writes the archive that `body` fills, whole or not at all. Collective over `comm`, and so is an error.
PETRL_API void saveArchive(const std::string &path, const std::function<void(Archive &)> &body,
                           MPI_Comm comm = MPI_COMM_SELF);
/// Reads it. Where that fails, on any rank, what `body` has changed by then is as it was before. Collective.
PETRL_API void loadArchive(const std::string &path, const std::function<void(Archive &)> &body,
                           MPI_Comm comm = MPI_COMM_SELF);

}  // namespace petrl
