// The host's arrays of a call as the kernels of a device see them: its own memory in place, the host's through copies.
//
// Dense arrays of the host are copied as they are; others are gathered into a buffer first, or scattered from one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/variable_table.hpp"
#include "calcisol.h"
#include "device/cuda_model.hpp"

namespace calcisol {

// Arrays of the host that a call has to copy, and where each lies in a buffer of the device, in bytes.
template <class View> struct CudaCopy {
  View view; // of the host
  bool layered, dense;
  std::size_t place, index; // index: of the entry the kernels see
};

class CudaInputs {
public:
  CudaInputs(std::shared_ptr<const CudaModel> model, int role, std::int64_t ncol, int nlay);
  // What the kernels are told of these views; made and uploaded only where one has changed.
  void take(const calcisol_view *views, CudaHandle stream);
  // Arrays of the host to the device, queued; they may change again after hold().
  void copy(CudaHandle stream);
  void hold(CudaHandle stream) const;

  const calcisol_device_input *data() const { return array.data(); }
  std::int32_t size() const { return static_cast<std::int32_t>(list.size()); }
  // Whether blocks still hold what other views gave; until settled() is said.
  bool changed() const { return fresh; }
  void settled() { fresh = false; }
  void unsettled() { fresh = true; }

private:
  std::shared_ptr<const CudaModel> model;
  const Rows table;
  const int role;
  const std::int64_t ncol;
  const int nlay;
  std::string key; // the views last seen
  bool fresh = true;
  std::vector<calcisol_device_input> list;
  std::vector<CudaCopy<calcisol_view>> copies;
  CudaArray<calcisol_device_input> array;
  CudaArray<unsigned char> buffer;
  std::vector<double> scratch; // of one gathered array
};

class CudaTargets {
public:
  CudaTargets(std::shared_ptr<const CudaModel> model, int role, std::int64_t ncol, int nlay);
  // `views` NULL: none wanted; flag.data NULL: likewise. `masked`: some columns may have to be left alone.
  void take(const calcisol_target *views, const calcisol_target &flag, bool masked, CudaHandle stream);
  bool to_host() const { return !copies.empty(); }
  // Queue and wait for what goes to the host's arrays; columns whose lane is skipped stay as they are.
  void copy(const CudaArray<std::uint8_t> &lane, CudaHandle stream);

  const calcisol_device_target *data() const { return array.data(); }
  std::int32_t size() const { return static_cast<std::int32_t>(list.size()); }
  const calcisol_device_target &flag() const { return flag_target; }

private:
  calcisol_device_target target(const calcisol_target &view, const char *name, bool layered, int row);
  void fetch(CudaHandle stream);
  void scatter_all() const;

  std::shared_ptr<const CudaModel> model;
  const Rows table;
  const std::int64_t ncol;
  const int nlay;
  std::string key;
  bool masked = false;
  std::size_t bytes_needed = 0;
  std::vector<calcisol_device_target> list;
  calcisol_device_target flag_target{};
  std::vector<CudaCopy<calcisol_target>> copies;
  CudaArray<calcisol_device_target> array;
  CudaArray<unsigned char> buffer;
  std::vector<unsigned char> fetched; // the buffer, where arrays are scattered from it
  std::vector<std::uint8_t> write;    // [column]
};

} // namespace calcisol
