// Columns on a CUDA device: creation, soil, and the step. See cuda_columns.hpp.
#include "device/cuda_columns.hpp"

#include <cmath>
#include <limits>

#include "base/status.hpp"
#include "calcisol_constants.hpp"
#include "columns/screening.hpp"
#include "columns/views.hpp"
#include "device/cuda_memory.hpp"
#include "device/device_engine.hpp"
#include "engine/subcycle.hpp"

namespace calcisol {

namespace {

constexpr std::int64_t most_cells = std::numeric_limits<std::int32_t>::max(); // a thousand GB of state and forcing

constexpr calcisol_device_codes codes = {
    constants::missing_from,        {constants::missing_value, constants::missing_value_orchidee},
    constants::strongest_brine,     CALCISOL_STATE_IONIC_STRENGTH,
    CALCISOL_FLAG_CLIPPED,          CALCISOL_FLAG_INVALID,
    CALCISOL_FLAG_OUTSIDE_ENVELOPE, CALCISOL_FLAG_FALLBACK,
    CALCISOL_FLAG_RESIDUAL};

calcisol_device_shape checked_shape(const CudaModel &model, std::int64_t ncol, int nlay) {
  if (ncol * nlay > most_cells)
    throw Failure(CALCISOL_ERROR_MEMORY, std::to_string(ncol) + " columns of " + std::to_string(nlay) +
                                             " layers are too many for one device; use more devices");
  return model.shape_of(ncol, nlay);
}

} // namespace

CudaColumns::CudaColumns(std::shared_ptr<CudaModel> given, std::int64_t ncol, int nlay)
    : calcisol_columns(ncol, nlay), model(std::move(given)), shape(checked_shape(*model, ncol, nlay)) {
  if (ncol == 0)
    return;
  const CudaModel::Entered here(*model);
  on = std::make_unique<Memory>(model, ncol, nlay);
  on->state.clear(stream), on->next.clear(stream), on->soil.clear(stream), on->soil_bad.clear(stream);
  on->lane.clear(stream), on->has_state.clear(stream), on->flag.clear(stream), on->module_flag.clear(stream);
  wait();
  slots.assign(static_cast<std::size_t>(ncol), 0);
}

CudaColumns::~CudaColumns() {
  if (!on)
    return;
  try {
    const CudaModel::Entered here(*model);
    model->api().cuStreamSynchronize(stream); // what is queued still reads our memory
    on.reset();
  } catch (...) { // the context is gone, and with it what was there: nothing is freed twice
  }
}

void CudaColumns::wait() const {
  cuda_check(model->api().cuStreamSynchronize(stream), "waiting for " + model->place());
}

calcisol_device_call CudaColumns::call(double dt) const {
  calcisol_device_call c{};
  c.shape = shape;
  c.statics = on->statics.data(), c.layer = on->layer.data(), c.column = on->column.data();
  c.state = on->state.data(), c.result = on->next.data(), c.dt = dt;
  c.output_layer = on->output_layer.data(), c.output_column = on->output_column.data();
  c.flag = on->module_flag.data();
  c.lane = on->lane.data(), c.has_state = on->has_state.data();
  return c;
}

calcisol_device_gather CudaColumns::gathering(const CudaInputs &from) const {
  calcisol_device_gather g{};
  g.shape = shape, g.codes = codes;
  g.inputs = from.data(), g.n = from.size(), g.refill = from.changed(), g.screened = 1;
  g.layer = on->layer.data(), g.column = on->column.data();
  g.flag = on->flag.data(), g.lane = on->lane.data();
  g.soil = on->soil.data(), g.soil_bad = on->soil_bad.data(), g.counts = on->counts.data();
  return g;
}

calcisol_device_deliver CudaColumns::delivering(bool counted) const {
  calcisol_device_deliver d{};
  d.shape = shape, d.codes = codes, d.slots = CALCISOL_N_STATE;
  d.layered = Memory::outputs().layered(), d.columned = Memory::outputs().column();
  d.before = on->state.data(), d.after = on->next.data();
  d.output_layer = on->output_layer.data(), d.output_column = on->output_column.data();
  d.module_flag = on->module_flag.data(), d.flag = on->flag.data();
  d.lane = on->lane.data(), d.has_state = on->has_state.data();
  d.targets = on->targets.data(), d.n = on->targets.size(), d.flag_target = on->targets.flag();
  d.counts = counted ? on->counts.data() : nullptr;
  return d;
}

// Soil properties into the block, screened here: once, and with words for what is found.
void CudaColumns::read_soil(const calcisol_view *properties, std::vector<std::uint8_t> &bad,
                            std::vector<std::int32_t> &flags, Finding &finding) {
  const Rows table = rows(CALCISOL_ROLE_STATIC);
  const int columns = static_cast<int>(ncol);
  const Range all = {0, columns, columns, nlay};
  const std::vector<std::uint8_t> none(static_cast<std::size_t>(ncol), 0);
  CudaInputs inputs(model, CALCISOL_ROLE_STATIC, ncol, nlay);
  inputs.take(properties, stream);
  inputs.copy(stream);
  calcisol_device_gather raw = gathering(inputs);
  raw.layer = on->statics.data(), raw.screened = 0;
  model->launch(CudaKernel::gather, raw, stream);
  std::vector<double> row(cells());
  for (int i = 0; i < table.count; ++i) {
    if (!properties[i].data)
      continue;
    on->statics.download(row.data(), cells() * static_cast<std::size_t>(i), cells(), stream);
    wait();
    screen(table[i], all, none.data(), row.data(), bad.data(), flags.data(), finding);
    on->statics.upload(row.data(), cells() * static_cast<std::size_t>(i), cells(), stream);
  }
}

// What is not given is derived; a derived property may stay NaN until the initial state.
void CudaColumns::derive_soil(std::vector<std::uint8_t> &bad, Finding &finding) {
  const Rows table = rows(CALCISOL_ROLE_STATIC);
  calcisol_device_call prepare = call(0.0);
  prepare.result = on->statics.data();
  model->launch(CudaKernel::prepare, prepare, stream);
  std::vector<double> row(cells());
  for (int i = 0; i < table.count; ++i) {
    on->statics.download(row.data(), cells() * static_cast<std::size_t>(i), cells(), stream);
    wait();
    const bool derived = std::isnan(table[i].fill) && !table[i].required;
    for (std::size_t k = 0; k < row.size(); ++k) {
      const std::size_t c = k % static_cast<std::size_t>(ncol);
      if (bad[c] || std::isfinite(row[k]) || (derived && std::isnan(row[k])))
        continue;
      finding.no_soil(static_cast<std::int64_t>(c));
      bad[c] = 1;
    }
  }
}

void CudaColumns::set_properties(const calcisol_view *properties, std::int32_t given, calcisol_report &report,
                                 Finding &finding) {
  check_inputs(properties, given, rows(CALCISOL_ROLE_STATIC), "soil properties", ncol, Reach::device);
  if (ncol == 0)
    return;
  const CudaModel::Entered here(*model);
  std::vector<std::uint8_t> bad(static_cast<std::size_t>(ncol), 0);
  std::vector<std::int32_t> flags(cells(), 0);
  read_soil(properties, bad, flags, finding);
  derive_soil(bad, finding);
  on->soil.upload(flags.data(), 0, flags.size(), stream);
  on->soil_bad.upload(bad.data(), 0, bad.size(), stream);
  wait();
  for (const std::uint8_t column : bad)
    ++(column ? report.columns_invalid : report.columns_stepped);
  for (std::size_t k = 0; k < flags.size(); ++k)
    report.cells_clipped += flags[k] && !bad[k % static_cast<std::size_t>(ncol)];
}

void CudaColumns::step(double dt, const StepViews &given, bool counted, calcisol_report &report, Finding &finding) {
  const Rows in = rows(CALCISOL_ROLE_FORCING), out = rows(CALCISOL_ROLE_OUTPUT);
  check_dt(dt);
  if (parts_of(dt, longest) > 1) // only the host's path cuts long steps
    throw Failure(CALCISOL_ERROR_ARGUMENT, "dt is " + number(dt) + " s; on a device steps are at most " +
                                               number(longest) + " s, call more often");
  check_inputs(given.forcing, given.n_forcing, in, "forcing", ncol, Reach::device);
  check_targets(given.output, given.n_output, out, "output", ncol, nlay, Reach::device);
  check_target(given.flag, "flag", true, true, ncol, nlay, Reach::device);
  check_state();
  if (ncol == 0)
    return;
  const CudaModel::Entered here(*model);
  on->inputs.take(given.forcing, stream);
  on->targets.take(given.output, given.flag, given.forcing[CALCISOL_ACTIVE].data != nullptr, stream);
  on->inputs.copy(stream);
  model->launch(CudaKernel::gather, gathering(on->inputs), stream);
  on->inputs.settled();
  if (!started)
    make_states();
  const bool asked = counted || first; // the first step waits to see whether others have to make states
  model->launch(CudaKernel::step, call(dt), stream);
  model->launch(CudaKernel::deliver, delivering(asked), stream);
  if (on->targets.to_host())
    on->targets.copy(on->lane, stream);
  if (asked)
    read_counts(counted, report, finding);
  else if (!on->targets.to_host())
    on->inputs.hold(stream);
  on->state.swap(on->next);
  first = false;
}

// Columns without a state get the one of their soil in this weather; blocks without such columns end at once.
void CudaColumns::make_states() {
  calcisol_device_call made = call(0.0);
  made.result = on->state.data();
  model->launch(CudaKernel::initial_state, made, stream);
}

void CudaColumns::read_counts(bool told, calcisol_report &report, Finding &finding) {
  unsigned long long n[calcisol_device_counts] = {};
  on->counts.download(n, 0, calcisol_device_counts, stream);
  wait();
  started = n[7] == 0;
  if (!told)
    return;
  const auto number_of = [&](int i) { return static_cast<std::int64_t>(n[i]); };
  report.columns_stepped = number_of(0), report.columns_inactive = number_of(1);
  report.columns_invalid = number_of(2), report.cells_clipped = number_of(3);
  report.cells_outside_envelope = number_of(4), report.cells_fallback = number_of(5);
  report.cells_residual = number_of(6);
  finding.on_device(report.columns_invalid, report.cells_clipped);
}

std::unique_ptr<calcisol_columns> CudaEngine::columns(std::shared_ptr<CudaModel> model, std::int64_t ncol, int nlay) {
  return std::make_unique<CudaColumns>(std::move(model), ncol, nlay);
}

} // namespace calcisol
