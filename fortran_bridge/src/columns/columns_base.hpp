// The object behind calcisol_columns: HostColumns (columns.hpp), DeviceColumns or CudaColumns (device/), or
// SplitColumns (split_columns.hpp), which holds one of these.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/status.hpp"
#include "base/variable_table.hpp"
#include "calcisol.h"
#include "columns/screening.hpp"

namespace calcisol {

constexpr std::uint32_t all_slots = (1u << CALCISOL_N_STATE) - 1; // a column with these has a state
static_assert(CALCISOL_N_STATE < 32, "slots_set has one bit per slot");

// A column with some slots set and others not has no meaning: name the first that is missing.
[[noreturn]] inline void refuse_part_of_state(std::uint32_t slots, std::int64_t column) {
  int missing = 0;
  while (slots >> missing & 1u)
    ++missing;
  throw Failure(CALCISOL_ERROR_STATE, "column " + std::to_string(column + 1) + " was given part of a state, but no " +
                                          rows(CALCISOL_ROLE_STATE)[missing].name + "; set all slots or none");
}

// The caller's arrays of one step, as they were given.
struct StepViews {
  const calcisol_view *forcing;
  std::int32_t n_forcing;
  const calcisol_target *output; // NULL: none wanted
  std::int32_t n_output;
  calcisol_target flag; // data NULL: not wanted
};

} // namespace calcisol

struct calcisol_columns {
  calcisol_columns(std::int64_t ncol, int nlay) : ncol(ncol), nlay(nlay) {}
  virtual ~calcisol_columns() = default;
  calcisol_columns(const calcisol_columns &) = delete;
  calcisol_columns &operator=(const calcisol_columns &) = delete;

  virtual void set_properties(const calcisol_view *properties, std::int32_t count, calcisol_report &report,
                              calcisol::Finding &finding) = 0;
  // `counted`: the host wants the report, for which a device has to be waited for.
  virtual void step(double dt, const calcisol::StepViews &views, bool counted, calcisol_report &report,
                    calcisol::Finding &finding) = 0;
  virtual void laboratory_ph(const calcisol_target *ph, std::int32_t count) = 0;
  virtual void state_get(std::int32_t slot, const calcisol_target &values) const = 0;
  virtual void state_set(std::int32_t slot, const calcisol_view &values) = 0;
  // The same from values of the host's layers; others only where these are split (split_columns.hpp).
  virtual void state_spread(std::int32_t slot, const calcisol_view &values) { state_set(slot, values); }
  virtual int state_layers() const { return nlay; }
  // The state of some columns is kept aside, and given back to some of these: columns_kept.cpp.
  virtual void keep_state(const std::vector<std::int64_t> &columns);
  virtual void give_back(const std::vector<std::int64_t> &columns);
  // A static property with what was derived, [layer][column] in host memory; NaN where the soil of a column is bad.
  virtual void soil_get(std::int32_t property, double *values) const = 0;
  virtual void warmup() = 0;
  virtual void set_stream(void *stream) = 0;
  virtual void synchronize() = 0;

  const std::int64_t ncol;
  const int nlay;
  double longest = 0.0; // s, the longest step of the module; 0: no limit
  calcisol::Log log;
  unsigned said = 0;     // kinds of findings already logged, a bit each
  calcisol::Notes notes; // of the running call

protected:
  std::vector<std::int64_t> kept_columns; // ascending
  std::vector<double> kept;
};
