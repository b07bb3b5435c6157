// Records of fine-grid runs, on the grid of the coarse ones: the truth that closures are trained against. One HDF5 file
// holds any number of runs over one grid; h5py reads it.
//
//   /               format = "petrl-closure-record", version = 1, dimension, points (of each direction, x first),
//                   spacing (0: not known), boundary, components, auxiliary (names)
//   /runs/0001      ts_type, dt (of the fine run), ratio, restriction, interval, petrl, options
//     time          [t]
//     state         [t][z][y][x][component] (z from three dimensions on, y from two)
//     auxiliary     [t or 1][z][y][x][name]: 1 if they did not change
//
// Of a mesh (DMPlex): dimension = 1, points = the number of cells; and
//   /cells          [cell][x, y]: their centres
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/api.hpp"
#include "base/files.hpp"
#include "base/hdf5_disk.hpp"

namespace petrl {

/// What all runs of a record have in common.
struct RecordLayout {
  int dimension = 2;
  std::int64_t points[3] = {1, 1, 1};  ///< of the coarse grid
  double spacing[3] = {0, 0, 0};       ///< of the coarse grid; 0: not known
  std::string boundary[3] = {"none", "none", "none"};
  std::vector<std::string> components, auxiliary;
  int space = 0;                ///< of a mesh: its dimension; 0: it is a grid
  std::vector<double> centres;  ///< of a mesh's cells, cells x space

  std::size_t allPoints() const { return static_cast<std::size_t>(points[0] * points[1] * points[2]); }
  /// "64 x 64", "184 cells".
  std::string grid() const;
  /// What differs in another one, as "found ..., expected ..." with `expected` being this one; "" if nothing does.
  std::string difference(const RecordLayout &found) const;
};

/// The place in `known` of each of these centres (as many), within a thousandth of `spacing`; empty if one of them is
/// not there, or two are in the same place.
std::vector<int> matchCentres(const std::vector<double> &centres, const std::vector<double> &known, int space,
                              double spacing);

/// Where a run came from.
struct RecordOrigin {
  std::string ts_type, restriction, options;
  double dt = 0;
  int ratio = 1, interval = 1;
};

/// Begins a file without runs.
void createRecord(const std::string &path, const RecordLayout &layout);
/// Refuses a file that is no record with this layout.
void checkRecord(const std::string &path, const RecordLayout &layout);
/// That of a record.
RecordLayout layoutOf(const std::string &path);

/// Collects a run in a file without a name (whatever ends the program, nothing is left), then adds it to a record:
/// what was there stays readable at every moment. Not collective. Throws petrl::Error.
class RecordRun {
 public:
  /// Refuses a file that is there and no record with this layout.
  RecordRun(std::string path, RecordLayout layout);
  ~RecordRun();
  RecordRun(const RecordRun &) = delete;
  RecordRun &operator=(const RecordRun &) = delete;

  /// State and auxiliary fields (null: as before) at a time, points x names; times that are not later take the place of
  /// what was collected from there on.
  void add(double time, const double *state, const double *auxiliary);
  std::size_t times() const { return times_.size(); }
  /// Adds the run to the record. Returns its number.
  int finish(const RecordOrigin &origin);

 private:
  void put(const double *values, std::size_t n);
  void get(std::int64_t at, double *values, std::size_t n) const;
  int append(h5::Disk &file, const RecordOrigin &origin) const;
  std::string path_;
  RecordLayout layout_;
  int part_ = -1;
  std::int64_t end_ = 0;  // of what was collected, in doubles
  std::vector<double> times_;
  std::vector<std::int64_t> state_at_, auxiliary_at_;  // of each time, in doubles
  std::vector<double> latest_auxiliary_;
  std::int64_t latest_auxiliary_at_ = 0;
};

/// A record being read, run by run and time by time: it may be larger than memory. Not collective. Throws petrl::Error.
class PETRL_API Record {
 public:
  explicit Record(const std::string &path);
  ~Record();
  const std::string &path() const { return path_; }
  const RecordLayout &layout() const { return layout_; }
  int runs() const { return static_cast<int>(runs_.size()); }
  const std::vector<double> &times(int run) const { return runs_[static_cast<std::size_t>(run)].times; }
  const RecordOrigin &origin(int run) const { return runs_[static_cast<std::size_t>(run)].origin; }
  /// points x components, x fastest but for the components.
  void state(int run, int time, double *values) const;
  void auxiliary(int run, int time, double *values) const;
  /// Whether the auxiliary fields of a run change.
  bool auxiliaryChanges(int run) const { return runs_[static_cast<std::size_t>(run)].auxiliary_times > 1; }

 private:
  struct Run {
    std::string name;
    std::vector<double> times;
    std::uint64_t auxiliary_times = 0;
    RecordOrigin origin;
  };
  std::string path_;
  std::unique_ptr<h5::Disk> file_;
  RecordLayout layout_;
  std::vector<Run> runs_;
};

}  // namespace petrl
