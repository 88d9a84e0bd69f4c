#include "columns/views.hpp"

#include <algorithm>
#include <string>

#include "base/cuda_driver.hpp"
#include "base/status.hpp"

namespace calcisol {

namespace {

void check_memory(std::int32_t memory, const void *data, const char *name, Reach reach) {
  if (memory != CALCISOL_HOST && memory != CALCISOL_DEVICE && memory != CALCISOL_AUTO)
    throw Failure(CALCISOL_ERROR_ARGUMENT,
                  std::string(name) + " has memory " + std::to_string(memory) + "; zero the view before filling it");
  if (reach != Reach::device && (memory == CALCISOL_DEVICE || (memory == CALCISOL_AUTO && device_of(data) >= 0)))
    throw Failure(CALCISOL_ERROR_UNSUPPORTED,
                  std::string(name) + (reach == Reach::pieces
                                           ? " lies in device memory, which columns split within their layers do not "
                                             "reach; pass a host array"
                                           : " lies in device memory, which columns on the host cannot reach; pass a "
                                             "host array or open the model with options.device = CALCISOL_DEVICE"));
}

void check_count(std::int32_t given, Rows rows, const char *what) {
  if (given != rows.count)
    throw Failure(CALCISOL_ERROR_ARGUMENT, std::to_string(given) + " views of " + what +
                                               " were given, this library has " + std::to_string(rows.count) +
                                               "; compile against the calcisol.h of this installation");
}

template <class T> void gather_as(const calcisol_view &view, const Range &range, int layers, double *block) {
  const T *start = static_cast<const T *>(view.data);
  if (range.count == 1) { // as land models that step column by column: no call for a single value
    start += range.column(0) * view.column_stride;
    for (int l = 0; l < layers; ++l)
      block[l * range.width] = static_cast<double>(start[l * view.layer_stride]);
    return;
  }
  for (int l = 0; l < layers; ++l) {
    const T *row = start + l * view.layer_stride;
    if (view.column_stride == 1 && !range.listed) // as most hosts: several values at a time
      std::copy_n(row + range.first, range.count, block + l * range.width);
    else
      for (int c = 0; c < range.count; ++c)
        block[l * range.width + c] = static_cast<double>(row[range.column(c) * view.column_stride]);
  }
}

template <class To, class From>
void scatter_as(const From *block, const Range &range, int layers, const std::uint8_t *write,
                const calcisol_target &target) {
  To *start = static_cast<To *>(target.data);
  if (range.count == 1) {
    start += range.column(0) * target.column_stride;
    for (int l = 0; write[0] && l < layers; ++l)
      start[l * target.layer_stride] = static_cast<To>(block[l * range.width]);
    return;
  }
  const bool plain =
      target.column_stride == 1 && !range.listed && std::find(write, write + range.count, 0) == write + range.count;
  for (int l = 0; l < layers; ++l) {
    const From *row = block + l * range.width;
    To *to = start + l * target.layer_stride;
    for (int c = 0; plain && c < range.count; ++c) // as most hosts: several values at a time
      to[range.first + c] = static_cast<To>(row[c]);
    for (int c = 0; !plain && c < range.count; ++c)
      if (write[c])
        to[range.column(c) * target.column_stride] = static_cast<To>(row[c]);
  }
}

} // namespace

void check_input(const calcisol_view &view, const char *name, Reach reach) {
  if (!view.data)
    return;
  check_memory(view.memory, view.data, name, reach);
  if (view.dtype != CALCISOL_F64 && view.dtype != CALCISOL_F32)
    throw Failure(CALCISOL_ERROR_ARGUMENT, std::string(name) + " has dtype " + std::to_string(view.dtype) +
                                               "; give CALCISOL_F64 or CALCISOL_F32");
}

void check_inputs(const calcisol_view *views, std::int32_t given, Rows rows, const char *what, std::int64_t columns,
                  Reach reach) {
  check_count(given, rows, what);
  if (!views)
    throw Failure(CALCISOL_ERROR_ARGUMENT, std::string("the views of ") + what + " are NULL; pass an array of views");
  for (int i = 0; i < rows.count; ++i) {
    if (!views[i].data && rows[i].required && columns > 0)
      throw Failure(CALCISOL_ERROR_MISSING, std::string(rows[i].name) + " (" + rows[i].long_name + ", " +
                                                rows[i].units +
                                                ") is required and was not given; pass an array for it");
    check_input(views[i], rows[i].name, reach);
  }
}

void check_target(const calcisol_target &target, const char *name, bool integer, bool layered, std::int64_t columns,
                  int layers, Reach reach) {
  if (!target.data || columns == 0)
    return;
  check_memory(target.memory, target.data, name, reach);
  const bool known =
      integer ? target.dtype == CALCISOL_I32 : target.dtype == CALCISOL_F64 || target.dtype == CALCISOL_F32;
  if (!known)
    throw Failure(CALCISOL_ERROR_ARGUMENT, std::string(name) + " has dtype " + std::to_string(target.dtype) +
                                               "; give " + (integer ? "CALCISOL_I32" : "CALCISOL_F64 or CALCISOL_F32"));
  if ((columns > 1 && target.column_stride == 0) || (layered && layers > 1 && target.layer_stride == 0))
    throw Failure(CALCISOL_ERROR_ARGUMENT,
                  std::string(name) + " would be written with stride 0, one value over another; give its strides");
}

void check_targets(const calcisol_target *views, std::int32_t given, Rows rows, const char *what, std::int64_t columns,
                   int layers, Reach reach) {
  if (!views)
    return;
  check_count(given, rows, what);
  for (int i = 0; i < rows.count; ++i)
    check_target(views[i], rows[i].name, false, rows[i].layered, columns, layers, reach);
}

void gather(const calcisol_view &view, const Range &range, bool layered, double fill, double *block) {
  const int layers = layered ? range.layers : 1;
  if (!view.data)
    std::fill_n(block, layers * range.width, fill);
  else if (view.dtype == CALCISOL_F64)
    gather_as<double>(view, range, layers, block);
  else
    gather_as<float>(view, range, layers, block);
}

void scatter(const double *block, const Range &range, bool layered, const std::uint8_t *write,
             const calcisol_target &target) {
  const int layers = layered ? range.layers : 1;
  if (!target.data)
    return;
  if (target.dtype == CALCISOL_F64)
    scatter_as<double>(block, range, layers, write, target);
  else
    scatter_as<float>(block, range, layers, write, target);
}

void scatter(const std::int32_t *block, const Range &range, const std::uint8_t *write, const calcisol_target &target) {
  if (target.data)
    scatter_as<std::int32_t>(block, range, range.layers, write, target);
}

} // namespace calcisol
