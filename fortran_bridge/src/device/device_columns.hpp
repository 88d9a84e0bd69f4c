// Columns whose state lives on a device: the host's device arrays are used in place, on the host's stream.
//
// All columns are one block, padded to a multiple of 8; screening, the module and the writing of outputs are tensor
// operations queued on the stream. Once every column has a state, a step is captured into a CUDA graph, keyed on the
// addresses, types and strides of the views (all of it where they lie on the device, else the part between copies), and
// replayed. Everything goes through torch's device-neutral interface: no CUDA header, nothing to link. With
// CALCISOL_EMULATED the same code runs on the CPU, without stream and graph: that is how it is tested without a GPU.
#pragma once

#include <ATen/accelerator/Graph.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "columns/columns_base.hpp"
#include "device/device_blocks.hpp"
#include "engine/torch_call.hpp"

namespace calcisol {

struct DeviceModule {
  torch::jit::Module module;
  c10::Device device;
  int threads;
  bool graphs;
};

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

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
  DeviceColumns(std::shared_ptr<DeviceModule> model, std::int64_t ncol, int nlay);
  ~DeviceColumns() override;
  void set_properties(const calcisol_view *properties, std::int32_t given, calcisol_report &report,
                      Finding &finding) override;
  void step(double seconds, const StepViews &given, bool counted, calcisol_report &report, Finding &finding) override;
  void laboratory_ph(const calcisol_target *ph, std::int32_t given) override;
  void state_get(std::int32_t slot, const calcisol_target &target) const override;
  void state_set(std::int32_t slot, const calcisol_view &values) override;
  void soil_get(std::int32_t property, double *values) const override;
  void warmup() override;
  void set_stream(void *given) override;
  void synchronize() override;

private:
  struct Exchange {
    const calcisol_view *forcing;
    const calcisol_target *output;
    calcisol_target flag;
    std::vector<std::uint8_t> in_on_device, out_on_device; // the last of out: the flag
    bool masked, all_on_device;
  };
  template <class View> bool on_device(const View &view, const char *name) const {
    return device.is_cpu() ? view.memory == CALCISOL_DEVICE
                           : lies_on_device(view.memory, view.data, name, device.index());
  }
  static at::Tensor donor(const at::Tensor &good) { return good.to(at::kInt).argmax(0, true); }
  void wait() const;
  // Where the views lie, and which inputs are given. Looked up again only when a view has changed.
  void prepare(Exchange &views);
  void gather_all(const Exchange &views);
  // Screening, the module, the state. `initial`: some columns may have no state yet.
  void core(bool initial);
  void scatter_all(const Exchange &views);
  void run_all(const Exchange &views);
  // Until every column has a state, a step may have to make some: it waits once to see whether it must.
  void first_steps(const Exchange &views);
  void replay(const Exchange &views);
  // Record a step without running it: on a stream of torch's own, since the default stream cannot be captured.
  std::unique_ptr<at::accelerator::Graph> capture(const Exchange &views);
  void check_state() const;
  // Slots as they are now: columns that have been stepped have all of them.
  std::vector<std::uint32_t> slots_now() const;
  // Waits for the device.
  void count(calcisol_report &report, Finding &finding) const;

  std::shared_ptr<DeviceModule> model;
  const c10::Device device;
  const std::int64_t width;
  void *stream = nullptr;
  Block statics, layer, column;
  at::Tensor state, out_layer, out_column, flag, soil_clipped, dt;
  at::Tensor land, static_bad, has_state, skipped, refused, stepped; // [column]
  std::vector<std::uint32_t> slots;                                  // set by the host, a bit each
  bool started = false, graphs, known_all = true;
  double last_dt = 0.0;
  std::string key;
  std::vector<std::uint8_t> known_in, known_out;
  std::map<std::string, std::unique_ptr<at::accelerator::Graph>> captured;
};

} // namespace calcisol
