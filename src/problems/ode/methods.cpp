// The methods of PETSc that estimate their error, by one name each.
#include "base/error.hpp"
#include "problems/ode/problem.hpp"

namespace petrl::ode {

const std::vector<Method> &methods() {
  static const std::vector<Method> all = {
      {"rk2a", TSRK, TSRK2A, false},
      {"rk3bs", TSRK, TSRK3BS, false},
      {"rk5f", TSRK, TSRK5F, false},
      {"rk5dp", TSRK, TSRK5DP, false},
      {"rk5bs", TSRK, TSRK5BS, false},
      {"rk8vr", TSRK, TSRK8VR, false},
      {"arkimex2e", TSARKIMEX, TSARKIMEX2E, true},
      {"arkimex3", TSARKIMEX, TSARKIMEX3, true},
      {"arkimex4", TSARKIMEX, TSARKIMEX4, true},
      {"arkimex5", TSARKIMEX, TSARKIMEX5, true},
      {"rosw-2p", TSROSW, TSROSW2P, true},
      {"rosw-ra3pw", TSROSW, TSROSWRA3PW, true},
      {"rosw-ra34pw2", TSROSW, TSROSWRA34PW2, true},
      {"rosw-rodas3", TSROSW, TSROSWRODAS3, true},
      {"bdf2", TSBDF, "2", true},
      {"bdf3", TSBDF, "3", true},
      {"bdf5", TSBDF, "5", true},
      {"beuler", TSBEULER, "", true},
      {"cn", TSCN, "", true},
      {"alpha", TSALPHA, "", true},
  };
  return all;
}

PetscErrorCode setMethod(TS ts, const std::string &method) {
  const Method *found = nullptr;

  PetscFunctionBeginUser;
  for (const Method &m : methods())
    if (m.name == method) found = &m;
  PetscCheck(found, PetscObjectComm(reinterpret_cast<PetscObject>(ts)), PETSC_ERR_ARG_UNKNOWN_TYPE,
             "Unknown time integration method \"%s\"", method.c_str());
  PetscCall(TSSetType(ts, found->type.c_str()));
  if (found->type == TSRK) PetscCall(TSRKSetType(ts, found->variant.c_str()));
  if (found->type == TSROSW) PetscCall(TSRosWSetType(ts, found->variant.c_str()));
  if (found->type == TSBDF) PetscCall(TSBDFSetOrder(ts, std::stoi(found->variant)));
  if (found->type == TSARKIMEX) {
    PetscCall(TSARKIMEXSetType(ts, found->variant.c_str()));
    // There is no explicit part: do not let it be evaluated.
    PetscCall(TSARKIMEXSetFullyImplicit(ts, PETSC_TRUE));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl::ode
