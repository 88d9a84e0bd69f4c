// Steps longer than a module was made for are cut into equal parts; the contract of a bundle says where
// (longest_step_s).
//
// Water changes linearly within the step, everything else in the forcing holds; rates come back as means over the whole
// step, states and the layer outputs as they are at its end, flags of all parts together. emulator/training/rollout.py
// does the same.
#pragma once

#include <memory>

#include "engine/module.hpp"

namespace calcisol {

// `longest` [s]; a module is returned as it is where there is no limit (<= 0).
std::shared_ptr<Module> cut_long_steps(std::shared_ptr<Module> module, double longest);

// Equal parts of at most `longest` that make up `dt`.
int parts_of(double dt, double longest);

} // namespace calcisol
