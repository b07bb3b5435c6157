// Records read on the first rank and dealt out.
#include <algorithm>

#include "closure/cell_closure.hpp"
#include "closure/solver_world.hpp"
#include "policy/shared_policy.hpp"

namespace petrl {

namespace {

constexpr std::size_t kMemory = std::size_t{1} << 30;  // of a rank, for what was read

// A text of the first rank, everywhere.
PetscErrorCode Share(MPI_Comm comm, std::string &text) {
  auto n = static_cast<PetscMPIInt>(text.size());
  PetscFunctionBegin;
  PetscCallMPI(MPI_Bcast(&n, 1, MPI_INT, 0, comm));
  PetRLCallCXX(text.resize(static_cast<std::size_t>(n)));
  PetscCallMPI(MPI_Bcast(text.data(), n, MPI_CHAR, 0, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// FNV-1a.
void digest(std::uint64_t &hash, const void *data, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) hash = (hash ^ static_cast<const unsigned char *>(data)[i]) * 1099511628211ull;
}

}  // namespace

PetscErrorCode RecordSet::Open(const std::vector<std::string> &files, const RecordLayout &layout) {
  PetscMPIInt rank;
  std::vector<int> numbers;  // of each run: record, run in it, whether fields change, number of times
  std::vector<double> times;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm_, &rank));
  PetscCall(onEveryRank(comm_, [&] {
    layout_ = layout;
    files_ = files;
    if (rank != 0) return;
    std::uint64_t hash = 14695981039346656037ull;
    for (const std::string &file : files) {
      records_.push_back(std::make_unique<Record>(file));
      const Record &record = *records_.back();
      const std::string difference = layout.difference(record.layout());
      if (!difference.empty())
        throw Error("-closure_train " + file + ": does not fit this program: " + difference, PETSC_ERR_ARG_INCOMP);
      for (int run = 0; run < record.runs(); ++run) {
        const auto &t = record.times(run);
        if (t.size() < 2) continue;
        numbers.insert(numbers.end(), {static_cast<int>(records_.size()) - 1, run, record.auxiliaryChanges(run) ? 1 : 0,
                                       static_cast<int>(t.size())});
        times.insert(times.end(), t.begin(), t.end());
      }
    }
    if (numbers.empty())
      throw Error("-closure_train " + joined(files, ",") + ": no run is recorded there", PETSC_ERR_FILE_UNEXPECTED);
    // What distinguishes a record from another: names may stay when files change.
    digest(hash, times.data(), times.size() * sizeof(double));
    std::vector<double> state(layout_.allPoints() * layout_.components.size());
    for (std::size_t n = 0; n < numbers.size(); n += 4) {
      records_[static_cast<std::size_t>(numbers[n])]->state(numbers[n + 1], numbers[n + 3] - 1, state.data());
      digest(hash, state.data(), state.size() * sizeof(double));
    }
    fingerprint_ = std::to_string(hash);
  }));
  auto counts = std::array<int, 2>{static_cast<int>(numbers.size()), static_cast<int>(times.size())};
  PetscCallMPI(MPI_Bcast(counts.data(), 2, MPI_INT, 0, comm_));
  PetRLCallCXX({
    numbers.resize(static_cast<std::size_t>(counts[0]));
    times.resize(static_cast<std::size_t>(counts[1]));
  });
  PetscCallMPI(MPI_Bcast(numbers.data(), counts[0], MPI_INT, 0, comm_));
  PetscCallMPI(MPI_Bcast(times.data(), counts[1], MPI_DOUBLE, 0, comm_));
  PetscCall(Share(comm_, fingerprint_));
  PetRLCallCXX({
    auto at = times.begin();
    for (std::size_t n = 0; n < numbers.size(); n += 4) {
      places_.emplace_back(numbers[n], numbers[n + 1]);
      changes_.push_back(numbers[n + 2]);
      times_.emplace_back(at, at + numbers[n + 3]);
      at += numbers[n + 3];
    }
  });
  PetscCall(Places());
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Where in a record the points of all ranks are, rank by rank.
PetscErrorCode RecordSet::Places() {
  PetscMPIInt size, rank;
  bool mesh;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(comm_, &size));
  PetscCallMPI(MPI_Comm_rank(comm_, &rank));
  PetRLCallCXX(counts_.resize(static_cast<std::size_t>(size)));
  PetscCall(ClosureIsMesh(dm_, &mesh));
  PetscCall(mesh ? CellPlaces() : BoxPlaces());
  const std::size_t largest =
      static_cast<std::size_t>(std::max<PetscInt>(*std::max_element(counts_.begin(), counts_.end()), 1));
  const std::size_t names[2] = {layout_.components.size(), layout_.auxiliary.size()};
  for (int k = 0; k < 2; ++k)
    most_kept_[k] =
        std::max<std::size_t>(8, kMemory / 2 / (largest * std::max<std::size_t>(names[k], 1) * sizeof(double)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode RecordSet::BoxPlaces() {
  struct Box {
    PetscInt first[3], size[3];
  } own;
  std::vector<Box> boxes;
  std::vector<std::size_t> order;

  PetscFunctionBegin;
  PetscCall(DMDAGetCorners(dm_, &own.first[0], &own.first[1], &own.first[2], &own.size[0], &own.size[1], &own.size[2]));
  PetRLCallCXX(boxes.resize(counts_.size()));
  PetscCallMPI(MPI_Allgather(&own, 6, MPIU_INT, boxes.data(), 6, MPIU_INT, comm_));
  for (std::size_t r = 0; r < boxes.size(); ++r) counts_[r] = boxes[r].size[0] * boxes[r].size[1] * boxes[r].size[2];
  if (records_.empty()) PetscFunctionReturn(PETSC_SUCCESS);  // on other ranks than the first
  PetRLCallCXX({
    for (const Box &box : boxes) {
      for (PetscInt k = 0; k < box.size[2]; ++k) {
        for (PetscInt j = 0; j < box.size[1]; ++j) {
          const PetscInt at =
              ((box.first[2] + k) * layout_.points[1] + box.first[1] + j) * layout_.points[0] + box.first[0];
          for (PetscInt i = 0; i < box.size[0]; ++i) order.push_back(static_cast<std::size_t>(at + i));
        }
      }
    }
    order_ = {std::move(order)};  // the same in all records
  });
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Each record may have the cells in another order.
PetscErrorCode RecordSet::CellPlaces() {
  ClosureCells cells;

  PetscFunctionBegin;
  PetscCall(ClosureFindCells(dm_, false, cells));
  PetscInt own = cells.mesh.owned;
  PetscCallMPI(MPI_Allgather(&own, 1, MPIU_INT, counts_.data(), 1, MPIU_INT, comm_));
  PetRLCallCXX({
    for (const auto &record : records_) {
      const std::vector<int> found =
          matchCentres(layout_.centres, record->layout().centres, layout_.space, layout_.spacing[0]);
      if (found.size() * static_cast<std::size_t>(layout_.space) != layout_.centres.size())
        throw Error("-closure_train: the cells of a record are not those of the mesh", PETSC_ERR_ARG_INCOMP);
      order_.emplace_back(found.begin(), found.end());
    }
  });
  PetscFunctionReturn(PETSC_SUCCESS);
}

std::string RecordSet::name(int run) const {
  const auto &place = places_[static_cast<std::size_t>(run)];
  return files_[static_cast<std::size_t>(place.first)] + ", run " + std::to_string(place.second + 1);
}

bool RecordSet::OtherAuxiliary(int run, int time, int other_run, int other_time) const {
  return run != other_run || (changes_[static_cast<std::size_t>(run)] != 0 && time != other_time);
}

// All ranks ask for the same moments in the same order, so that all keep the same ones.
PetscErrorCode RecordSet::Part(int run, int time, bool auxiliary, std::vector<double> &values) {
  const std::size_t names = auxiliary ? layout_.auxiliary.size() : layout_.components.size();
  auto &kept = kept_[auxiliary ? 1 : 0];
  PetscMPIInt rank;

  PetscFunctionBegin;
  if (auxiliary && changes_[static_cast<std::size_t>(run)] == 0) time = 0;
  const auto found = kept.find({run, time});
  if (found != kept.end()) {
    PetRLCallCXX(values = found->second);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCallMPI(MPI_Comm_rank(comm_, &rank));
  std::vector<PetscMPIInt> counts, starts;
  PetRLCallCXX({
    PetscMPIInt at = 0;
    for (const PetscInt own : counts_) {
      counts.push_back(static_cast<PetscMPIInt>(own * static_cast<PetscInt>(names)));
      starts.push_back(at);
      at += counts.back();
    }
  });
  PetscCall(onEveryRank(comm_, [&] {
    values.resize(static_cast<std::size_t>(counts[static_cast<std::size_t>(rank)]));
    if (rank != 0) return;
    const auto &place = places_[static_cast<std::size_t>(run)];
    const Record &record = *records_[static_cast<std::size_t>(place.first)];
    whole_.resize(layout_.allPoints() * names);
    packed_.resize(whole_.size());
    if (auxiliary)
      record.auxiliary(place.second, time, whole_.data());
    else
      record.state(place.second, time, whole_.data());
    double *to = packed_.data();
    for (const std::size_t from : order_[order_.size() > 1 ? static_cast<std::size_t>(place.first) : 0])
      to = std::copy_n(whole_.data() + from * names, names, to);
  }));
  PetscCallMPI(MPI_Scatterv(packed_.data(), counts.data(), starts.data(), MPI_DOUBLE, values.data(),
                            counts[static_cast<std::size_t>(rank)], MPI_DOUBLE, 0, comm_));
  // Which one goes does not matter much: episodes start anywhere.
  PetRLCallCXX({
    if (kept.size() >= most_kept_[auxiliary ? 1 : 0]) {
      auto gone = kept.lower_bound({run, time});
      kept.erase(gone == kept.begin() ? std::prev(kept.end()) : std::prev(gone));
    }
    kept[{run, time}] = values;
  });
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode RecordSet::State(int run, int time, std::vector<double> &values) {
  PetscFunctionBegin;
  PetscCall(Part(run, time, false, values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode RecordSet::Auxiliary(int run, int time, std::vector<double> &values) {
  PetscFunctionBegin;
  PetscCall(Part(run, time, true, values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
