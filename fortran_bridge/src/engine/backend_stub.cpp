// The engine without torch: same ABI, static pH. It lets a host link and run where torch is not installed.
//
// pH is ph0, inorganic carbon is what the soil was created with, every flux is 0 and every cell carries the fallback
// flag.
#include "engine/backend.hpp"
#include "engine/native.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "api/status.hpp"
#include "bundle/table.hpp"

namespace calcisol {

namespace {

constexpr double carbon_share = 12.011 / 100.087; // kg carbon per kg CaCO3 (IUPAC 2021 abridged atomic weights)
constexpr double calcite_molar_mass = 0.100087;   // kg mol-1
constexpr double pco2_air = 42.0;                 // Pa, 420 ppm at sea level

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
                                              property(CALCISOL_SOIL_DZ) / calcite_molar_mass;
      state[CALCISOL_STATE_PH * n + i] = property(CALCISOL_SOIL_PH0);
    }
  }

  void step(Shape s, const double *, const double *, const double *, double, double *state, double *output_layer,
            double *output_column, std::int32_t *flag) override {
    const std::size_t n = cells(s);
    std::fill_n(output_layer, n * rows(CALCISOL_ROLE_OUTPUT).layered(), 0.0);
    std::fill_n(output_column, s.columns * rows(CALCISOL_ROLE_OUTPUT).column(), 0.0);
    std::fill_n(flag, n, static_cast<std::int32_t>(CALCISOL_FLAG_FALLBACK));
    const double *ph = state + CALCISOL_STATE_PH * n, *calcite = state + CALCISOL_STATE_CALCITE * n;
    std::copy_n(ph, n, output_layer + CALCISOL_OUT_PH * n);
    std::fill_n(output_layer + CALCISOL_OUT_PCO2 * n, n, pco2_air);
    for (std::size_t i = 0; i < n; ++i)
      output_layer[CALCISOL_OUT_SIC * n + i] = calcite[i] * calcite_molar_mass * carbon_share;
    std::copy_n(ph, s.columns, output_column); // ph_top: first column row; the pH of layer 1
  }

  void laboratory_ph(Shape s, const double *, const double *state, double *ph) override {
    for (int row = 0; row < CALCISOL_N_LAB; ++row)
      std::copy_n(state + CALCISOL_STATE_PH * cells(s), cells(s), ph + row * cells(s));
  }

private:
  static std::size_t cells(Shape s) { return static_cast<std::size_t>(s.layers) * s.columns; }
};

} // namespace

bool Engine::needs_bundle() { return false; }
std::string Engine::info() { return "stub without torch: static pH"; }
std::unique_ptr<Module> Engine::load(const std::string &, int) { return std::make_unique<StubModule>(); }
const calcisol_kernel *native_kernel() { return nullptr; }

std::shared_ptr<DeviceModule> Engine::load_on_device(const std::string &, const calcisol_options &, std::string &) {
  throw Failure(CALCISOL_ERROR_UNSUPPORTED, "this is the stub without torch, which has no device; link libcalcisol");
}

std::unique_ptr<calcisol_columns> Engine::device_columns(std::shared_ptr<DeviceModule>, std::int64_t, int) {
  throw Failure(CALCISOL_ERROR_INTERNAL, "the stub has no device");
}

} // namespace calcisol
