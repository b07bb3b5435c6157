// -closure_record: the states of a fine run, on their way to a coarse grid's record.
#pragma once

#include <petrlclosure.h>

#include <memory>
#include <string>
#include <vector>

#include "closure/record.hpp"
#include "closure/restriction.hpp"

namespace petrl {

/// An auxiliary field that is recorded: one component of a Vec.
struct RecordedField {
  std::string name;
  Vec vec;  // borrowed
  PetscInt component, dof;
};

struct Recording {
  // What the user said.
  std::string file;
  PetscInt ratio = 1, interval = 0;  // 0: the ratio
  PetRLClosureRestriction how = PETRL_CLOSURE_INJECT;

  // While a run is recorded.
  std::unique_ptr<Coarsening> restriction;
  std::unique_ptr<RecordRun> run;  // on the first rank
  RecordLayout layout;
  RecordOrigin origin;
  std::vector<double> state, auxiliary, one;
  std::vector<std::pair<Vec, PetscObjectState>> seen;  // auxiliary Vecs, as they were recorded
};

}  // namespace petrl
