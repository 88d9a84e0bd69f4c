// Columns whose state lives on a device: the host's device arrays are used in place, on the host's stream.
//
// All columns are one block, padded to a multiple of 8; screening, the module and the writing of outputs are tensor
// operations queued on the stream. Once every column has a state, a step is captured into a CUDA graph, keyed on the
// addresses, types and strides of the views (all of it where they lie on the device, else the part between copies), and
// replayed. Everything goes through torch's device-neutral interface: no CUDA header, nothing to link. With
// CALCISOL_EMULATED the same code runs on the CPU, without stream and graph: that is how it is tested without a GPU.
#include "backend.hpp"

#include <ATen/Context.h>
#include <ATen/accelerator/Graph.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <dlfcn.h>

#include <map>
#include <optional>

#include "device_blocks.hpp"
#include "torch_call.hpp"
#include "views.hpp"

namespace calcisol {

struct DeviceModule {
  torch::jit::Module module;
  c10::Device device;
  int threads;
  bool graphs;
};

namespace {

constexpr std::uint32_t all_slots = (1u << CALCISOL_N_STATE) - 1;
constexpr std::size_t most_graphs = 16; // of one columns object; a host that moves its arrays every step gets none
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

// Device, stream and torch settings of one call; the host's come back at its end.
class Queue {
public:
  Queue(const DeviceModule &model, void *stream) : call(model.threads) {
    if (model.device.is_cuda()) // id of a stream that is not torch's own: its address (c10/cuda/CUDAStream.cpp)
      guard.emplace(c10::Stream(c10::Stream::UNSAFE, model.device, reinterpret_cast<c10::StreamId>(stream)));
  }

private:
  Call call;
  std::optional<c10::StreamGuard> guard;
};

class DeviceColumns final : public calcisol_columns {
public:
  DeviceColumns(std::shared_ptr<DeviceModule> model, std::int64_t ncol, int nlay)
      : calcisol_columns(ncol, nlay), model(std::move(model)), device(this->model->device), width((ncol + 7) / 8 * 8),
        graphs(this->model->graphs) {
    const Queue queue(*this->model, nullptr);
    const Rows in = rows(CALCISOL_ROLE_FORCING), out = rows(CALCISOL_ROLE_OUTPUT);
    statics = Block(rows(CALCISOL_ROLE_STATIC), true, nlay, width, device);
    layer = Block(in, true, nlay, width, device);
    column = Block(in, false, nlay, width, device);
    const auto real = at::TensorOptions().dtype(at::kDouble).device(device), yes = real.dtype(at::kBool);
    state = at::zeros({CALCISOL_N_STATE, nlay, width}, real);
    out_layer = at::full({out.layered(), nlay, width}, not_a_number, real);
    out_column = at::full({out.column(), width}, not_a_number, real);
    flag = at::zeros({nlay, width}, real.dtype(at::kInt));
    dt = at::zeros({}, real);
    land = at::arange(width, real.dtype(at::kLong)).lt(ncol);
    for (at::Tensor *mask : {&static_bad, &has_state, &skipped, &refused, &stepped})
      *mask = at::zeros({width}, yes);
    slots.assign(static_cast<std::size_t>(ncol), 0);
  }

  ~DeviceColumns() override {
    try {
      synchronize(); // what is queued still reads our memory
    } catch (...) {
    }
  }

  void set_properties(const calcisol_view *properties, std::int32_t given, calcisol_report &report,
                      Finding &finding) override {
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
    at::Tensor fine = statics.values.isfinite(); // a derived property may wait as NaN for the initial state
    for (int i = 0; i < table.count; ++i)
      if (std::isnan(table[i].fill) && !table[i].required)
        fine.select(0, i).logical_or_(statics.values.select(0, i).isnan());
    good = good.logical_and(fine.flatten(0, 1).all(0));
    static_bad.copy_(land.logical_and(good.logical_not()));
    flag.copy_(outside.to(at::kInt) * CALCISOL_FLAG_CLIPPED);
    stepped.copy_(good), refused.copy_(static_bad), skipped.fill_(false);
    count(report, finding);
  }

