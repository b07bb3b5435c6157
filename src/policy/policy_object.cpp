#include "policy/policy_object.hpp"

#include <cstdarg>

#include "base/error.hpp"
#include "policy/shared_policy.hpp"

namespace petrl {

PolicyObject::~PolicyObject() {
  (void)PetscViewerDestroy(&monitor);
}

std::string PolicyObject::called() const {
  return in_training ? "the policy in training" : "policy " + (file.empty() ? std::string("default") : file);
}

// "true" is a word that earlier options took; everything else says where to print.
static PetscErrorCode MonitorOption(PETRL_OPTION_ITEMS PetscOptionsObject, PolicyObject &object, const char name[],
                                    const char manual[]) {
  char value[PETSC_MAX_PATH_LEN] = "";
  PetscBool set, is;

  PetscFunctionBegin;
  PetscCall(PetscViewerDestroy(&object.monitor));
  PetscCall(
      PetscOptionsGetString(PetscOptionsObject->options, PetscOptionsObject->prefix, name, value, sizeof(value), &set));
  for (const char *word : {"true", "yes", "1", "on", "false", "no", "0", "off"}) {
    PetscCall(PetscStrcasecmp(value, word, &is));
    if (!is) continue;
    PetscBool on;
    PetscCall(PetscOptionsStringToBool(word, &on));
    if (on) {
      PetscCall(PetscViewerASCIIGetStdout(PetscOptionsObject->comm, &object.monitor));
      PetscCall(PetscObjectReference((PetscObject)object.monitor));
    }
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(PetscOptionsViewer(name, "Print each decision", manual, &object.monitor, &object.monitor_format, &set));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode PolicyOptions(PETRL_OPTION_ITEMS PetscOptionsObject, PolicyObject &object,
                             const PolicyOptionNames &names, const char manual[],
                             const std::function<PetscErrorCode(const char *)> &set) {
  char file[PETSC_MAX_PATH_LEN];
  PetscBool given, nan = object.error_if_nan ? PETSC_TRUE : PETSC_FALSE;

  PetscFunctionBegin;
  PetscCall(PetscStrncpy(file, object.file.c_str(), sizeof(file)));
  PetscCall(PetscOptionsString(names.policy,
                               "Policy file (.h5, or .pt with a YAML sidecar), or the name of a shipped one", manual,
                               file, file, sizeof(file), &given));
  if (given) PetscCall(set(file));
  PetscCall(MonitorOption(PetscOptionsObject, object, names.monitor, manual));
  PetscCall(PetscOptionsBool(names.error_if_nan, "Error if what is observed or decided is not finite", manual, nan,
                             &nan, NULL));
  object.error_if_nan = nan == PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode PolicyLoad(MPI_Comm comm, PolicyObject &object, const std::string &file, bool everywhere,
                          const std::function<std::string()> &make) {
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(sharePolicy(comm, file, object.kind, everywhere, object.policy));
  PetscCall(onEveryRank(comm, [&] { object.evaluator = everywhere || rank == 0 ? make() : ""; }));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode PolicyFallBack(MPI_Comm comm, PolicyObject &object, PetscInt times, const char what[],
                              const char instead[]) {
  std::string policy;

  PetscFunctionBegin;
  PetRLCallCXX(policy = object.called());
  PetscCheck(!object.error_if_nan, comm, PETSC_ERR_FP, "%s: %s", policy.c_str(), what);
  PetscCall(PetscInfo(NULL, "%s: %s; %s\n", policy.c_str(), what, instead));
  if (object.fallbacks == 0)
    PetscCall(PetscPrintf(comm, "PetRL warning: %s: %s; %s (counted in the view; reported once)\n", policy.c_str(),
                          what, instead));
  object.fallbacks += times;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode PolicyView(const PolicyObject &object, const char network[], PetscViewer viewer) {
  PetscFunctionBegin;
  PetscCall(PetscViewerASCIIPrintf(viewer, "policy: %s\n", object.file.empty() ? "none yet" : object.file.c_str()));
  if (object.loaded)
    PetscCall(PetscViewerASCIIPrintf(viewer, "%s, architecture %s, evaluated by: %s\n", network,
                                     object.policy.network.architecture.c_str(), object.evaluator.c_str()));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode PolicyMonitor(const PolicyObject &object, const char format[], ...) {
  char line[4096];
  va_list arguments;

  PetscFunctionBegin;
  if (!object.monitor) PetscFunctionReturn(PETSC_SUCCESS);
  va_start(arguments, format);
  PetscErrorCode failed = PetscVSNPrintf(line, sizeof(line), format, NULL, arguments);
  va_end(arguments);
  PetscCall(failed);
  PetscCall(PetscViewerPushFormat(object.monitor, object.monitor_format));
  PetscCall(PetscViewerASCIIPrintf(object.monitor, "%s\n", line));
  PetscCall(PetscViewerPopFormat(object.monitor));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
