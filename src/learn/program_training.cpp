#include "learn/program_training.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/error.hpp"
#include "base/progress.hpp"
#include "learn/provenance.hpp"

namespace petrl {

namespace {

constexpr double kSaveSeconds = 5;  // between two states, at least
constexpr double kSaveShare = .05;  // of the time, at most
constexpr int kFruitless = 50;      // iterations without a step, at most

volatile std::sig_atomic_t caught = 0;

void note(int signal) {
  caught = signal;
}

void listen(int signal, struct sigaction *before) {
  struct sigaction action = {};
  action.sa_handler = note;
  action.sa_flags = SA_RESETHAND;
  sigaction(signal, &action, before);
}

}  // namespace

ProgramTraining::ProgramTraining(Settings settings, Learner &learner, std::vector<std::string> columns,
                                 std::function<void(Archive &)> extra)
    : settings_(std::move(settings)), learner_(learner), extra_(std::move(extra)) {
  MPI_Comm_rank(settings_.comm, &rank_);
  next_ = settings_.every;
  onFirst([&] {
    // A folder that cannot be written to is better noticed now than when the training has ended.
    lock_ = FileLock(settings_.file + ".lock");
    if (!lock_.take(false))
      throw Error(settings_.file + ": another training writes this file (process " + lock_.holder() +
                      "); wait for it, or choose another file",
                  PETSC_ERR_FILE_WRITE);
    went_on_ = fileExists(settings_.file + ".state");
    if (!went_on_ && fileExists(settings_.file + ".csv"))
      throw Error(settings_.file + ".csv belongs to a training whose " + settings_.file +
                  ".state is missing: bring that back, move the table away, or choose another file");
  });
  went_on_ = agreed(went_on_);
  if (went_on_) load();
  onFirst([&] {
    if (went_on_ && fileExists(settings_.file + ".csv") && truncate((settings_.file + ".csv").c_str(), log_bytes_) != 0)
      throw Error(settings_.file + ".csv: cannot truncate this file", PETSC_ERR_FILE_WRITE);
    if (written_ && !fileExists(settings_.file))
      throw Error("found " + settings_.file + ".state but not " + settings_.file +
                  ", which that training has written: bring it back, or move the state away to begin anew");
    log_ = std::make_unique<Csv>(settings_.file + ".csv", columns, true);
  });
  if (rank_ == 0)
    std::printf("PetRL: %s of %s %s at %lld of %lld %s, seed %llu\n", settings_.what.c_str(), settings_.file.c_str(),
                finished_  ? "has ended"
                : went_on_ ? "goes on"
                           : "begins",
                static_cast<long long>(learner_.steps()), static_cast<long long>(settings_.steps),
                settings_.unit.c_str(), static_cast<unsigned long long>(settings_.seed));
  std::fflush(stdout);
  caught = 0;
  listen(SIGINT, &interrupt_);
  listen(SIGTERM, &terminate_);
}

ProgramTraining::~ProgramTraining() {
  sigaction(SIGINT, &interrupt_, nullptr);
  sigaction(SIGTERM, &terminate_, nullptr);
}

void ProgramTraining::onFirst(const std::function<void()> &work) const {
  std::string message;
  int code = 0;
  if (rank_ == 0) {
    try {
      work();
    } catch (const Error &e) {
      message = e.what(), code = static_cast<int>(e.code());
    } catch (const std::exception &e) {
      message = e.what(), code = PETSC_ERR_LIB;
    }
  }
  int told[2] = {code, static_cast<int>(message.size())};
  MPI_Bcast(told, 2, MPI_INT, 0, settings_.comm);
  if (told[0] == 0) return;
  message.resize(static_cast<std::size_t>(told[1]));
  MPI_Bcast(message.data(), told[1], MPI_CHAR, 0, settings_.comm);
  throw Error(message, static_cast<PetscErrorCode>(told[0]));
}

// Whether it is so on any rank.
bool ProgramTraining::agreed(bool here) const {
  int flag = here ? 1 : 0;
  MPI_Allreduce(MPI_IN_PLACE, &flag, 1, MPI_INT, MPI_MAX, settings_.comm);
  return flag != 0;
}

double ProgramTraining::seconds() const {
  return before_ + std::chrono::duration<double>(Clock::now() - begin_).count();
}

void ProgramTraining::say(const std::string &line) const {
  if (rank_ != 0) return;
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

void ProgramTraining::archive(Archive &a) {
  a.kind("training in a program");
  std::string config = settings_.config;
  a("config", config);
  if (config != settings_.config)
    throw Error(settings_.file + ".state belongs to another training: found\n" + config + "expected\n" +
                settings_.config + "choose another file, or move it away");
  double used = seconds();
  a("seconds", used);
  if (a.reading()) before_ = used;
  a("best", best_);
  a("last", last_);
  a("judged", judged_);
  a("written", written_);
  a("finished", finished_);
  a("next", next_);
  a("log_bytes", log_bytes_);
  a.group("learner", [&] { learner_.archive(a); });
  a.group("extra", [&] { extra_(a); });
}

void ProgramTraining::load() {
  loadArchive(
      settings_.file + ".state", [this](Archive &a) { archive(a); }, settings_.comm);
  begin_ = Clock::now();
}

void ProgramTraining::save() {
  const auto begin = Clock::now();
  onFirst([&] {
    if (!log_->empty()) log_bytes_ = log_->append();
  });
  saveArchive(
      settings_.file + ".state", [this](Archive &a) { archive(a); }, settings_.comm);
  saved_ = Clock::now();
  saving_ = std::chrono::duration<double>(saved_ - begin).count();
}

void ProgramTraining::pause(bool save_now) {
  const bool stop = agreed(caught != 0);
  const bool late =
      std::chrono::duration<double>(Clock::now() - saved_).count() > std::max(kSaveSeconds, saving_ / kSaveShare);
  if (stop || save_now || agreed(late)) save();
  if (!stop) return;
  const int signal = caught != 0 ? static_cast<int>(caught) : SIGINT;
  say("PetRL: " + settings_.what + " of " + settings_.file + " stopped at " + std::to_string(learner_.steps()) +
      " of " + std::to_string(settings_.steps) + " " + settings_.unit + "; the same command goes on");
  MPI_Barrier(settings_.comm);
  sigaction(SIGINT, &interrupt_, nullptr);
  sigaction(SIGTERM, &terminate_, nullptr);
  std::raise(signal);
  throw Error("stopped by signal " + std::to_string(signal) + "; the same command goes on");
}

void ProgramTraining::validate(const std::function<Evaluation()> &judge) {
  const Evaluation e = judge();
  last_ = e.score;
  const bool better = !judged_ || e.score < best_;
  judged_ = true;
  if (better) best_ = e.score;
  if (better && e.score < 0) {
    Policy policy = learner_.policy();
    onFirst([&] {
      policy.provenance = provenance(settings_.config, settings_.seed, learner_.steps());
      policy.provenance.evaluation = e.details;
      policy.provenance.evaluation["score"] = e.score;
      writePolicy(settings_.file, policy);
    });
    written_ = true;
  }
  while (next_ <= learner_.steps()) next_ += settings_.every;
}

bool ProgramTraining::run(const std::function<Evaluation()> &judge) {
  if (finished_) return written_;
  const auto left = static_cast<std::size_t>(std::max<std::int64_t>(0, settings_.steps - learner_.steps()));
  Progress progress(settings_.what, left, settings_.unit, [this](const std::string &line) { say(line); });
  const auto over = [&] {
    return learner_.steps() >= settings_.steps || (settings_.minutes > 0 && agreed(seconds() > 60 * settings_.minutes));
  };
  bool fresh = false;  // judged as it is
  for (int fruitless = 0; !over();) {
    const std::int64_t before = learner_.steps();
    learner_.iterate();
    fresh = false;
    fruitless = learner_.steps() > before ? 0 : fruitless + 1;
    if (fruitless > kFruitless)
      throw Error("found nothing to learn from in " + std::to_string(kFruitless) +
                  " runs: the interval until the next decision is longer than what is left of the program's");
    char text[64] = "";
    if (judged_) std::snprintf(text, sizeof text, "score %.3f, best %.3f", last_, best_);
    const std::int64_t done = std::min(learner_.steps(), settings_.steps) - before;
    if (done > 0) progress.step(text, static_cast<std::size_t>(done));
    if (learner_.steps() >= next_ && !over()) {
      validate(judge);
      fresh = true;
    }
    pause();
  }
  if (!fresh) validate(judge);
  finished_ = true;
  save();
  return written_;
}

}  // namespace petrl
