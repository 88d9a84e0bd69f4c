/* A libcuda.so.1 without a GPU: MOCK_DEVICES devices; the memory between two symbols of the host lies on device 1. */
#include <stdlib.h>

static unsigned long long low, high;
int cuInit(unsigned flags) { return flags; }
int cuDeviceGetCount(int *count) { return *count = atoi(getenv("MOCK_DEVICES")), 0; }
void mock_device_memory(const void *first, const void *last) {
  low = (unsigned long long)first, high = (unsigned long long)last;
}
int cuPointerGetAttribute(void *value, int attribute, unsigned long long address) {
  const int on_device = address >= low && address < high;
  if (!on_device) return 1; /* CUDA_ERROR_INVALID_VALUE: not known to the driver */
  if (attribute == 2) return *(unsigned *)value = 2, 0; /* CU_MEMORYTYPE_DEVICE */
  if (attribute == 9) return *(int *)value = 1, 0;      /* device ordinal */
  return 1;
}
