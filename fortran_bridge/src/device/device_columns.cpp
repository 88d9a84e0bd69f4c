// Columns on a device: finding the device, creation, and the step. See device_columns.hpp.
#include "device/device_columns.hpp"
#include "engine/subcycle.hpp"

#include <ATen/Context.h>
#include <dlfcn.h>

#include <algorithm>

#include "base/cuda_driver.hpp"
#include "columns/views.hpp"
#include "device/device_engine.hpp"

namespace calcisol {

DeviceColumns::DeviceColumns(std::shared_ptr<DeviceModule> model, std::int64_t ncol, int nlay)
    : calcisol_columns(ncol, nlay), model(std::move(model)), device(this->model->device), width((ncol + 7) / 8 * 8),
      graphs(this->model->graphs) {
  const Queue queue(*this->model, nullptr);
  const Rows in = rows(CALCISOL_ROLE_FORCING), out = rows(CALCISOL_ROLE_OUTPUT);
  statics = Block(rows(CALCISOL_ROLE_STATIC), true, nlay, width, device);
  layer = Block(in, true, nlay, width, device);
  column = Block(in, false, nlay, width, device);
  const auto real = at::TensorOptions().dtype(at::kDouble).device(device), yes = real.dtype(at::kBool);
  state = at::zeros({CALCISOL_N_STATE, nlay, width}, real);
  out_layer = at::full({out.layered(), nlay, width}, nothing, real);
  out_column = at::full({out.column(), width}, nothing, real);
  flag = at::zeros({nlay, width}, real.dtype(at::kInt));
  soil_clipped = at::zeros({nlay, width}, yes);
  dt = at::zeros({}, real);
  land = at::arange(width, real.dtype(at::kLong)).lt(ncol);
  for (at::Tensor *mask : {&static_bad, &has_state, &skipped, &refused, &stepped})
    *mask = at::zeros({width}, yes);
  slots.assign(static_cast<std::size_t>(ncol), 0);
}

DeviceColumns::~DeviceColumns() {
  try {
    synchronize(); // what is queued still reads our memory
  } catch (...) {
  }
}

void DeviceColumns::set_properties(const calcisol_view *properties, std::int32_t given, calcisol_report &report,
                                   Finding &finding) {
  const Rows table = rows(CALCISOL_ROLE_STATIC);
  check_inputs(properties, given, table, "soil properties", ncol, Reach::device);
  if (ncol == 0)
    return;
  const Queue queue(*model, stream);
  std::vector<std::uint8_t> present(table.count);
  for (int i = 0; i < table.count; ++i)
    present[i] = properties[i].data != nullptr;
  statics.set_present(present);
  for (int i = 0; i < table.count; ++i)
    if (present[i])
      gather_row(properties[i], on_device(properties[i], table[i].name), true, ncol, nlay, device,
                 statics.values.select(0, i));
  const at::Tensor bad = statics.bad(), outside = statics.outside(bad).any(0);
  at::Tensor good = land.logical_and(any_row(bad).logical_not());
  const at::Tensor cleaned = with_good(statics.clean(), good, donor(good));
  const auto answer = run_method(model->module, "prepare", {cleaned.clone()});
  statics.values.copy_(checked(answer, at::kDouble, statics.values.sizes(), "soil properties"));
  at::Tensor fine = statics.values.isfinite(); // a derived property may stay NaN until the initial state
  for (int i = 0; i < table.count; ++i)
    if (std::isnan(table[i].fill) && !table[i].required)
      fine.select(0, i).logical_or_(statics.values.select(0, i).isnan());
  good = good.logical_and(fine.flatten(0, 1).all(0));
  static_bad.copy_(land.logical_and(good.logical_not()));
  soil_clipped.copy_(outside);
  flag.copy_(outside.to(at::kInt) * CALCISOL_FLAG_CLIPPED);
  stepped.copy_(good), refused.copy_(static_bad), skipped.fill_(false);
  count(report, finding);
}

void DeviceColumns::step(double seconds, const StepViews &given, bool counted, calcisol_report &report,
                         Finding &finding) {
  const Rows in = rows(CALCISOL_ROLE_FORCING), out = rows(CALCISOL_ROLE_OUTPUT);
  check_dt(seconds);
  if (parts_of(seconds, longest) > 1) // only the host's path cuts long steps
    throw Failure(CALCISOL_ERROR_ARGUMENT, "dt is " + number(seconds) + " s; on a device steps are at most " +
                                               number(longest) + " s, call more often");
  check_inputs(given.forcing, given.n_forcing, in, "forcing", ncol, Reach::device);
  check_targets(given.output, given.n_output, out, "output", ncol, nlay, Reach::device);
  Exchange views{given.forcing, given.output, given.flag, {}, {}, false, true};
  check_target(views.flag, "flag", true, true, ncol, nlay, Reach::device);
  check_state();
  if (ncol == 0)
    return;
  const Queue queue(*model, stream);
  prepare(views);
  if (seconds != last_dt) // a number on the device: a captured one would be frozen
    dt.fill_(last_dt = seconds);
  if (!started)
    first_steps(views);
  else if (!graphs)
    run_all(views);
  else
    replay(views);
  if (counted)
    count(report, finding);
}

void DeviceColumns::gather_all(const Exchange &views) {
  for (Block *block : {&layer, &column})
    for (std::size_t i = 0; i < block->rows.size(); ++i)
      if (const int row = block->rows[i]; views.forcing[row].data)
        gather_row(views.forcing[row], views.in_on_device[row], block == &layer, ncol, nlay, device,
                   block->values.select(0, static_cast<std::int64_t>(i)));
}

void DeviceColumns::core(bool initial) {
  const at::Tensor bad_layer = layer.bad(), bad_column = column.bad();
  const auto active_row = std::find(column.rows.begin(), column.rows.end(), int(CALCISOL_ACTIVE)) - column.rows.begin();
  const at::Tensor active = column.values.select(0, active_row);
  const at::Tensor skip = active.lt(0.5).logical_and(is_bad(active).logical_not()).logical_or(land.logical_not());
  const at::Tensor bad = any_row(bad_layer).logical_or(any_row(bad_column)).logical_or(static_bad);
  const at::Tensor good = skip.logical_or(bad).logical_not(), from = donor(good);
  const at::Tensor clipped =
      layer.outside(bad_layer).any(0).logical_or(column.outside(bad_column).any(0)).logical_or(soil_clipped);
  const at::Tensor soil = with_good(statics.values, good, from), weather = with_good(layer.clean(), good, from),
                   above = with_good(column.clean(), good, from);
  at::Tensor before = with_good(state, good, from);
  if (initial) {
    const auto made = run_method(model->module, "initial_state", {soil, weather, above});
    before =
        at::where(good.logical_and(has_state), state, checked(made, at::kDouble, state.sizes(), "an initial state"));
    before = with_good(before, good, from);
  }
  const auto answer = run_method(model->module, "forward", {before, soil, weather, above, dt});
  if (!answer.isTuple() || answer.toTupleRef().elements().size() != 4)
    throw Failure(CALCISOL_ERROR_MODEL,
                  "the module in the bundle did not answer a step with four tensors; export it again");
  const auto &parts = answer.toTupleRef().elements();
  const at::Tensor after = checked(parts[0], at::kDouble, state.sizes(), "a state"),
                   layers = checked(parts[1], at::kDouble, out_layer.sizes(), "layer outputs"),
                   columns = checked(parts[2], at::kDouble, out_column.sizes(), "column outputs"),
                   bits = checked(parts[3], at::kInt, flag.sizes(), "a flag");
  const at::Tensor strength = after.select(0, CALCISOL_STATE_IONIC_STRENGTH);
  const at::Tensor failed = any_row(after.isfinite().logical_not())
                                .logical_or(any_row(layers.isfinite().logical_not()))
                                .logical_or(any_row(columns.isfinite().logical_not()))
                                .logical_or(any_row(strength.gt(constants::strongest_brine)));
  const at::Tensor ok = good.logical_and(failed.logical_not()), no = skip.logical_or(ok).logical_not();
  const at::Tensor clip = clipped.to(at::kInt) * CALCISOL_FLAG_CLIPPED;
  state.copy_(at::where(ok, after, state));
  has_state.logical_or_(ok);
  out_layer.copy_(at::where(no, at::Scalar(nothing), layers));
  out_column.copy_(at::where(no, at::Scalar(nothing), columns));
  flag.copy_(at::where(no, clip.bitwise_or(CALCISOL_FLAG_INVALID), clip.bitwise_or(bits)));
  skipped.copy_(skip), refused.copy_(no), stepped.copy_(ok);
}

void DeviceColumns::scatter_all(const Exchange &views) {
  const Rows out = rows(CALCISOL_ROLE_OUTPUT);
  const at::Tensor keep = views.masked ? skipped : at::Tensor();
  std::int64_t layer_row = 0, column_row = 0;
  for (int i = 0; views.output && i < out.count; ++i) {
    const at::Tensor value = out[i].layered ? out_layer.select(0, layer_row++) : out_column.select(0, column_row++);
    if (views.output[i].data)
      scatter_row(value, views.output[i], views.out_on_device[i], out[i].layered, ncol, nlay, device, keep);
  }
  if (views.flag.data)
    scatter_row(flag, views.flag, views.out_on_device[out.count], true, ncol, nlay, device, keep);
}

void DeviceColumns::run_all(const Exchange &views) {
  gather_all(views);
  core(false);
  scatter_all(views);
}

void DeviceColumns::first_steps(const Exchange &views) {
  gather_all(views);
  core(true);
  scatter_all(views);
  started = has_state.logical_or(land.logical_not()).all().item<bool>();
}

namespace {

// The device asked for, or Failure: a CUDA torch and a driver must be there.
c10::Device device_for(const calcisol_options &options) {
  if (options.device == CALCISOL_EMULATED)
    return c10::Device(c10::kCPU);
  if (!at::hasCUDA())
    dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL); // registers itself; found by our own RUNPATH
  if (!c10::impl::hasDeviceGuardImpl(c10::kCUDA))
    throw Failure(CALCISOL_ERROR_UNSUPPORTED,
                  "the installed torch has no CUDA; install a CUDA build of the same version, or set CALCISOL_HOST");
  const c10::impl::VirtualGuardImpl cuda(c10::kCUDA);
  // The driver is asked as well: where it shows none, FakeTensorMode of torch (Python, the same process) puts a guard
  // in place that counts one device and does nothing, and the module would step on no device at all.
  const int devices = std::min<int>(cuda.deviceCount(), device_count());
  if (devices == 0)
    throw Failure(CALCISOL_ERROR_UNSUPPORTED, "torch sees no CUDA device; look at the driver and CUDA_VISIBLE_DEVICES");
  const int index = options.device_index < 0 ? cuda.getDevice().index() : options.device_index;
  if (index >= devices)
    throw Failure(CALCISOL_ERROR_ARGUMENT, "options.device_index is " + std::to_string(index) + ", there are " +
                                               std::to_string(devices) + " CUDA devices, numbered from 0");
  return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(index));
}

} // namespace

std::shared_ptr<DeviceModule> DeviceEngine::load(const std::string &bytes, const calcisol_options &options,
                                                 std::string &place) {
  check_torch();
  const c10::Device device = device_for(options);
  place = device.is_cuda() ? "CUDA device " + std::to_string(device.index()) : "an emulated device";
  torch::jit::Module module = load_module(bytes, device, options.threads);
  check_methods(module);
  return std::make_shared<DeviceModule>(
      DeviceModule{std::move(module), device, options.threads, device.is_cuda() && options.device_graph == 0});
}

std::unique_ptr<calcisol_columns> DeviceEngine::columns(std::shared_ptr<DeviceModule> module, std::int64_t ncol,
                                                        int nlay) {
  return std::make_unique<DeviceColumns>(std::move(module), ncol, nlay);
}

} // namespace calcisol
