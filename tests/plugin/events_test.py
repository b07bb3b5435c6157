"""Programs with TSEvent: steps are rolled back and cut there, and the events come when basic says they come."""
from app import plain, rl
from harness import main, write_policy


def events(result):
    return [float(x.split()[-1]) for x in result.output.splitlines() if x.startswith("event at")]


def same_events_as_basic(folder):
    options = ["-ball", "-tf", 8, "-ts_rtol", "1e-7", "-ts_atol", "1e-7", "-ts_event_tol", "1e-9"]
    expected = events(plain(*options, "-ts_adapt_type", "basic").ok())
    assert len(expected) >= 3, expected
    policies = {"follows": ("error-ratio", 0.5, 1.0, 0.8),
                "eager": ("ratio", 0.5, 2, 0.5, ("rejections",), "tsadapt", [-3])}
    for name, settings in policies.items():
        policy = write_policy(f"{folder}/{name}.h5", *settings)
        for ranks in (1, 2):
            r = rl(policy, *options, "-ts_adapt_dt_max", 0.1, ranks=ranks).ok()
            found = events(r)
            assert len(found) == len(expected), (name, found, expected)
            for a, b in zip(found, expected):
                assert abs(a - b) < 1e-5, (name, ranks, found, expected)
            assert r.number("time") == 8.0, r


main()
