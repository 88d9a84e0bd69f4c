// The entries of calcisol.h: argument checks, catch-all, exception to status. No exception leaves this file.
#include "calcisol.h"

#include <string>

#include "api/creation.hpp"
#include "api/entry.hpp"
#include "api/model.hpp"
#include "api/options.hpp"
#include "base/cuda_driver.hpp"
#include "base/status.hpp"
#include "base/variable_table.hpp"
#include "bundle/bundle.hpp"
#include "calcisol_constants.hpp"
#include "columns/share_out.hpp"
#include "engine/engine.hpp"
#include "engine/native.hpp"

using namespace calcisol;

namespace {

// An open: the handle must be empty; what was opened is logged.
template <class Make>
calcisol_status opened(const calcisol_options *options, calcisol_model **model, Make make) noexcept {
  const Log log = log_of(options);
  Notes notes;
  const calcisol_status status = guarded(log, [&] {
    need_empty(model, "model");
    *model = make(notes).release();
  });
  for (const auto &[level, note] : notes)
    log.say(level, note.c_str());
  return status;
}

void check_slot(std::int32_t slot) {
  if (slot < 0 || slot >= CALCISOL_N_STATE)
    refuse("state slot " + std::to_string(slot) + " does not exist; give 0 to " + std::to_string(CALCISOL_N_STATE - 1));
}

void need_f64(std::int32_t dtype, const char *name) {
  if (dtype != CALCISOL_F64)
    refuse(std::string("state ") + name + " needs a CALCISOL_F64 array: it is copied bit for bit");
}

template <class Set>
calcisol_status set_slot(calcisol_columns *columns, std::int32_t slot, const calcisol_view *values, Set set) noexcept {
  return guarded_on(columns, [&](calcisol_columns &soil) {
    check_slot(slot);
    const char *name = rows(CALCISOL_ROLE_STATE)[slot].name;
    if (soil.ncol == 0)
      return;
    check_input(need(values && values->data ? values : nullptr, name), name);
    need_f64(values->dtype, name);
    set(soil);
  });
}

} // namespace

