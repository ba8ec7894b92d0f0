#include "engine/weights/sigbus_guard.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <mutex>

namespace redline::engine {
namespace {

struct Slot {
  std::atomic<bool> taken{false};
  std::atomic<uintptr_t> begin{0};  // 0: not to be looked at by the handler
  std::atomic<uintptr_t> end{0};
  std::atomic<bool> damaged{false};
};

// More mapped files than any model has shards.
std::array<Slot, 4096> g_slots;
struct sigaction g_previous_action;
uintptr_t g_page_mask = 0;

// A truncated file has lost everything after the faulting page as well: one mapping replaces it.
bool ReplaceByZeros(uintptr_t address, uintptr_t end) {
  const uintptr_t page = address & g_page_mask;
  void* mapped = ::mmap(reinterpret_cast<void*>(page), end - page, PROT_READ,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  return mapped != MAP_FAILED;
}

void OnSigbus(int, siginfo_t* info, void*) {
  const int saved_errno = errno;
  const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
  for (Slot& slot : g_slots) {
    const uintptr_t begin = slot.begin.load(std::memory_order_acquire);
    const uintptr_t end = slot.end.load(std::memory_order_acquire);
    if (begin == 0 || address < begin || address >= end) continue;
    slot.damaged.store(true, std::memory_order_release);
    if (ReplaceByZeros(address, end)) {
      errno = saved_errno;
      return;
    }
  }
  // Not ours: the instruction runs again under the action that was there before.
  ::sigaction(SIGBUS, &g_previous_action, nullptr);
}

void InstallHandler() {
  g_page_mask = ~(static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE)) - 1);
  struct sigaction action = {};
  action.sa_sigaction = OnSigbus;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  ::sigaction(SIGBUS, &action, &g_previous_action);
}

}  // namespace

GuardedRange::GuardedRange(const void* base, size_t num_bytes) {
  static std::once_flag installed;
  std::call_once(installed, InstallHandler);
  for (size_t index = 0; index < g_slots.size(); ++index) {
    Slot& slot = g_slots[index];
    if (slot.taken.exchange(true)) continue;
    slot.damaged = false;
    slot.end.store(reinterpret_cast<uintptr_t>(base) + num_bytes, std::memory_order_release);
    slot.begin.store(reinterpret_cast<uintptr_t>(base), std::memory_order_release);
    slot_ = static_cast<int>(index);
    return;
  }
}

GuardedRange::~GuardedRange() {
  if (slot_ < 0) return;
  Slot& slot = g_slots[static_cast<size_t>(slot_)];
  slot.begin.store(0, std::memory_order_release);
  slot.end.store(0, std::memory_order_release);
  slot.taken.store(false);
}

bool GuardedRange::damaged() const {
  return slot_ >= 0 && g_slots[static_cast<size_t>(slot_)].damaged.load();
}

}  // namespace redline::engine
