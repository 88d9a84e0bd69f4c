// Columns on a CUDA device: state, laboratory pH, warm-up, stream. See cuda_columns.hpp.
#include "base/status.hpp"
#include "columns/columns.hpp"
#include "device/cuda_memory.hpp"

namespace calcisol {

void CudaColumns::check_state() const {
  for (std::int64_t c = 0; c < ncol && !started; ++c) {
    if (slots[c] != 0 && slots[c] != all_slots)
      refuse_part_of_state(slots[c], c);
  }
}

std::vector<std::uint32_t> CudaColumns::slots_now() const {
  std::vector<std::uint32_t> now = slots;
  std::vector<std::uint8_t> full(now.size());
  on->has_state.download(full.data(), 0, full.size(), stream);
  wait();
  for (std::size_t c = 0; c < now.size(); ++c)
    if (full[c])
      now[c] = all_slots;
  return now;
}

void CudaColumns::laboratory_ph(const calcisol_target *ph, std::int32_t given) {
  if (!ph)
    throw Failure(CALCISOL_ERROR_ARGUMENT, "the arrays for laboratory pH are NULL; pass an array of targets");
  check_targets(ph, given, rows(CALCISOL_ROLE_LAB), "laboratory pH", ncol, nlay, Reach::device);
  if (ncol == 0)
    return;
  const CudaModel::Entered here(*model);
  on->readings.take(ph, {}, false, stream);
  calcisol_device_call reading = call(0.0);
  reading.result = on->output_layer.data();
  model->launch(CudaKernel::laboratory_ph, reading, stream);
  const calcisol_device_hand_out hand_out = {shape,
                                             on->output_layer.data(),
                                             on->has_state.data(),
                                             on->soil_bad.data(),
                                             on->readings.data(),
                                             on->readings.size()};
  model->launch(CudaKernel::hand_out, hand_out, stream);
  if (on->readings.to_host())
    on->readings.copy(on->lane, stream);
}

void CudaColumns::state_get(std::int32_t slot, const calcisol_target &target) const {
  check_target(target, rows(CALCISOL_ROLE_STATE)[slot].name, false, true, ncol, nlay);
  if (ncol == 0)
    return;
  const CudaModel::Entered here(*model);
  const std::vector<std::uint32_t> set = slots_now();
  std::vector<double> block(cells());
  on->state.download(block.data(), cells() * static_cast<std::size_t>(slot), cells(), stream);
  wait();
  for (std::size_t k = 0; k < block.size(); ++k)
    if (!(set[k % set.size()] >> slot & 1u))
      block[k] = no_state;
  const int columns = static_cast<int>(ncol);
  const std::vector<std::uint8_t> everywhere(set.size(), 1);
  scatter(block.data(), {0, columns, columns, nlay}, true, everywhere.data(), target);
}

void CudaColumns::state_set(std::int32_t slot, const calcisol_view &values) {
  const CudaModel::Entered here(*model);
  std::vector<std::uint32_t> now = slots_now();
  std::vector<double> given(cells()), block(cells());
  std::vector<std::uint8_t> missing(now.size(), 0), full(now.size(), 0);
  const int columns = static_cast<int>(ncol);
  gather(values, {0, columns, columns, nlay}, true, no_state, given.data());
  on->state.download(block.data(), cells() * static_cast<std::size_t>(slot), cells(), stream);
  wait();
  for (std::size_t k = 0; k < given.size(); ++k)
    missing[k % missing.size()] |= is_bad(given[k]);
  for (std::size_t k = 0; k < given.size(); ++k)
    if (!missing[k % missing.size()])
      block[k] = given[k];
  for (std::size_t c = 0; c < now.size(); ++c) {
    now[c] = missing[c] ? now[c] & ~(1u << slot) : now[c] | 1u << slot;
    full[c] = now[c] == all_slots;
  }
  on->state.upload(block.data(), cells() * static_cast<std::size_t>(slot), cells(), stream);
  on->has_state.upload(full.data(), 0, full.size(), stream);
  wait();
  slots = now, first = true, started = false;
}

void CudaColumns::soil_get(std::int32_t property, double *values) const {
  if (ncol == 0)
    return;
  const CudaModel::Entered here(*model);
  std::vector<std::uint8_t> bad(static_cast<std::size_t>(ncol));
  on->statics.download(values, cells() * static_cast<std::size_t>(property), cells(), stream);
  on->soil_bad.download(bad.data(), 0, bad.size(), stream);
  wait();
  for (std::size_t k = 0; k < cells(); ++k)
    if (bad[k % bad.size()])
      values[k] = not_a_number;
}

// All kernels once, on synthetic weather, without a trace: no column is stepped, states go to and fro.
void CudaColumns::warmup() {
  if (ncol == 0)
    return;
  const CudaModel::Entered here(*model);
  const Rows forcing = rows(CALCISOL_ROLE_FORCING);
  std::size_t at[] = {0, 0}; // in the blocks of columns and of cells
  for (int i = 0; i < forcing.count; ++i) {
    const bool layered = forcing[i].layered;
    const std::vector<double> row(layered ? cells() : static_cast<std::size_t>(ncol), synthetic(forcing[i], i, true));
    (layered ? on->layer : on->column).upload(row.data(), at[layered], row.size(), stream);
    at[layered] += row.size();
  }
  on->inputs.unsettled();
  calcisol_device_gather nothing = gathering(on->inputs);
  nothing.n = 0;
  model->launch(CudaKernel::gather, nothing, stream);
  on->lane.clear(stream); // all skipped
  make_states();
  calcisol_device_call c = call(3600.0);
  c.state = on->next.data();
  model->launch(CudaKernel::step, c, stream);
  calcisol_device_deliver deliver = delivering(true);
  deliver.n = 0, deliver.flag_target = {};
  model->launch(CudaKernel::deliver, deliver, stream);
  c.result = on->output_layer.data();
  model->launch(CudaKernel::laboratory_ph, c, stream);
  model->launch(CudaKernel::hand_out,
                calcisol_device_hand_out{shape, on->output_layer.data(), on->has_state.data(), on->soil_bad.data(),
                                         on->readings.data(), 0},
                stream);
  wait();
}

void CudaColumns::set_stream(void *given) {
  synchronize();
  stream = given;
}

void CudaColumns::synchronize() {
  if (ncol == 0)
    return;
  const CudaModel::Entered here(*model);
  wait();
}

} // namespace calcisol
