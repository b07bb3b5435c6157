// How the files of this folder make their problems known to makeProblem().
#pragma once

#include "problems/ode/draw.hpp"
#include "problems/ode/problem.hpp"

namespace petrl::ode {

/// The problems; registry.cpp says what for.
using Maker = std::unique_ptr<Problem>(const Draw &draw);
Maker vanderpol, lotkavolterra, rigidbody, arenstorf, pleiades;               // classical.cpp
Maker robertson, hires, oregonator, pollution;                                // kinetics.cpp
Maker brusselator, plaplace, porous;                                          // diffusion.cpp
Maker brusselator2d, allencahn, excitablemedium;                              // planes.cpp
Maker bounce, stickslip, stickslipSmooth, squarewave, relay, backlash, buck;  // nonsmooth.cpp
Maker fitzhughnagumo, hodgkinhuxley;                                          // excitable.cpp
Maker explosion, diode, cstr, doubler;                                        // failing.cpp
Maker fisher, swing, cooling, transport;                                      // stability.cpp

/// Explicit and implicit methods that suit most problems.
inline const std::vector<std::string> explicitMethods{"rk2a", "rk3bs", "rk5f", "rk5dp", "rk5bs"};
inline const std::vector<std::string> implicitMethods{"arkimex3",    "arkimex4", "arkimex5", "rosw-ra34pw2",
                                                      "rosw-rodas3", "bdf2",     "bdf3",     "cn"};
/// Those that iterate: Rosenbrock methods never fail in Newton.
inline const std::vector<std::string> newtonMethods{"arkimex3", "arkimex4", "bdf2", "bdf3", "cn"};

/// Order 8, where all is smooth.
inline const std::vector<std::string> highOrder{"rk8vr"};

inline std::vector<std::string> operator+(std::vector<std::string> a, const std::vector<std::string> &b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// A stiff problem on which Newton, given so many iterations, fails for long steps.
inline void newtonFails(Problem &problem, int iterations) {
  problem.stiff = problem.failing = true;
  problem.methods = newtonMethods;
  problem.limitNewton(iterations);
}

}  // namespace petrl::ode
