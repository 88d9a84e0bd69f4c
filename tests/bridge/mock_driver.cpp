// A libcuda.so.1 without a GPU, as strict as a driver may be: kernels are those of the device text, in plain C++.
//
// What is queued is done when somebody waits, not before; memory of a device cannot be touched by the host in between;
// calls without a context, with unknown handles or beyond an allocation are refused. Settings of the environment:
// MOCK_DEVICES, MOCK_VERSION; MOCK_KERNELS, the compiled text;
// MOCK_FAIL=NAME:N:CODE, the Nth call of NAME fails, codes of a lost device for ever. Counts: mock_count(what).
#include <dlfcn.h>
#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "native/device_call.hpp"

namespace {

using Address = unsigned long long;
enum : int { success, invalid_value, out_of_memory, no_device = 100, invalid_context = 201, no_binary = 209, invalid_handle = 400, not_found = 500 };
constexpr std::size_t region_bytes = std::size_t(1) << 30;

const char *given(const char *name) { return std::getenv(name); }
int setting(const char *name, int otherwise) { return given(name) ? std::atoi(given(name)) : otherwise; }

std::map<std::string, int> counts; // of calls, and of what is alive
int lost = 0;

// Code with which a call is to fail, after counting it.
int failing(const std::string &name) {
  const int n = ++counts[name];
  if (lost)
    return lost;
  const char *plan = given("MOCK_FAIL");
  const std::string text = plan ? plan : "", head = name + ":";
  if (text.rfind(head, 0) != 0 || std::atoi(text.c_str() + head.size()) != n)
    return success;
  const int code = std::atoi(text.c_str() + text.rfind(':') + 1);
  lost = code >= 700 || code == 214 ? code : 0;
  return code;
}
#define CALL                                                                                                           \
  if (const int failed = failing(__func__))                                                                            \
  return failed

// ---- memory: one region, locked unless the device works on it
unsigned char *region() {
  static auto *start = static_cast<unsigned char *>(
      mmap(nullptr, region_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  return start;
}
struct Unlocked {
  Unlocked() { mprotect(region(), region_bytes, PROT_READ | PROT_WRITE); }
  ~Unlocked() { mprotect(region(), region_bytes, PROT_NONE); }
};
struct Allocation {
  std::size_t bytes;
  int device;
};
std::map<Address, Allocation> allocations;
std::size_t used = 0;
const std::pair<const Address, Allocation> *allocation_of(Address at) {
  auto found = allocations.upper_bound(at);
  if (found == allocations.begin())
    return nullptr;
  --found;
  return at < found->first + found->second.bytes ? &*found : nullptr;
}
bool fits(Address at, std::size_t bytes) {
  const auto *found = allocation_of(at);
  return found && at + bytes <= found->first + found->second.bytes;
}

// ---- contexts, streams, queue
struct Context {
  int device;
};
Context primary[8], own[8];
thread_local std::vector<Context *> stack;
std::set<void *> streams = {nullptr}, events;
std::set<const void *> pinned; // first bytes of the host's pinned arrays
std::vector<std::function<void()>> queue;
void drain() {
  const Unlocked all;
  for (auto &work : queue)
    work();
  queue.clear();
}

// ---- modules: the compiled text, its weights put in place before each of its kernels
struct Module {
  Address doubles = 0, floats = 0;
};
void *text() {
  static void *library = given("MOCK_KERNELS") ? dlopen(given("MOCK_KERNELS"), RTLD_NOW | RTLD_LOCAL) : nullptr;
  return library;
}
using Launch = void (*)(void *, const void *, unsigned, int, std::size_t);
struct Function {
  Module *module;
  std::string name;
  std::size_t argument;
};
std::size_t argument_bytes(const std::string &name) {
  return name == "calcisol_gather"     ? sizeof(calcisol_device_gather)
         : name == "calcisol_deliver"  ? sizeof(calcisol_device_deliver)
         : name == "calcisol_hand_out" ? sizeof(calcisol_device_hand_out)
                                       : sizeof(calcisol_device_call);
}
std::map<std::string, std::size_t> sizes() { // of the weights: as the text says
  const auto *n = static_cast<const std::size_t *>(dlsym(text(), "emulated_weight_bytes"));
  return {{"calcisol_doubles", n[0]}, {"calcisol_floats", n[1]}};
}

int allocate(Address *to, std::size_t bytes, int device) {
  if (bytes == 0 || used + bytes > region_bytes)
    return bytes == 0 ? invalid_value : out_of_memory;
  *to = reinterpret_cast<Address>(region() + used);
  used += (bytes + 255) / 256 * 256;
  allocations[*to] = {bytes, device};
  return success;
}

} // namespace

extern "C" {

int mock_count(const char *what) { return counts[what]; }
void mock_forget(void) { // a new process, as far as the device knows
  counts.clear(), allocations.clear(), events.clear(), queue.clear();
  used = 0, lost = 0;
}
int mock_alive(void) { // allocations, modules, events, retained contexts and those still entered
  return static_cast<int>(allocations.size() + events.size() + stack.size()) + counts["modules"] + counts["retained"];
}
void mock_enter(int device) { stack.push_back(&(own[device] = {device})); } // a context of the host's own
int mock_device_here(void) { return stack.empty() ? -1 : stack.back()->device; }
void mock_leave(void) { stack.pop_back(); }
void mock_pin(const void *start) { pinned.insert(start); }
void mock_stream(void *stream) { streams.insert(stream); }
void mock_put(Address to, const void *from, std::size_t bytes) { // as the host's own kernels would
  const Unlocked all;
  std::memcpy(reinterpret_cast<void *>(to), from, bytes);
}
void mock_get(void *to, Address from, std::size_t bytes) {
  drain();
  const Unlocked all;
  std::memcpy(to, reinterpret_cast<void *>(from), bytes);
}
Address mock_array(std::size_t bytes, int device) {
  Address made = 0;
  allocate(&made, bytes, device);
  return made;
}
void mock_free(Address at) { allocations.erase(at); }

int cuInit(unsigned) { CALL; return success; }
int cuDriverGetVersion(int *version) { CALL; return *version = setting("MOCK_VERSION", 13050), success; }
int cuDeviceGetCount(int *count) { CALL; return *count = setting("MOCK_DEVICES", 1), success; }
int cuDeviceGet(int *device, int ordinal) { CALL; return *device = ordinal, success; }
int cuDeviceGetName(char *name, int size, int) { CALL; return std::strncpy(name, "mock", static_cast<std::size_t>(size)), success; }
int cuDeviceGetAttribute(int *value, int attribute, int) { CALL; return *value = attribute == 75 ? 9 : 0, success; }
int cuDevicePrimaryCtxRetain(void **context, int device) {
  CALL;
  ++counts["retained"];
  primary[device].device = device;
  return *context = &primary[device], success;
}
int cuDevicePrimaryCtxRelease_v2(int) { return --counts["retained"], success; }
int cuCtxGetCurrent(void **context) { CALL; return *context = stack.empty() ? nullptr : stack.back(), success; }
int cuCtxGetDevice(int *device) {
  CALL;
  return stack.empty() ? invalid_context : (*device = stack.back()->device, success);
}
int cuCtxPushCurrent_v2(void *context) { CALL; return stack.push_back(static_cast<Context *>(context)), success; }
int cuCtxPopCurrent_v2(void **context) {
  if (stack.empty())
    return invalid_context;
  *context = stack.back();
  return stack.pop_back(), success;
}
int cuModuleLoadData(void **module, const void *image) {
  CALL;
  if (stack.empty() || !text() || std::memcmp(image, "image of a mock", 15) != 0)
    return stack.empty() ? invalid_context : no_binary;
  auto *made = new Module;
  const auto bytes = sizes();
  allocate(&made->doubles, bytes.at("calcisol_doubles"), stack.back()->device);
  allocate(&made->floats, bytes.at("calcisol_floats"), stack.back()->device);
  ++counts["modules"];
  return *module = made, success;
}
int cuModuleUnload(void *module) {
  drain();
  auto *gone = static_cast<Module *>(module);
  allocations.erase(gone->doubles), allocations.erase(gone->floats);
  --counts["modules"]; // functions of it stay: a handful of a test
  return delete gone, success;
}
int cuModuleGetFunction(void **function, void *module, const char *name) {
  CALL;
  if (!dlsym(text(), name))
    return not_found;
  return *function = new Function{static_cast<Module *>(module), name, argument_bytes(name)}, success;
}
int cuModuleGetGlobal_v2(Address *at, std::size_t *bytes, void *module, const char *name) {
  CALL;
  const auto known = sizes();
  if (!known.count(name))
    return not_found;
  *at = std::strcmp(name, "calcisol_doubles") == 0 ? static_cast<Module *>(module)->doubles : static_cast<Module *>(module)->floats;
  return *bytes = known.at(name), success;
}
int cuMemAlloc_v2(Address *to, std::size_t bytes) { CALL; return stack.empty() ? invalid_context : allocate(to, bytes, stack.back()->device); }
int cuMemFree_v2(Address at) {
  drain();
  return allocations.erase(at) ? success : invalid_value;
}
int cuMemcpyHtoDAsync_v2(Address to, const void *from, std::size_t bytes, void *stream) {
  CALL;
  if (stack.empty() || !streams.count(stream))
    return stack.empty() ? invalid_context : invalid_handle;
  if (!fits(to, bytes))
    return invalid_value;
  if (pinned.count(from)) { // read when its turn comes
    queue.push_back([=] { std::memcpy(reinterpret_cast<void *>(to), from, bytes); });
    return success;
  }
  const auto *start = static_cast<const unsigned char *>(from);
  queue.push_back([to, kept = std::vector<unsigned char>(start, start + bytes)] {
    std::memcpy(reinterpret_cast<void *>(to), kept.data(), kept.size());
  });
  return success;
}
int cuMemcpyDtoHAsync_v2(void *to, Address from, std::size_t bytes, void *stream) {
  CALL;
  if (stack.empty() || !streams.count(stream))
    return stack.empty() ? invalid_context : invalid_handle;
  if (!fits(from, bytes))
    return invalid_value;
  queue.push_back([=] { std::memcpy(to, reinterpret_cast<void *>(from), bytes); });
  return success;
}
int cuMemsetD8Async(Address to, unsigned char value, std::size_t bytes, void *) {
  CALL;
  if (stack.empty() || !fits(to, bytes))
    return stack.empty() ? invalid_context : invalid_value;
  queue.push_back([=] { std::memset(reinterpret_cast<void *>(to), value, bytes); });
  return success;
}
int cuLaunchKernel(void *function, unsigned blocks, unsigned y, unsigned z, unsigned threads, unsigned, unsigned, unsigned shared,
                   void *stream, void **arguments, void **) {
  CALL;
  auto *f = static_cast<Function *>(function);
  if (stack.empty() || !streams.count(stream))
    return stack.empty() ? invalid_context : invalid_handle;
  if (blocks == 0 || y != 1 || z != 1 || threads == 0 || threads > 1024 || shared > 48 * 1024)
    return invalid_value;
  ++counts[f->name];
  const auto *start = static_cast<const unsigned char *>(arguments[0]);
  queue.push_back([=, argument = std::vector<unsigned char>(start, start + f->argument)] {
    for (const auto &[name, bytes] : sizes())
      std::memcpy(dlsym(text(), name.c_str()),
                  reinterpret_cast<void *>(name == "calcisol_doubles" ? f->module->doubles : f->module->floats), bytes);
    reinterpret_cast<Launch>(dlsym(text(), "emulated_launch"))(dlsym(text(), f->name.c_str()), argument.data(), blocks,
                                                               static_cast<int>(threads), shared);
  });
  return success;
}
int cuStreamSynchronize(void *stream) {
  CALL;
  if (stack.empty() || !streams.count(stream))
    return stack.empty() ? invalid_context : invalid_handle;
  return drain(), success;
}
int cuEventCreate(void **event, unsigned) { CALL; return *event = new int, events.insert(*event), success; }
int cuEventRecord(void *event, void *) { CALL; return events.count(event) ? success : invalid_handle; }
int cuEventSynchronize(void *) { CALL; return drain(), success; }
int cuEventDestroy_v2(void *event) { return events.erase(event), delete static_cast<int *>(event), success; }
int cuGetErrorString(int code, const char **words) {
  static std::map<int, const char *> known = {{out_of_memory, "out of memory"}, {no_binary, "no kernel image"}, {719, "launch failed"}};
  return known.count(code) ? (*words = known[code], success) : invalid_value;
}
int cuPointerGetAttribute(void *value, int attribute, Address at) {
  const auto *found = allocation_of(at);
  if (!found || (attribute != 2 && attribute != 9))
    return invalid_value;
  if (attribute == 2)
    *static_cast<unsigned *>(value) = 2; // CU_MEMORYTYPE_DEVICE
  else
    *static_cast<int *>(value) = found->second.device;
  return success;
}
}
