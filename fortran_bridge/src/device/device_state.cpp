// Columns on a device: state, laboratory pH, warm-up, counts, stream, and the CUDA graphs of a step. See
// device_columns.hpp.
#include "device/device_columns.hpp"

#include "columns/views.hpp"

namespace calcisol {

namespace {

constexpr std::size_t most_graphs = 16; // of one columns object; a host that moves its arrays every step gets none

} // namespace

void DeviceColumns::laboratory_ph(const calcisol_target *ph, std::int32_t given) {
  const Rows table = rows(CALCISOL_ROLE_LAB);
  if (!ph)
    throw Failure(CALCISOL_ERROR_ARGUMENT, "the arrays for laboratory pH are NULL; pass an array of targets");
  check_targets(ph, given, table, "laboratory pH", ncol, nlay, Reach::device);
  if (ncol == 0)
    return;
  const Queue queue(*model, stream);
  const at::Tensor good = has_state.logical_and(static_bad.logical_not()), from = donor(good);
  const auto answer =
      run_method(model->module, "laboratory_ph", {with_good(statics.values, good, from), with_good(state, good, from)});
  const at::Tensor values = at::where(
      good, checked(answer, at::kDouble, {CALCISOL_N_LAB, nlay, width}, "laboratory pH"), at::Scalar(nothing));
  for (int i = 0; i < table.count; ++i)
    if (ph[i].data)
      scatter_row(values.select(0, i), ph[i], on_device(ph[i], table[i].name), true, ncol, nlay, device, {});
}

void DeviceColumns::state_get(std::int32_t slot, const calcisol_target &target) const {
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

void DeviceColumns::state_set(std::int32_t slot, const calcisol_view &values) {
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

void DeviceColumns::soil_get(std::int32_t property, double *values) const {
  const Queue queue(*model, stream);
  const at::Tensor row = at::where(static_bad, at::Scalar(nothing), statics.values.select(0, property));
  scatter_row(row.cpu(), calcisol_to_f64(values, 1, ncol), false, true, ncol, nlay, c10::Device(c10::kCPU), {});
}

void DeviceColumns::warmup() {
  if (ncol == 0)
    return;
  const Queue queue(*model, stream);
  const auto made = [&](const Block &block, int role) {
    at::Tensor values = block.fill.expand_as(block.values).clone();
    for (std::size_t i = 0; i < block.rows.size(); ++i)
      values.select(0, static_cast<std::int64_t>(i))
          .fill_(synthetic(rows(role)[block.rows[i]], block.rows[i], role == CALCISOL_ROLE_FORCING));
    return values;
  };
  const at::Tensor weather = made(layer, CALCISOL_ROLE_FORCING), above = made(column, CALCISOL_ROLE_FORCING);
  const at::Tensor soil = run_method(model->module, "prepare", {made(statics, CALCISOL_ROLE_STATIC)}).toTensor();
  const at::Tensor first = run_method(model->module, "initial_state", {soil, weather, above}).toTensor();
  run_method(model->module, "forward", {first, soil, weather, above, at::full_like(dt, 3600.0)});
  run_method(model->module, "laboratory_ph", {soil, first});
  wait();
}

void DeviceColumns::set_stream(void *given) {
  if (given && !device.is_cuda())
    throw Failure(CALCISOL_ERROR_UNSUPPORTED, "a CUDA stream was given to columns on an emulated device; pass NULL");
  synchronize();
  stream = given;
}

void DeviceColumns::synchronize() {
  const Queue queue(*model, stream);
  wait();
}

void DeviceColumns::wait() const {
  if (device.is_cuda())
    c10::impl::VirtualGuardImpl(device.type())
        .synchronizeStream(c10::impl::VirtualGuardImpl(device.type()).getStream(device));
}

void DeviceColumns::prepare(Exchange &views) {
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

void DeviceColumns::replay(const Exchange &views) {
  const std::string which = views.all_on_device ? key : std::string();
  auto found = captured.find(which);
  if (found == captured.end()) {
    if (captured.size() >= most_graphs)
      captured.clear();
    found = captured.emplace(which, nullptr).first;
    try {
      found->second = capture(views);
    } catch (const std::exception &error) { // steps go on, one launch after the other, and the host gets a warning
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

std::unique_ptr<at::accelerator::Graph> DeviceColumns::capture(const Exchange &views) {
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

void DeviceColumns::check_state() const {
  for (std::int64_t c = 0; c < ncol && !started; ++c) {
    if (slots[c] != 0 && slots[c] != all_slots)
      refuse_part_of_state(slots[c], c);
  }
}

std::vector<std::uint32_t> DeviceColumns::slots_now() const {
  std::vector<std::uint32_t> now = slots;
  const at::Tensor full = has_state.cpu();
  for (std::int64_t c = 0; c < ncol; ++c)
    if (full.data_ptr<bool>()[c])
      now[c] = all_slots;
  return now;
}

void DeviceColumns::count(calcisol_report &report, Finding &finding) const {
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

} // namespace calcisol
