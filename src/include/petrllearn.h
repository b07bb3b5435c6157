/*
   Learning in worlds of your own: environments that `petrl train` finds by name.

   A plugin is a shared library whose PetscDLLibraryRegister_<name>() (for lib<name>.so) calls PetRLEnvironmentRegister();
   `plugins: [path/to/lib<name>.so]` in the training's YAML loads it. Link it with libpetrl_learn.
   plugins/example is one.
*/
#pragma once

#include "petrllearnenvironment.h"
#include "petrllearnepisode.h"
#include "petrllearngrid.h"
#include "petrllearnmesh.h"
#include "petrllearnstream.h"
