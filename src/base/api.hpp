// Symbols are hidden. What the public headers declare is exported by PETSC_EXTERN; C++ classes and functions that the
// sister libraries (libpetrl_learn, libpetrl_torch, libpetrl_problems) and the command line need carry this mark.
#pragma once

#define PETRL_API __attribute__((visibility("default")))
