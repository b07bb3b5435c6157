#include "problems/nonlinear1d/dataset.hpp"

#include <cstdio>
#include <filesystem>
#include <utility>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/progress.hpp"
#include "problems/nonlinear1d/truth.hpp"

namespace petrl::nonlinear1d {

namespace {

constexpr std::size_t kTrajectory = static_cast<std::size_t>(kLevels) * kPoints;
static_assert(kMostTrajectories <= 2147483647 / (kLevels * kPoints), "MPI counts labels in int");

// Errors of one rank end the computation on all of them.
void agree(MPI_Comm comm, const std::string &error) {
  int failed = !error.empty(), any = 0;
  MPI_Allreduce(&failed, &any, 1, MPI_INT, MPI_MAX, comm);
  if (failed) throw Error(error);
  if (any) throw Error("nonlinear1d: the data set could not be made on another rank");
}

}  // namespace

void labelTrajectory(const Nonlinear1DCase &pde, const Nonlinear1DOptions &options, float *label) {
  std::vector<double> fine(static_cast<std::size_t>(kLevels) * kFinePoints);
  solveTrajectory(pde, kFinePoints, options.means, options.relative, options.absolute, fine.data());
  for (int level = 0; level < kLevels; ++level) {
    const double *u = &fine[static_cast<std::size_t>(level) * kFinePoints];
    for (int j = 0; j < kPoints; ++j) {
      double sum = 0;
      for (int k = -kBox / 2; k <= kBox / 2; ++k) sum += u[(2 * j + k + kFinePoints) % kFinePoints];
      *label++ = static_cast<float>(sum / kBox);
    }
  }
}

Nonlinear1DDataset::Nonlinear1DDataset(const Nonlinear1DOptions &options) : options_(options) {
  for (int s = 0; s < 3; ++s) {
    const int n = options.trajectories[static_cast<std::size_t>(s)];
    if (n < 0 || n > kMostTrajectories)
      throw Error("nonlinear1d: " + std::to_string(n) + " trajectories; expected at most " +
                  std::to_string(kMostTrajectories));
    for (int i = 0; i < n; ++i)
      sets_[s].cases.push_back(drawCase(options.seed, i, static_cast<Split>(s), options.modes));
  }
}

Nonlinear1DDataset Nonlinear1DDataset::generate(const Nonlinear1DOptions &options, MPI_Comm comm, const Say &say) {
  int rank = 0, ranks = 1;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &ranks);
  Nonlinear1DDataset data(options);
  const char *names[] = {"training", "validation", "test"};
  for (int s = 0; s < 3; ++s) {
    Nonlinear1DSet &set = data.sets_[s];
    std::vector<int> count(static_cast<std::size_t>(ranks)), first(count.size());
    for (int r = 0; r < ranks; ++r) {
      const auto begin = [&](int k) { return static_cast<int>(static_cast<long>(set.size()) * k / ranks); };
      first[static_cast<std::size_t>(r)] = begin(r) * static_cast<int>(kTrajectory);
      count[static_cast<std::size_t>(r)] = (begin(r + 1) - begin(r)) * static_cast<int>(kTrajectory);
    }
    std::string error;
    try {
      set.label.resize(set.cases.size() * kTrajectory);
      const int own = count[static_cast<std::size_t>(rank)] / static_cast<int>(kTrajectory),
                from = first[static_cast<std::size_t>(rank)] / static_cast<int>(kTrajectory);
      Progress progress(std::string("nonlinear1d: ") + names[s], static_cast<std::size_t>(own), "trajectories",
                        rank == 0 && say ? say : Say([](const std::string &) {}));
      for (int i = 0; i < own; ++i) {
        const auto at = static_cast<std::size_t>(from + i);
        labelTrajectory(set.cases[at], options, &set.label[at * kTrajectory]);
        progress.step();
      }
    } catch (const std::exception &failure) {
      error = failure.what();
    }
    agree(comm, error);
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, set.label.data(), count.data(), first.data(), MPI_FLOAT, comm);
  }
  return data;
}

Nonlinear1DDataset Nonlinear1DDataset::cached(const Nonlinear1DOptions &options, const std::string &path, MPI_Comm comm,
                                              const Say &say) {
  int rank = 0;
  MPI_Comm_rank(comm, &rank);
  Nonlinear1DDataset data(options);
  std::string error;
  int found = 0;
  FileLock lock;
  if (rank == 0) {
    try {
      std::string why;
      if (damaged(path, &why)) {
        // Several trainings may want it at once: one makes it, the others wait and read it.
        const std::string folder = std::filesystem::path(path).parent_path().string();
        if (!folder.empty()) makeFolders(folder);
        lock = FileLock(path + ".lock");
        if (!lock.take(false)) {
          if (say) say("nonlinear1d: waiting for process " + lock.holder() + ", which computes " + path);
          lock.take(true);
          if (!damaged(path, &why)) lock.remove();  // made meanwhile: nothing is left to do
        }
      }
      if (!damaged(path, &why)) {
        data = read(path, options);
        found = 1;
      } else if (say) {
        say("nonlinear1d: " + why + "; computing the trajectories");
      }
    } catch (const std::exception &failure) {
      error = failure.what();
    }
  }
  agree(comm, error);
  MPI_Bcast(&found, 1, MPI_INT, 0, comm);
  if (!found) {
    data = generate(options, comm, say);
    if (rank == 0) {
      try {
        data.write(path);
        lock.remove();  // who waits for it looks for the file first
        if (say) say("nonlinear1d: wrote " + path);
      } catch (const std::exception &failure) {
        error = failure.what();
      }
    }
    agree(comm, error);
    return data;
  }
  for (auto &set : data.sets_) {
    set.label.resize(set.cases.size() * kTrajectory);
    MPI_Bcast(set.label.data(), static_cast<int>(set.label.size()), MPI_FLOAT, 0, comm);
  }
  return data;
}

}  // namespace petrl::nonlinear1d
