// The engine without torch: same ABI, static pH. It lets a host link and run where torch is not installed.
//
// pH is ph0, inorganic carbon is what the soil was created with, every flux is 0 and every cell carries the fallback
// flag.
#include "engine/engine.hpp"
#include "engine/native.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/status.hpp"
#include "base/variable_table.hpp"
#include "calcisol_constants.hpp"

namespace calcisol {

namespace {

class StubModule : public Module {
public:
  void prepare(Shape s, double *statics) override {
    const std::size_t n = cells(s) * CALCISOL_N_STATIC;
    std::replace_if(statics, statics + n, [](double x) { return std::isnan(x); }, 0.0);
  }

  void initial_state(Shape s, const double *statics, const double *, const double *, double *state) override {
    const std::size_t n = cells(s);
    std::fill_n(state, n * CALCISOL_N_STATE, 0.0);
    for (std::size_t i = 0; i < n; ++i) {
      const auto property = [&](int row) { return statics[row * n + i]; };
      state[CALCISOL_STATE_CALCITE * n + i] = property(CALCISOL_SOIL_CACO3) * property(CALCISOL_SOIL_BULK_DENSITY) *
                                              property(CALCISOL_SOIL_DZ) / constants::molar_mass_caco3;
      state[CALCISOL_STATE_PH * n + i] = property(CALCISOL_SOIL_PH0);
    }
  }

  void step(Shape s, const StepBlocks &b) override {
    const std::size_t n = cells(s);
    std::fill_n(b.output_layer, n * rows(CALCISOL_ROLE_OUTPUT).layered(), 0.0);
    std::fill_n(b.output_column, s.columns * rows(CALCISOL_ROLE_OUTPUT).column(), 0.0);
    std::fill_n(b.flag, n, static_cast<std::int32_t>(CALCISOL_FLAG_FALLBACK));
    if (b.before != b.state)
      std::copy_n(b.before, n * CALCISOL_N_STATE, b.state);
    const double *ph = b.state + CALCISOL_STATE_PH * n, *calcite = b.state + CALCISOL_STATE_CALCITE * n;
    std::copy_n(ph, n, b.output_layer + CALCISOL_OUT_PH * n);
    std::fill_n(b.output_layer + CALCISOL_OUT_PCO2 * n, n, pco2_of_the_air());
    for (std::size_t i = 0; i < n; ++i)
      b.output_layer[CALCISOL_OUT_SIC * n + i] = calcite[i] * constants::molar_mass_c;
    std::copy_n(ph, s.columns, b.output_column); // ph_top: first column row; the pH of layer 1
  }

  void laboratory_ph(Shape s, const double *, const double *state, double *ph) override {
    for (int row = 0; row < CALCISOL_N_LAB; ++row)
      std::copy_n(state + CALCISOL_STATE_PH * cells(s), cells(s), ph + row * cells(s));
  }

private:
  static double pco2_of_the_air() { // Pa, of the defaults
    const Rows forcing = rows(CALCISOL_ROLE_FORCING);
    return forcing[CALCISOL_CO2_ATM].fill * forcing[CALCISOL_P_SURF].fill;
  }
  static std::size_t cells(Shape s) { return static_cast<std::size_t>(s.layers) * s.columns; }
};

} // namespace

bool Engine::needs_bundle() { return false; }
std::string Engine::info() { return "stub without torch: static pH"; }
std::unique_ptr<Module> Engine::load(const std::string &, int) { return std::make_unique<StubModule>(); }
const calcisol_kernel *native_kernel() { return nullptr; }
const calcisol_device_kernel *device_kernel() { return nullptr; }

} // namespace calcisol
