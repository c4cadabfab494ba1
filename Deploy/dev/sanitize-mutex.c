// The wait for a contended Mutex of Swift's library, in a form that the thread sanitizer understands. The library's own
// waits in the kernel, in code without instrumentation: what one thread wrote under the lock then looks like a race with
// the next one that holds it. Linked into the tests by sanitize.sh, where it takes the place of the library's.
//
// Nobody waits in the kernel with it, so that unlocking is always the exchange that Swift inlines, and that the
// sanitizer sees.

#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>

// Of the sanitizer's runtime; plugins of the build are linked without it.
extern void __tsan_acquire(void *address) __attribute__((weak));

// Synchronization._MutexHandle._lockSlow(_: UInt32)
__attribute__((swiftcall)) void lockSlow(uint32_t thread, __attribute__((swift_context)) _Atomic(uint32_t) *mutex)
    __asm__("$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF");

__attribute__((swiftcall)) void lockSlow(uint32_t thread, __attribute__((swift_context)) _Atomic(uint32_t) *mutex) {
    for (;;) {
        uint32_t unlocked = 0;
        if (atomic_compare_exchange_weak_explicit(
                mutex, &unlocked, thread, memory_order_acquire, memory_order_relaxed)) break;
        sched_yield();
    }
    if (__tsan_acquire) __tsan_acquire((void *)mutex);
}
