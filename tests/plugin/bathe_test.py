"""A second-order program that knows nothing of PetRL takes TSBATHE and its step controllers from the options."""
import os

from harness import BUILD, PLUGIN, main, run

CHAIN = os.path.join(BUILD, "apps", "chain")


def chain(*options):
    return run(CHAIN, "-dll_append", PLUGIN, *options)


def exact():
    return chain("-ts_type", "bathe", "-ts_dt", "0.005", "-ts_bathe_rho_infinity", "1").ok().number("middle")


def second_order(folder):
    reference = exact()
    errors = [abs(chain("-ts_type", "bathe", "-ts_dt", h).ok().number("middle") - reference) for h in ("0.2", "0.1")]
    assert 3 < errors[0] / errors[1] < 5.5, errors
    # The same equations by PETSc's own method.
    assert abs(chain("-ts_dt", "0.005").ok().number("middle") - reference) < 1e-3


def step_control(folder):
    reference = exact()
    for estimate in ("embedded", "doubling"):
        for adapt in ("basic", "dsp", "rl"):
            r = chain("-ts_type", "bathe", "-ts_bathe_error", estimate, "-ts_adapt_type", adapt, "-ts_rtol", "1e-5", "-ts_atol", "1e-5").ok()
            assert abs(r.number("middle") - reference) < 5e-3, str(r)
    r = chain("-ts_type", "bathe", "-ts_bathe_error", "doubling", "-ts_adapt_type", "richardson", "-ts_rtol", "1e-4", "-ts_atol",
              "1e-4", "-ts_adapt_dt_max", "1").ok()
    assert abs(r.number("middle") - reference) < 5e-2, str(r)
    chain("-ts_type", "bathe", "-ts_adapt_type", "iterations", "-ts_adapt_dt_max", "1", "-ts_adapt_iterations_target", "4").ok()


def mistakes(folder):
    chain("-ts_type", "bathe", "-ts_bathe_rho_infinity", "2").fails("-ts_bathe_rho_infinity", "[0, 1]")
    chain("-ts_type", "bathe", "-ts_adapt_type", "richardson").fails("richardson needs an estimate", "-ts_bathe_error doubling")
    run(os.path.join(BUILD, "bin", "plain_app"), "-dll_append", PLUGIN, "-ts_type", "bathe").fails("second-order systems")


main()
