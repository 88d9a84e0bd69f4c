// The entries of calcisol.h: argument checks, catch-all, exception to status. No exception leaves this file.
#include "calcisol.h"

#include <limits>
#include <new>
#include <string>

#include "bundle.hpp"
#include "columns.hpp"
#include "host_guard.hpp"
#include "model.hpp"
#include "status.hpp"
#include "table.hpp"

using namespace calcisol;

namespace {

constexpr int max_layers = 60;
constexpr std::int64_t max_columns = std::int64_t(1) << 40; // beyond any machine; sizes stay far from overflow

// Run one entry: clears the text of this thread, keeps the host's environment, turns what is thrown into a status.
template <class Body> calcisol_status guarded(Body body) noexcept {
  set_text("");
  const HostGuard guard;
  try {
    body();
    return CALCISOL_OK;
  } catch (const Failure &failure) {
    set_text(failure.what());
    return failure.status;
  } catch (const std::bad_alloc &) {
    set_text("out of memory; use fewer columns per rank");
    return CALCISOL_ERROR_MEMORY;
  } catch (const std::exception &error) {
    try {
      set_text((std::string("defect of libcalcisol: ") + error.what() + "; please report it").c_str());
    } catch (...) {
    }
    return CALCISOL_ERROR_INTERNAL;
  } catch (...) {
    set_text("defect of libcalcisol: an unknown exception; please report it");
    return CALCISOL_ERROR_INTERNAL;
  }
}

[[noreturn]] void refuse(const std::string &text) { throw Failure(CALCISOL_ERROR_ARGUMENT, text); }

template <class T> T &need(T *pointer, const char *what) {
  if (!pointer)
    refuse(std::string(what) + " is NULL; pass one");
  return *pointer;
}

template <class T> void need_empty(T **handle, const char *what) {
  if (!handle)
    refuse(std::string("the pointer to the ") + what + " handle is NULL; pass the address of a handle");
  if (*handle)
    refuse(std::string("the ") + what + " handle is already in use; free it, or set it to NULL before its first use");
}

// The caller's report with its size checked, or one of our own to count in.
calcisol_report &begin(calcisol_report *given, calcisol_report &own) {
  if (given && given->struct_size != static_cast<std::int64_t>(sizeof *given))
    refuse("report.struct_size is " + std::to_string(given->struct_size) + ", not " + std::to_string(sizeof *given) +
           "; set it to sizeof(calcisol_report)");
  calcisol_report &report = given ? *given : own;
  report = calcisol_report{};
  report.struct_size = sizeof report;
  return report;
}

void check_slot(std::int32_t slot) {
  if (slot < 0 || slot >= CALCISOL_N_STATE)
    refuse("state slot " + std::to_string(slot) + " does not exist; give 0 to " + std::to_string(CALCISOL_N_STATE - 1));
}

} // namespace

extern "C" {

int32_t calcisol_abi_version(void) { return CALCISOL_ABI_VERSION; }

const char *calcisol_build_info(void) {
  const HostGuard guard;
  try {
    static const std::string text = std::string("calcisol ") + CALCISOL_VERSION + ", ABI " +
                                    std::to_string(CALCISOL_ABI_VERSION) + ", schema " +
                                    std::to_string(CALCISOL_SCHEMA_VERSION) + ", " + Engine::info();
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

calcisol_status calcisol_options_init(calcisol_options *options) {
  return guarded([&] {
    need(options, "options") = calcisol_options{};
    options->struct_size = sizeof *options;
    options->threads = 1;
  });
}

calcisol_status calcisol_open(const char *path, const calcisol_options *options, calcisol_model **model) {
  return guarded([&] {
    need_empty(model, "model");
    if (!path && Engine::needs_bundle())
      refuse("the path of the bundle is NULL; give the path of a .calcisol file");
    *model = open_model(Engine::needs_bundle() ? read_file(path) : std::string(), path ? path : "", options).release();
  });
}

calcisol_status calcisol_open_from_memory(const void *bytes, int64_t size, const calcisol_options *options,
                                          calcisol_model **model) {
  return guarded([&] {
    need_empty(model, "model");
    need(static_cast<const char *>(bytes), "the memory of the bundle");
    if (size <= 0)
      refuse("the bundle in memory has " + std::to_string(size) + " bytes; pass the size of the file");
    const std::string copy(static_cast<const char *>(bytes), static_cast<std::size_t>(size));
    *model = open_model(copy, "in memory", options).release();
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

calcisol_status calcisol_columns_create(calcisol_model *model, int64_t ncol, int32_t nlay,
                                        const calcisol_view *properties, int32_t n_properties, calcisol_report *given,
                                        calcisol_columns **columns) {
  return guarded([&] {
    calcisol_report own{};
    need(model, "the model");
    need_empty(columns, "columns");
    calcisol_report &report = begin(given, own);
    if (ncol < 0 || ncol > max_columns)
      refuse("ncol is " + std::to_string(ncol) + "; give the number of columns, 0 or more");
    if (nlay < 1 || nlay > max_layers)
      refuse("nlay is " + std::to_string(nlay) + "; give 1 to 60 layers");
    Finding finding;
    auto made = std::make_unique<calcisol_columns>(model->module, model->tile_columns, ncol, nlay);
    made->set_properties(properties, n_properties, report, finding);
    *columns = made.release();
    set_text(finding.text.c_str());
  });
}

calcisol_status calcisol_step(calcisol_columns *columns, double dt, const calcisol_view *forcing, int32_t n_forcing,
                              const calcisol_target *output, int32_t n_output, const calcisol_target *flag,
                              calcisol_report *given) {
  return guarded([&] {
    calcisol_report own{};
    need(columns, "the columns");
    calcisol_report &report = begin(given, own);
    Finding finding;
    columns->step(dt, forcing, n_forcing, output, n_output, flag, report, finding);
    set_text(finding.text.c_str());
  });
}

calcisol_status calcisol_laboratory_ph(calcisol_columns *columns, const calcisol_target *ph, int32_t n_ph) {
  return guarded([&] { need(columns, "the columns").laboratory_ph(ph, n_ph); });
}

calcisol_status calcisol_state_get(const calcisol_columns *columns, int32_t slot, const calcisol_target *values) {
  return guarded([&] {
    need(columns, "the columns");
    check_slot(slot);
    const char *name = rows(CALCISOL_ROLE_STATE)[slot].name;
    if (columns->ncol == 0)
      return;
    need(values && values->data ? values : nullptr, name);
    if (values->dtype != CALCISOL_F64)
      refuse(std::string("state ") + name + " needs a CALCISOL_F64 array: it is copied bit for bit");
    columns->state_get(slot, *values);
  });
}

calcisol_status calcisol_state_set(calcisol_columns *columns, int32_t slot, const calcisol_view *values) {
  return guarded([&] {
    need(columns, "the columns");
    check_slot(slot);
    const char *name = rows(CALCISOL_ROLE_STATE)[slot].name;
    if (columns->ncol == 0)
      return;
    check_input(need(values && values->data ? values : nullptr, name), name);
    if (values->dtype != CALCISOL_F64)
      refuse(std::string("state ") + name + " needs a CALCISOL_F64 array: it is copied bit for bit");
    columns->state_set(slot, *values);
  });
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
