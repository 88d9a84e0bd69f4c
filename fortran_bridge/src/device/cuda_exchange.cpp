#include "device/cuda_exchange.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/cuda_driver.hpp"
#include "base/status.hpp"
#include "calcisol_constants.hpp"
#include "columns/views.hpp"

namespace calcisol {

namespace {

constexpr std::size_t line = 256; // bytes: arrays in a buffer start where memory is read in whole lines

template <class View> std::string bytes_of(const View *views, int count) {
  return views ? std::string(reinterpret_cast<const char *>(views), static_cast<std::size_t>(count) * sizeof(View))
               : std::string("none");
}

std::size_t size_of(std::int32_t dtype) { return dtype == CALCISOL_F64 ? sizeof(double) : sizeof(float); } // or int32

// Neighbours side by side and nothing between the layers: one copy moves it.
template <class View> bool is_dense(const View &view, bool layered, std::int64_t ncol, int nlay) {
  return (view.column_stride == 1 || ncol == 1) && (!layered || nlay == 1 || view.layer_stride == ncol);
}

// Bytes in a buffer, rounded up; what is not dense travels as float64 (a flag as it is).
std::size_t room(std::int32_t dtype, bool dense, std::size_t count) {
  const std::size_t bytes = count * (dense || dtype == CALCISOL_I32 ? size_of(dtype) : sizeof(double));
  return (bytes + line - 1) / line * line;
}

} // namespace

CudaInputs::CudaInputs(std::shared_ptr<const CudaModel> model, int role, std::int64_t ncol, int nlay)
    : model(std::move(model)), table(rows(role)), role(role), ncol(ncol), nlay(nlay),
      array(this->model, static_cast<std::size_t>(table.count)) {}

void CudaInputs::take(const calcisol_view *views, CudaHandle stream) {
  const std::string now = bytes_of(views, table.count);
  if (now == key)
    return;
  constexpr double slack = constants::limit_tolerance, infinity = std::numeric_limits<double>::infinity();
  list.clear(), copies.clear();
  std::size_t needed = 0;
  int next[] = {0, 0}; // row of the next variable without and with layers
  for (int i = 0; i < table.count; ++i) {
    const Variable &v = table[i];
    const calcisol_view &view = views[i];
    const double low = std::isnan(v.low) ? -infinity : v.low, high = std::isnan(v.high) ? infinity : v.high;
    calcisol_device_input in = {view.data,
                                view.column_stride,
                                view.layer_stride,
                                v.fill,
                                low,
                                high,
                                std::isinf(low) ? low : low - slack * std::fabs(low),
                                std::isinf(high) ? high : high + slack * std::fabs(high),
                                view.dtype == CALCISOL_F32,
                                v.layered,
                                next[v.layered]++,
                                role == CALCISOL_ROLE_FORCING && i == CALCISOL_ACTIVE};
    if (view.data && !lies_on_device(view.memory, view.data, v.name, model->device())) {
      const bool dense = is_dense(view, v.layered, ncol, nlay);
      copies.push_back({view, v.layered, dense, needed, list.size()});
      needed += room(view.dtype, dense, static_cast<std::size_t>(v.layered ? ncol * nlay : ncol));
      in.is_float32 = dense && view.dtype == CALCISOL_F32;
      in.column_stride = 1, in.layer_stride = ncol;
    }
    list.push_back(in);
  }
  if (needed > buffer.size())
    buffer = CudaArray<unsigned char>(model, needed);
  for (const auto &copy : copies)
    list[copy.index].data = buffer.data() + copy.place;
  array.upload(list.data(), 0, list.size(), stream);
  key = now, fresh = true;
}

void CudaInputs::copy(CudaHandle stream) {
  for (const auto &copy : copies) {
    const std::size_t count = static_cast<std::size_t>(copy.layered ? ncol * nlay : ncol);
    const auto *from = static_cast<const unsigned char *>(copy.view.data);
    std::size_t bytes = count * size_of(copy.view.dtype);
    if (!copy.dense) {
      scratch.resize(count);
      const int columns = static_cast<int>(ncol);
      gather(copy.view, {0, columns, columns, nlay}, copy.layered, 0.0, scratch.data());
      from = reinterpret_cast<const unsigned char *>(scratch.data());
      bytes = count * sizeof(double);
    }
    buffer.upload(from, copy.place, bytes, stream);
  }
}

// Pinned memory is read when the stream comes to it, not when the copy is queued: the host must not change it before.
void CudaInputs::hold(CudaHandle stream) const {
  if (copies.empty())
    return;
  const CudaApi &api = model->api();
  CudaHandle event = nullptr;
  const std::string doing = "waiting for " + model->place();
  constexpr unsigned no_timing = 2;
  cuda_check(api.cuEventCreate(&event, no_timing), doing);
  int code = api.cuEventRecord(event, stream);
  if (code == 0)
    code = api.cuEventSynchronize(event);
  api.cuEventDestroy_v2(event);
  cuda_check(code, doing);
}

CudaTargets::CudaTargets(std::shared_ptr<const CudaModel> model, int role, std::int64_t ncol, int nlay)
    : model(std::move(model)), table(rows(role)), ncol(ncol), nlay(nlay),
      array(this->model, static_cast<std::size_t>(table.count)) {}

calcisol_device_target CudaTargets::target(const calcisol_target &view, const char *name, bool layered, int row) {
  calcisol_device_target to = {view.data, view.column_stride, view.layer_stride, view.dtype == CALCISOL_F32, layered,
                               row};
  if (lies_on_device(view.memory, view.data, name, model->device()))
    return to;
  const bool dense = is_dense(view, layered, ncol, nlay) && !masked;
  copies.push_back({view, layered, dense, bytes_needed, list.size()});
  bytes_needed += room(view.dtype, dense, static_cast<std::size_t>(layered ? ncol * nlay : ncol));
  to.is_float32 = dense && view.dtype == CALCISOL_F32;
  to.column_stride = 1, to.layer_stride = ncol;
  return to;
}

void CudaTargets::take(const calcisol_target *views, const calcisol_target &flag, bool mask, CudaHandle stream) {
  const std::string now = bytes_of(views, table.count) + bytes_of(&flag, 1) + (mask ? "m" : "");
  if (now == key)
    return;
  key.clear();
  list.clear(), copies.clear();
  masked = mask, bytes_needed = 0;
  int next[] = {0, 0};
  for (int i = 0; i < table.count; ++i) {
    const bool layered = table[i].layered;
    const int row = next[layered]++;
    if (views && views[i].data)
      list.push_back(target(views[i], table[i].name, layered, row));
  }
  flag_target = flag.data ? target(flag, "flag", true, 0) : calcisol_device_target{};
  if (bytes_needed > buffer.size())
    buffer = CudaArray<unsigned char>(model, bytes_needed);
  for (const auto &copy : copies) // the flag's index is one past the list
    (copy.index < list.size() ? list[copy.index] : flag_target).data = buffer.data() + copy.place;
  array.upload(list.data(), 0, list.size(), stream);
  key = now;
}

// All buffers; the dense ones straight into the host's arrays.
void CudaTargets::fetch(CudaHandle stream) {
  for (const auto &copy : copies) {
    const std::size_t count = static_cast<std::size_t>(copy.layered ? ncol * nlay : ncol);
    if (copy.dense)
      buffer.download(static_cast<unsigned char *>(copy.view.data), copy.place, count * size_of(copy.view.dtype),
                      stream);
  }
  if (std::any_of(copies.begin(), copies.end(), [](const auto &copy) { return !copy.dense; })) {
    fetched.resize(bytes_needed);
    buffer.download(fetched.data(), 0, bytes_needed, stream);
  }
  cuda_check(model->api().cuStreamSynchronize(stream), "waiting for " + model->place());
}

void CudaTargets::scatter_all() const {
  const int columns = static_cast<int>(ncol);
  const Range all = {0, columns, columns, nlay};
  for (const auto &copy : copies) {
    if (copy.dense)
      continue;
    const void *block = fetched.data() + copy.place;
    if (copy.view.dtype == CALCISOL_I32)
      scatter(static_cast<const std::int32_t *>(block), all, write.data(), copy.view);
    else
      scatter(static_cast<const double *>(block), all, copy.layered, write.data(), copy.view);
  }
}

void CudaTargets::copy(const CudaArray<std::uint8_t> &lane, CudaHandle stream) {
  write.assign(static_cast<std::size_t>(ncol), 1);
  if (masked)
    lane.download(write.data(), 0, write.size(), stream); // 0: skipped
  fetch(stream);
  scatter_all();
}

} // namespace calcisol
