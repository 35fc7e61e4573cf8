#include "pool.h"

#include <algorithm>
#include <thread>

#if defined(__x86_64__) || defined(_M_X64)
#include <xmmintrin.h>
#endif

namespace nabla {

namespace {

// A new thread inherits flush-to-zero from the one that started it.
void setDefaultFloatingPoint() {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_setcsr(0x1f80);
#elif defined(__aarch64__)
  const uint64_t control = 0;
  __asm__ volatile("msr fpcr, %0" : : "r"(control));
#endif
}

}  // namespace

Pool& Pool::instance() {
  static Pool* pool = new Pool;
  return *pool;
}

unsigned Pool::threads() {
  const unsigned n = std::thread::hardware_concurrency();
  return n ? n : 1;
}

void Pool::submit(Job* job) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!started_) {
    started_ = true;
    for (unsigned i = 0; i < threads(); ++i) std::thread([this] { work(); }).detach();
  }
  queue_.push_back(job);
  ready_.notify_one();
}

bool Pool::withdraw(const Job* job) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = std::find(queue_.begin(), queue_.end(), job);
  if (found == queue_.end()) return false;
  queue_.erase(found);
  return true;
}

void Pool::work() {
  setDefaultFloatingPoint();
  for (;;) {
    Job* job;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      ready_.wait(lock, [this] { return !queue_.empty(); });
      job = queue_.front();
      queue_.pop_front();
    }
    job->run();
  }
}

}  // namespace nabla
