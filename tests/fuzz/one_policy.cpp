#include "fuzz/one_policy.hpp"

#include <malloc.h>
#include <petrl.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <new>
#include <vector>

#include "base/error.hpp"
#include "closure/correction.hpp"
#include "policy/architectures.hpp"
#include "problems/lamp2d/model.hpp"
#include "problems/nonlinear1d/lamp/model.hpp"
#include "refine/refinement_policy.hpp"

namespace {

std::size_t in_use = 0, most = 0;

void *allocate(std::size_t size) {
  void *p = std::malloc(size);
  if (p == nullptr) throw std::bad_alloc();
  in_use += malloc_usable_size(p);
  most = std::max(most, in_use);
  return p;
}

void release(void *p) {
  if (p == nullptr) return;
  in_use -= malloc_usable_size(p);
  std::free(p);
}

double processorTime() {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

}  // namespace

// All of our memory passes here. One thread.
void *operator new(std::size_t size) {
  return allocate(size);
}
void *operator new[](std::size_t size) {
  return allocate(size);
}
void *operator new(std::size_t size, const std::nothrow_t &) noexcept {
  void *p = std::malloc(size);
  if (p != nullptr) in_use += malloc_usable_size(p);
  return p;
}
void operator delete(void *p) noexcept {
  release(p);
}
void operator delete[](void *p) noexcept {
  release(p);
}
void operator delete(void *p, std::size_t) noexcept {
  release(p);
}
void operator delete[](void *p, std::size_t) noexcept {
  release(p);
}

namespace petrl::fuzz {

namespace {

// What a program does with a policy that it was given.
void use(const Policy &policy) {
  const std::string source = "accepted";
  if (policy.network.architecture == "lamp") {
    lamp::Model::read(policy, source);
  } else if (policy.network.architecture == "lamp2d") {
    lamp2d::Model::read(policy, source);
  } else if (policy.kind == "refiner") {
    RefinementPolicy refiner(policy, source);
  } else if (policy.kind == "closure") {
    const auto backend = makeBackend<GridBackend>(policy, source);
    Correction::make(policy, source);
    const GridSize two{2, backend->dimensions() > 1 ? 2 : 1, backend->dimensions() > 2 ? 2 : 1};
    const GridSize all = two.grown(around(backend->dimensions(), backend->reach()));
    if (all.nx > 64 || all.points() > 4096) return;
    std::vector<float> in(static_cast<std::size_t>(backend->inputs()) * all.points(), 1.f);
    std::vector<float> out(static_cast<std::size_t>(backend->outputs()) * two.points());
    backend->evaluate(in.data(), two, out.data());
  } else {
    const auto backend = makeBackend<VectorBackend>(policy, source);
    const std::vector<float> in(policy.observation.names.size(), 1.f);
    std::vector<float> out(policy.action.low.size());
    backend->evaluate(in.data(), out.data());
  }
}

}  // namespace

Outcome tryPolicy(const std::string &bytes) {
  Outcome outcome;
  const std::size_t before = most = in_use;
  const double start = processorTime();
  try {
    const Policy policy = parsePolicy(bytes, "mutant");
    outcome.accepted = true;
    if (describe(policy).empty()) outcome.wrong = "no description";
    use(policy);
  } catch (const Error &e) {
    if (outcome.accepted) outcome.wrong = std::string("accepted, and refused when it is used: ") + e.what();
  } catch (const std::exception &e) {
    outcome.wrong = std::string("an exception that is not ours: ") + e.what();
  }
  outcome.seconds = processorTime() - start;
  outcome.heap = most - before;
  if (outcome.wrong.empty() && outcome.seconds > 1) outcome.wrong = "more than a second";
  if (outcome.wrong.empty() && outcome.heap > (std::size_t{64} << 20)) outcome.wrong = "more than 64 MB";
  return outcome;
}

}  // namespace petrl::fuzz