  void step(double seconds, const calcisol_view *forcing, std::int32_t n_forcing, const calcisol_target *output,
            std::int32_t n_output, const calcisol_target *flag_target, bool counted, calcisol_report &report,
            Finding &finding) override {
    const Rows in = rows(CALCISOL_ROLE_FORCING), out = rows(CALCISOL_ROLE_OUTPUT);
    check_dt(seconds);
    check_inputs(forcing, n_forcing, in, "forcing", ncol, Reach::device);
    check_targets(output, n_output, out, "output", ncol, nlay, Reach::device);
    Exchange views{forcing, output, flag_target ? *flag_target : calcisol_target{}, {}, {}, false, true};
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

  void laboratory_ph(const calcisol_target *ph, std::int32_t given) override {
    const Rows table = rows(CALCISOL_ROLE_LAB);
    if (!ph)
      throw Failure(CALCISOL_ERROR_ARGUMENT, "the arrays for laboratory pH are NULL; pass an array of targets");
    check_targets(ph, given, table, "laboratory pH", ncol, nlay, Reach::device);
    if (ncol == 0)
      return;
    const Queue queue(*model, stream);
    const at::Tensor good = has_state.logical_and(static_bad.logical_not()), from = donor(good);
    const auto answer = run_method(model->module, "laboratory_ph",
                                   {with_good(statics.values, good, from), with_good(state, good, from)});
    const at::Tensor values = at::where(
        good, checked(answer, at::kDouble, {CALCISOL_N_LAB, nlay, width}, "laboratory pH"), at::Scalar(not_a_number));
    for (int i = 0; i < table.count; ++i)
      if (ph[i].data)
        scatter_row(values.select(0, i), ph[i], on_device(ph[i], table[i].name), true, ncol, nlay, device, {});
  }

  void state_get(std::int32_t slot, const calcisol_target &target) const override {
    const Queue queue(*model, stream);
    const char *name = rows(CALCISOL_ROLE_STATE)[slot].name;
    check_target(target, name, false, true, ncol, nlay);
    const std::vector<std::uint32_t> bits = slots_now();
    at::Tensor set = at::empty({width}, at::kBool);
    for (std::int64_t c = 0; c < width; ++c)
      set.data_ptr<bool>()[c] = c < ncol && (bits[c] >> slot & 1u);
    scatter_row(at::where(set, state.select(0, slot).cpu(), at::Scalar(no_state)), target, false, true, ncol, nlay,
                c10::Device(c10::kCPU), {});
  }

  void state_set(std::int32_t slot, const calcisol_view &values) override {
    const Queue queue(*model, stream);
    slots = slots_now();
    at::Tensor given = at::full({nlay, width}, no_state, at::kDouble), set = at::zeros({width}, at::kBool);
    gather_row(values, false, true, ncol, nlay, c10::Device(c10::kCPU), given);
    const at::Tensor here = is_bad(given).any(0).logical_not();
    for (std::int64_t c = 0; c < ncol; ++c) {
      slots[c] = here.data_ptr<bool>()[c] ? slots[c] | 1u << slot : slots[c] & ~(1u << slot);
      set.data_ptr<bool>()[c] = slots[c] == all_slots;
    }
    const at::Tensor row = state.select(0, slot);
    row.copy_(at::where(here.to(device), given.to(device), row));
    has_state.copy_(set);
    started = false;
  }

  void warmup() override {
    if (ncol == 0)
      return;
    const Queue queue(*model, stream);
    const auto made = [&](const Block &block, int role) {
      at::Tensor values = block.fill.expand_as(block.values).clone();
      for (std::size_t i = 0; i < block.rows.size(); ++i)
        values.select(0, static_cast<std::int64_t>(i))
            .fill_(made_up(rows(role)[block.rows[i]], block.rows[i], role == CALCISOL_ROLE_FORCING));
      return values;
    };
    const at::Tensor weather = made(layer, CALCISOL_ROLE_FORCING), above = made(column, CALCISOL_ROLE_FORCING);
    const at::Tensor soil = run_method(model->module, "prepare", {made(statics, CALCISOL_ROLE_STATIC)}).toTensor();
    const at::Tensor first = run_method(model->module, "initial_state", {soil, weather, above}).toTensor();
    run_method(model->module, "forward", {first, soil, weather, above, at::full_like(dt, 3600.0)});
    run_method(model->module, "laboratory_ph", {soil, first});
    wait();
  }

  void set_stream(void *given) override {
    if (given && !device.is_cuda())
      throw Failure(CALCISOL_ERROR_UNSUPPORTED, "a CUDA stream was given to columns on an emulated device; pass NULL");
    synchronize();
    stream = given;
  }

  void synchronize() override {
    const Queue queue(*model, stream);
    wait();
  }

private:
  struct Exchange {
    const calcisol_view *forcing;
    const calcisol_target *output;
    calcisol_target flag;
    std::vector<std::uint8_t> in_on_device, out_on_device; // the last of out: the flag
    bool masked, all_on_device;
  };

  template <class View> bool on_device(const View &view, const char *name) const {
    return lies_on_device(view.memory, view.data, name, device);
  }

  static at::Tensor donor(const at::Tensor &good) { return good.to(at::kInt).argmax(0, true); }

  void wait() const {
    if (device.is_cuda())
      c10::impl::VirtualGuardImpl(device.type())
          .synchronizeStream(c10::impl::VirtualGuardImpl(device.type()).getStream(device));
  }

  // Where the views lie, and which inputs are given. Looked up again only when a view has changed.
  void prepare(Exchange &views) {
    const Rows in = rows(CALCISOL_ROLE_FORCING), out = rows(CALCISOL_ROLE_OUTPUT);
    std::string now(reinterpret_cast<const char *>(views.forcing), in.count * sizeof(calcisol_view));
    if (views.output)
      now.append(reinterpret_cast<const char *>(views.output), out.count * sizeof(calcisol_target));
    now.append(reinterpret_cast<const char *>(&views.flag), sizeof views.flag);
    views.masked = views.forcing[CALCISOL_ACTIVE].data != nullptr;
    views.in_on_device.assign(in.count, 0), views.out_on_device.assign(out.count + 1, 0);
    if (now == key) {
      views.in_on_device = known_in, views.out_on_device = known_out, views.all_on_device = known_all;
      return;
    }
    std::vector<std::uint8_t> present(in.count);
    for (int i = 0; i < in.count; ++i)
      if ((present[i] = views.forcing[i].data != nullptr)) {
        views.in_on_device[i] = on_device(views.forcing[i], in[i].name);
        views.all_on_device = views.all_on_device && views.in_on_device[i];
      }
    for (int i = 0; i <= out.count; ++i) {
      const calcisol_target target = i == out.count ? views.flag : views.output ? views.output[i] : calcisol_target{};
      if (!target.data)
        continue;
      views.out_on_device[i] = on_device(target, i == out.count ? "flag" : out[i].name);
      views.all_on_device = views.all_on_device && views.out_on_device[i];
    }
    layer.set_present(present), column.set_present(present);
    key = now, known_in = views.in_on_device, known_out = views.out_on_device, known_all = views.all_on_device;
  }

  void gather_all(const Exchange &views) {
    for (Block *block : {&layer, &column})
      for (std::size_t i = 0; i < block->rows.size(); ++i)
        if (const int row = block->rows[i]; views.forcing[row].data)
          gather_row(views.forcing[row], views.in_on_device[row], block == &layer, ncol, nlay, device,
                     block->values.select(0, static_cast<std::int64_t>(i)));
  }

  // Screening, the module, the state. `initial`: some columns may have no state yet.
  void core(bool initial) {
    const at::Tensor bad_layer = layer.bad(), bad_column = column.bad();
    const auto active_row =
        std::find(column.rows.begin(), column.rows.end(), int(CALCISOL_ACTIVE)) - column.rows.begin();
    const at::Tensor active = column.values.select(0, active_row);
    const at::Tensor skip = active.lt(0.5).logical_and(is_bad(active).logical_not()).logical_or(land.logical_not());
    const at::Tensor bad = any_row(bad_layer).logical_or(any_row(bad_column)).logical_or(static_bad);
    const at::Tensor good = skip.logical_or(bad).logical_not(), from = donor(good);
    const at::Tensor clipped = layer.outside(bad_layer).any(0).logical_or(column.outside(bad_column).any(0));
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
    const at::Tensor infinite = any_row(after.isfinite().logical_not())
                                    .logical_or(any_row(layers.isfinite().logical_not()))
                                    .logical_or(any_row(columns.isfinite().logical_not()));
    const at::Tensor ok = good.logical_and(infinite.logical_not()), no = skip.logical_or(ok).logical_not();
    const at::Tensor clip = clipped.to(at::kInt) * CALCISOL_FLAG_CLIPPED;
    state.copy_(at::where(ok, after, state));
    has_state.logical_or_(ok);
    out_layer.copy_(at::where(no, at::Scalar(not_a_number), layers));
    out_column.copy_(at::where(no, at::Scalar(not_a_number), columns));
    flag.copy_(at::where(no, clip.bitwise_or(CALCISOL_FLAG_INVALID), clip.bitwise_or(bits)));
    skipped.copy_(skip), refused.copy_(no), stepped.copy_(ok);
  }

  void scatter_all(const Exchange &views) {
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

  void run_all(const Exchange &views) {
    gather_all(views);
    core(false);
    scatter_all(views);
  }

  // Until every column has a state, a step may have to make some: it waits once to see whether it must.
  void first_steps(const Exchange &views) {
    gather_all(views);
    core(true);
    scatter_all(views);
    started = has_state.logical_or(land.logical_not()).all().item<bool>();
  }

  void replay(const Exchange &views) {
    const std::string which = views.all_on_device ? key : std::string();
    auto found = captured.find(which);
    if (found == captured.end()) {
      if (captured.size() >= most_graphs)
        captured.clear();
      found = captured.emplace(which, nullptr).first;
      try {
        found->second = capture(views);
      } catch (const std::exception &error) { // steps go on, one launch after the other; the host is told
        captured.clear();
        graphs = false;
        notes.emplace_back(CALCISOL_LOG_WARNING,
                           std::string("a step could not be captured into a CUDA graph and is launched operation by "
                                       "operation: ") +
                               last_line(error.what()));
        return run_all(views);
      }
    }
    if (!views.all_on_device)
      gather_all(views);
    found->second->replay();
    if (!views.all_on_device)
      scatter_all(views);
  }

  // Record a step without running it: on a stream of torch's own, since the default stream cannot be captured.
  std::unique_ptr<at::accelerator::Graph> capture(const Exchange &views) {
    auto graph = std::make_unique<at::accelerator::Graph>();
    const c10::StreamGuard own(c10::impl::VirtualGuardImpl(device.type()).getStreamFromGlobalPool(device));
    graph->capture_begin({0, 0}, at::GraphCaptureMode::ThreadLocal);
    try {
      if (views.all_on_device)
        run_all(views);
      else
        core(false);
    } catch (...) {
      try {
        graph->capture_end();
      } catch (...) {
      }
      throw;
    }
    graph->capture_end();
    return graph;
  }

  void check_state() const {
    for (std::int64_t c = 0; c < ncol && !started; ++c) {
      if (slots[c] == 0 || slots[c] == all_slots)
        continue;
      int missing = 0;
      while (slots[c] >> missing & 1u)
        ++missing;
      throw Failure(CALCISOL_ERROR_STATE, "column " + std::to_string(c + 1) + " was given part of a state, but no " +
                                              rows(CALCISOL_ROLE_STATE)[missing].name + "; set all slots or none");
    }
  }

  // Slots as they are now: columns that have been stepped have all of them.
  std::vector<std::uint32_t> slots_now() const {
    std::vector<std::uint32_t> now = slots;
    const at::Tensor full = has_state.cpu();
    for (std::int64_t c = 0; c < ncol; ++c)
      if (full.data_ptr<bool>()[c])
        now[c] = all_slots;
    return now;
  }

  // Waits for the device.
  void count(calcisol_report &report, Finding &finding) const {
    const auto with = [&](int bit) { return flag.bitwise_and(bit).ne(0).logical_and(stepped).sum(); };
    const at::Tensor sums = at::stack({stepped.sum(), skipped.logical_and(land).sum(), refused.logical_and(land).sum(),
                                       with(CALCISOL_FLAG_CLIPPED), with(CALCISOL_FLAG_OUTSIDE_ENVELOPE),
                                       with(CALCISOL_FLAG_FALLBACK), with(CALCISOL_FLAG_RESIDUAL)})
                                .cpu();
    const std::int64_t *n = sums.data_ptr<std::int64_t>();
    report.columns_stepped = n[0], report.columns_inactive = n[1], report.columns_invalid = n[2];
    report.cells_clipped = n[3], report.cells_outside_envelope = n[4], report.cells_fallback = n[5];
    report.cells_residual = n[6];
    finding.on_device(n[2], n[3]);
  }

  std::shared_ptr<DeviceModule> model;
  const c10::Device device;
  const std::int64_t width;
  void *stream = nullptr;
  Block statics, layer, column;
  at::Tensor state, out_layer, out_column, flag, dt;
  at::Tensor land, static_bad, has_state, skipped, refused, stepped; // [column]
  std::vector<std::uint32_t> slots;                                  // set by the host, a bit each
  bool started = false, graphs, known_all = true;
  double last_dt = 0.0;
  std::string key;
  std::vector<std::uint8_t> known_in, known_out;
  std::map<std::string, std::unique_ptr<at::accelerator::Graph>> captured;
};

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
  const int devices = cuda.deviceCount();
  if (devices == 0)
    throw Failure(CALCISOL_ERROR_UNSUPPORTED, "torch sees no CUDA device; look at the driver and CUDA_VISIBLE_DEVICES");
  const int index = options.device_index < 0 ? cuda.getDevice().index() : options.device_index;
  if (index >= devices)
    throw Failure(CALCISOL_ERROR_ARGUMENT, "options.device_index is " + std::to_string(index) + ", there are " +
                                               std::to_string(devices) + " CUDA devices, numbered from 0");
  return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(index));
}

} // namespace

std::shared_ptr<DeviceModule> Engine::load_on_device(const std::string &bytes, const calcisol_options &options,
                                                     std::string &place) {
  const c10::Device device = device_for(options);
  place = device.is_cuda() ? "CUDA device " + std::to_string(device.index()) : "an emulated device";
  torch::jit::Module module = load_module(bytes, device, options.threads);
  check_methods(module);
  return std::make_shared<DeviceModule>(
      DeviceModule{std::move(module), device, options.threads, device.is_cuda() && options.device_graph == 0});
}

std::unique_ptr<calcisol_columns> Engine::device_columns(std::shared_ptr<DeviceModule> module, std::int64_t ncol,
                                                         int nlay) {
  return std::make_unique<DeviceColumns>(std::move(module), ncol, nlay);
}

} // namespace calcisol
