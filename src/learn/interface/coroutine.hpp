// Code that is left in the middle and gone on with later, on the thread of those who ask: PETSc and MPI see one thread.
#pragma once

#include <petscsys.h>
#include <ucontext.h>

#include <cstddef>
#include <exception>
#include <functional>

namespace petrl {

/// A function with a stack of its own. Only the thread that made it may resume it: compilers keep addresses of
/// thread-local variables across calls.
class Coroutine {
 public:
  /// Throws petrl::Error when there is no memory for a stack.
  explicit Coroutine(std::function<void()> body);
  /// The body must have ended: it holds what it holds until then.
  ~Coroutine();
  Coroutine(const Coroutine &) = delete;
  Coroutine &operator=(const Coroutine &) = delete;

  /// From outside: runs the body until it yields or ends. Throws what the body threw.
  void resume();
  /// From within the body: back to who resumed it, until that happens again. Not within a catch.
  void yield();
  bool done() const { return done_; }

 private:
  static void start(unsigned high, unsigned low);
  void change(ucontext_t &from, ucontext_t &to);

  std::function<void()> body_;
  std::exception_ptr error_;
  bool done_ = false;
  void *memory_;
  std::size_t size_;
  ucontext_t inside_ = {}, outside_ = {};
#if PetscDefined(USE_DEBUG) && !PetscDefined(HAVE_THREADSAFETY)
  PetscStack calls_ = {};  // PETSc's own list of the functions that it is in
#endif
};

}  // namespace petrl