extern "C" {

int32_t calcisol_abi_version(void) { return CALCISOL_ABI_VERSION; }

const char *calcisol_build_info(void) {
  const HostGuard guard;
  try {
    static const std::string text = std::string("calcisol ") + CALCISOL_VERSION + ", ABI " +
                                    std::to_string(CALCISOL_ABI_VERSION) + ", schema " +
                                    std::to_string(CALCISOL_SCHEMA_VERSION) + ", " + Engine::info() + native_info();
    return text.c_str();
  } catch (...) {
    return "calcisol " CALCISOL_VERSION;
  }
}

const char *calcisol_status_string(calcisol_status status) {
  switch (status) {
  case CALCISOL_OK:
    return "ok";
  case CALCISOL_ERROR_ARGUMENT:
    return "argument";
  case CALCISOL_ERROR_MISSING:
    return "missing";
  case CALCISOL_ERROR_BUNDLE:
    return "bundle";
  case CALCISOL_ERROR_TORCH:
    return "torch";
  case CALCISOL_ERROR_MODEL:
    return "model";
  case CALCISOL_ERROR_MEMORY:
    return "memory";
  case CALCISOL_ERROR_UNSUPPORTED:
    return "unsupported";
  case CALCISOL_ERROR_STATE:
    return "state";
  case CALCISOL_ERROR_INTERNAL:
    return "internal";
  default:
    return "unknown";
  }
}

const char *calcisol_last_error(void) { return text(); }

int32_t calcisol_variable_count(int32_t role) {
  const int count = rows(role).count;
  return count > 0 ? count : -1;
}

calcisol_status calcisol_variable_get(int32_t role, int32_t row, calcisol_variable_info *info) {
  return guarded([&] {
    const Rows table = rows(role);
    if (row < 0 || row >= table.count)
      refuse("there is no variable " + std::to_string(row) + " of role " + std::to_string(role) +
             "; see calcisol_variable_count");
    const Variable &v = table[row];
    need(info, "info") = {v.name, v.units, v.long_name, v.standard_name, v.fill, v.low, v.high, v.layered, v.required};
  });
}

calcisol_status calcisol_options_init(calcisol_options *options, int64_t struct_size) {
  return guarded([&] { init_options(need(options, "options"), struct_size); });
}

calcisol_status calcisol_open(const char *path, const calcisol_options *options, calcisol_model **model) {
  return opened(options, model, [&](Notes &notes) {
    if (!path && Engine::needs_bundle())
      refuse("the path of the bundle is NULL; give the path of a .calcisol file");
    const std::string bytes = Engine::needs_bundle() ? read_file(path) : std::string();
    return open_model(bytes, path ? path : "", options, notes);
  });
}

calcisol_status calcisol_open_from_memory(const void *bytes, int64_t size, const calcisol_options *options,
                                          calcisol_model **model) {
  return opened(options, model, [&](Notes &notes) {
    need(static_cast<const char *>(bytes), "the memory of the bundle");
    if (size <= 0 || size > max_bundle_bytes)
      refuse("the bundle in memory has " + std::to_string(size) + " bytes; pass the size of the file");
    const std::string copy(static_cast<const char *>(bytes), static_cast<std::size_t>(size));
    return open_model(copy, "in memory", options, notes);
  });
}

calcisol_status calcisol_describe(const calcisol_model *model, const char **json) {
  return guarded([&] {
    need(json, "json") = nullptr;
    *json = need(model, "the model").contract.c_str();
  });
}

void calcisol_close(calcisol_model **model) {
  if (!model)
    return;
  const HostGuard guard;
  delete *model;
  *model = nullptr;
}

calcisol_status calcisol_device_count(int32_t *count) {
  return guarded([&] { need(count, "count") = device_count(); });
}

calcisol_status calcisol_device_of_rank(int32_t local_rank, int32_t *device_index) {
  return guarded([&] { need(device_index, "device_index") = device_of_rank(local_rank); });
}

calcisol_status calcisol_columns_create(calcisol_model *model, int64_t ncol, int32_t nlay,
                                        const calcisol_view *properties, int32_t n_properties, calcisol_report *report,
                                        calcisol_columns **columns) {
  return created(model, ncol, nlay, {properties, n_properties, report}, columns,
                 [&] { return new_columns(*model, ncol, nlay); });
}

calcisol_status calcisol_columns_create_split(calcisol_model *model, int64_t ncol, int32_t nlay,
                                              const calcisol_split *split, const calcisol_view *properties,
                                              int32_t n_properties, calcisol_report *report,
                                              calcisol_columns **columns) {
  return created(model, ncol, nlay, {properties, n_properties, report}, columns, [&] {
    const calcisol_split &how = need(split, "the split of the layers");
    return new_columns(*model, ncol, checked_pieces(how.pieces, nlay), how.soil_by_piece != 0);
  });
}

calcisol_status calcisol_pieces_of(int32_t nlay, const double *dz, double thickest, int32_t *pieces) {
  return guarded([&] {
    check_layers(nlay);
    propose_pieces(nlay, &need(dz, "dz"), thickest, &need(pieces, "the array of pieces"));
  });
}

calcisol_status calcisol_warmup(calcisol_columns *columns) {
  return guarded_on(columns, [](calcisol_columns &soil) { soil.warmup(); });
}

calcisol_status calcisol_set_stream(calcisol_columns *columns, void *cuda_stream) {
  return guarded_on(columns, [&](calcisol_columns &soil) { soil.set_stream(cuda_stream); });
}

calcisol_status calcisol_synchronize(calcisol_columns *columns) {
  return guarded_on(columns, [](calcisol_columns &soil) { soil.synchronize(); });
}

calcisol_status calcisol_step(calcisol_columns *columns, double dt, const calcisol_view *forcing, int32_t n_forcing,
                              const calcisol_target *output, int32_t n_output, const calcisol_target *flag,
                              calcisol_report *report) {
  return guarded_on(columns, [&](calcisol_columns &soil) {
    Counts counts(report);
    Finding finding;
    const StepViews views{forcing, n_forcing, output, n_output, flag ? *flag : calcisol_target{}};
    soil.step(dt, views, counts.wanted(), counts.own, finding);
    tell(soil, finding);
  });
}

calcisol_status calcisol_laboratory_ph(calcisol_columns *columns, const calcisol_target *ph, int32_t n_ph) {
  return guarded_on(columns, [&](calcisol_columns &soil) { soil.laboratory_ph(ph, n_ph); });
}

calcisol_status calcisol_state_get(const calcisol_columns *columns, int32_t slot, const calcisol_target *values) {
  return guarded(columns ? columns->log : Log{}, [&] {
    need(columns, "the columns");
    check_slot(slot);
    const char *name = rows(CALCISOL_ROLE_STATE)[slot].name;
    if (columns->ncol == 0)
      return;
    need_f64(need(values && values->data ? values : nullptr, name).dtype, name);
    columns->state_get(slot, *values);
  });
}

calcisol_status calcisol_state_set(calcisol_columns *columns, int32_t slot, const calcisol_view *values) {
  return set_slot(columns, slot, values, [&](calcisol_columns &soil) { soil.state_set(slot, *values); });
}

calcisol_status calcisol_state_spread(calcisol_columns *columns, int32_t slot, const calcisol_view *values) {
  return set_slot(columns, slot, values, [&](calcisol_columns &soil) { soil.state_spread(slot, *values); });
}

calcisol_status calcisol_state_layers(const calcisol_columns *columns, int32_t *layers) {
  return guarded([&] { need(layers, "layers") = need(columns, "the columns").state_layers(); });
}

calcisol_status calcisol_columns_size(const calcisol_columns *columns, int64_t *ncol, int32_t *nlay) {
  return guarded([&] {
    need(columns, "the columns");
    need(ncol, "ncol") = columns->ncol;
    need(nlay, "nlay") = columns->nlay;
  });
}

void calcisol_columns_free(calcisol_columns **columns) {
  if (!columns)
    return;
  const HostGuard guard;
  delete *columns;
  *columns = nullptr;
}

} // extern "C"
