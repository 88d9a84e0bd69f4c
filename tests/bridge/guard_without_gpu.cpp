// What a CUDA build of torch does on a machine without a GPU once fake tensors were traced (torch.export): a guard that counts
// one device takes the place of the true one. Here it is put where a CPU build has none; for test_device.py.
#include <c10/core/impl/DeviceGuardImplInterface.h>

C10_REGISTER_GUARD_IMPL(CUDA, c10::impl::NoOpDeviceGuardImpl<c10::DeviceType::CUDA>);
