// Columns on a CUDA device, stepped by native kernels: soil and state live there, three launches make a step.
//
// gather (the host's arrays, screened) - step - deliver (answers checked, outputs into the host's arrays). The step
// writes a second state, and the two change places once all three are queued: a call that fails leaves the state as it
// was.
#pragma once

#include <memory>
#include <vector>

#include "columns/columns_base.hpp"
#include "device/cuda_exchange.hpp"
#include "device/cuda_model.hpp"

namespace calcisol {

class CudaColumns final : public calcisol_columns {
public:
  CudaColumns(std::shared_ptr<CudaModel> model, std::int64_t ncol, int nlay);
  ~CudaColumns() override;
  void set_properties(const calcisol_view *properties, std::int32_t given, calcisol_report &report,
                      Finding &finding) override;
  void step(double dt, const StepViews &given, bool counted, calcisol_report &report, Finding &finding) override;
  void laboratory_ph(const calcisol_target *ph, std::int32_t given) override;
  void state_get(std::int32_t slot, const calcisol_target &target) const override;
  void state_set(std::int32_t slot, const calcisol_view &values) override;
  void soil_get(std::int32_t property, double *values) const override;
  void warmup() override;
  void set_stream(void *given) override;
  void synchronize() override;

private:
  struct Memory; // on the device
  std::size_t cells() const { return static_cast<std::size_t>(ncol) * static_cast<std::size_t>(nlay); }
  void wait() const;
  void check_state() const;
  std::vector<std::uint32_t> slots_now() const; // columns that have been stepped have all slots
  calcisol_device_call call(double dt) const;
  calcisol_device_gather gathering(const CudaInputs &from) const;
  calcisol_device_deliver delivering(bool counted) const;
  void make_states();
  void read_counts(bool told, calcisol_report &report, Finding &finding);
  void read_soil(const calcisol_view *properties, std::vector<std::uint8_t> &bad, std::vector<std::int32_t> &flags,
                 Finding &finding);
  void derive_soil(std::vector<std::uint8_t> &bad, Finding &finding);

  std::shared_ptr<CudaModel> model;
  const calcisol_device_shape shape;
  CudaHandle stream = nullptr;
  std::unique_ptr<Memory> on;
  std::vector<std::uint32_t> slots; // set by the host, a bit each
  bool first = true;                // the next step is the first on these states
  bool started = false;             // every column has a state
};

} // namespace calcisol
