#include "learn/interface/coroutine.hpp"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/error.hpp"

namespace petrl {

namespace {

// As much as the program's own stack may take: user functions run here. Memory is taken when it is touched.
std::size_t stackSize() {
  constexpr std::size_t least = std::size_t{8} << 20, most = std::size_t{64} << 20;
  struct rlimit limit;
  if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return most;
  return std::clamp<std::size_t>(limit.rlim_cur, least, most);
}

}  // namespace

Coroutine::Coroutine(std::function<void()> body)
    : body_(std::move(body)), size_(stackSize() + static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  memory_ =
      mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (memory_ == MAP_FAILED) throw Error("no memory for the stack of an episode", PETSC_ERR_MEM);
  // Who needs more must not write into what lies below.
  if (mprotect(memory_, page, PROT_NONE) != 0 || getcontext(&inside_) != 0) {
    (void)munmap(memory_, size_);
    throw Error("no memory for the stack of an episode", PETSC_ERR_MEM);
  }
  inside_.uc_stack.ss_sp = static_cast<char *>(memory_) + page;
  inside_.uc_stack.ss_size = size_ - page;
  inside_.uc_link = nullptr;  // the body's end yields
  // makecontext() passes ints.
  const auto self = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(this));
  makecontext(&inside_, reinterpret_cast<void (*)()>(&Coroutine::start), 2, static_cast<unsigned>(self >> 32),
              static_cast<unsigned>(self));
}

Coroutine::~Coroutine() {
  (void)munmap(memory_, size_);
}

void Coroutine::start(unsigned high, unsigned low) {
  auto *const self =
      reinterpret_cast<Coroutine *>(static_cast<std::uintptr_t>(std::uint64_t{high} << 32 | std::uint64_t{low}));
  try {
    self->body_();
  } catch (...) {
    self->error_ = std::current_exception();
  }
  self->done_ = true;
  self->yield();
}

// What PETSc keeps of its calls belongs to a stack, too.
void Coroutine::change(ucontext_t &from, ucontext_t &to) {
#if PetscDefined(USE_DEBUG) && !PetscDefined(HAVE_THREADSAFETY)
  std::swap(calls_, petscstack);
  // Whether it is checked is the program's choice, not the stack's.
  std::swap(calls_.check, petscstack.check);
#endif
  if (swapcontext(&from, &to) != 0) std::terminate();  // only if the contexts are none
}

void Coroutine::resume() {
  if (done_) return;
  change(outside_, inside_);
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

void Coroutine::yield() {
  change(inside_, outside_);
}

}  // namespace petrl
