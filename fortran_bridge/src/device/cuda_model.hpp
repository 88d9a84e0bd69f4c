// A bundle on a CUDA device without torch: context, kernels with the weights of the bundle, memory, launches.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "bundle/bundle.hpp"
#include "calcisol.h"
#include "device/cuda_api.hpp"
#include "native/device_call.hpp"
#include "native/device_kernel.hpp"

namespace calcisol {

enum class CudaKernel { prepare, initial_state, step, laboratory_ph, gather, deliver, hand_out, count };

class CudaModel {
public:
  // Failure where there is no driver, no such device, none of its architecture in the image, or no memory.
  CudaModel(const Bundle &bundle, const calcisol_device_kernel &kernel, int device_index);
  ~CudaModel();
  CudaModel(const CudaModel &) = delete;
  CudaModel &operator=(const CudaModel &) = delete;

  // Makes the context current while it lives; the one of the host is current again afterwards.
  class Entered {
  public:
    explicit Entered(const CudaModel &model);
    ~Entered();
    Entered(const Entered &) = delete;
    Entered &operator=(const Entered &) = delete;

  private:
    const CudaApi &api;
  };

  calcisol_device_shape shape_of(std::int64_t columns, int layers) const;
  // Queue a kernel; `argument` is its structure, copied by the driver.
  template <class Argument> void launch(CudaKernel which, const Argument &argument, CudaHandle stream) const {
    Argument copy = argument;
    launch(which, argument.shape, &copy, stream);
  }
  const std::string &place() const { return name; }
  int device() const { return ordinal; }
  const CudaApi &api() const { return driver; }

private:
  void take_context();
  void load(const Bundle &bundle);
  void launch(CudaKernel which, const calcisol_device_shape &shape, void *argument, CudaHandle stream) const;

  const CudaApi &driver;
  const calcisol_device_kernel &kernel;
  int ordinal = 0;
  bool retained = false; // the primary context, which is not the host's own
  CudaHandle context = nullptr, module = nullptr;
  CudaHandle functions[static_cast<int>(CudaKernel::count)] = {};
  std::string name; // "CUDA device 0 (NVIDIA H200)"
};

// Memory on the device of a model. Made and freed inside the context.
template <class T> class CudaArray {
public:
  CudaArray() = default;
  CudaArray(std::shared_ptr<const CudaModel> model, std::size_t count) : model(std::move(model)), count(count) {
    const std::size_t bytes = size_bytes();
    if (bytes > 0)
      cuda_check(api().cuMemAlloc_v2(&address, bytes),
                 "allocating " + std::to_string((bytes >> 20) + 1) + " MiB on " + this->model->place());
  }
  ~CudaArray() {
    if (address)
      api().cuMemFree_v2(address);
  }
  CudaArray(CudaArray &&other) noexcept { swap(other); }
  CudaArray &operator=(CudaArray &&other) noexcept {
    swap(other);
    return *this;
  }
  void swap(CudaArray &other) noexcept {
    std::swap(model, other.model), std::swap(address, other.address), std::swap(count, other.count);
  }
  T *data() const { return reinterpret_cast<T *>(address); } // an address of the device: not for the host to read
  std::size_t size() const { return count; }

  void clear(CudaHandle stream) {
    cuda_check(api().cuMemsetD8Async(address, 0, size_bytes(), stream), "clearing memory on " + model->place());
  }
  // Queued; of ordinary memory `from` may change after the return, of pinned memory only once the stream got here.
  void upload(const T *from, std::size_t first, std::size_t n, CudaHandle stream) {
    if (n > 0)
      cuda_check(api().cuMemcpyHtoDAsync_v2(address + first * sizeof(T), from, n * sizeof(T), stream),
                 "copying to " + model->place());
  }
  // Queued; to be waited for.
  void download(T *to, std::size_t first, std::size_t n, CudaHandle stream) const {
    if (n > 0)
      cuda_check(api().cuMemcpyDtoHAsync_v2(to, address + first * sizeof(T), n * sizeof(T), stream),
                 "copying from " + model->place());
  }

private:
  const CudaApi &api() const { return model->api(); }
  std::size_t size_bytes() const { return count * sizeof(T); }
  std::shared_ptr<const CudaModel> model;
  CudaPointer address = 0;
  std::size_t count = 0;
};

} // namespace calcisol
