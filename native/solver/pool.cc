#include "pool.h"

#include <algorithm>
#include <system_error>
#include <thread>

#if defined(__x86_64__) || defined(_M_X64)
#include <xmmintrin.h>
#endif
#if defined(__linux__)
#include <sys/resource.h>
#include <unistd.h>
#endif

namespace nabla {

namespace {

using Clock = std::chrono::steady_clock;

// How long a job keeps its place while others wait.
constexpr auto slice = std::chrono::milliseconds(2);
// How long a thread that has helped looks for more before it sleeps: passes of one fit follow each other
// closely.
constexpr auto patience = std::chrono::microseconds(50);
// A job that has begun keeps a thread, so only so many begin.
constexpr unsigned mostBegun = 64;

thread_local Job* current = nullptr;  // of this thread of the pool

// A new thread inherits flush-to-zero from the one that started it.
void setDefaultFloatingPoint() {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_setcsr(0x1f80);
#elif defined(__aarch64__)
  const uint64_t control = 0;
  __asm__ volatile("msr fpcr, %0" : : "r"(control));
#endif
}

// Where all want the same processors, the event loop and libuv's threads go before fits: threads that take
// turns come fresh from their sleep, and would keep the loop of a busy service waiting for some 20 ms. Linux
// alone has a niceness for each thread; the main thread's is that of the process.
void letOthersGoFirst() {
#if defined(__linux__)
  setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, static_cast<id_t>(getpid())) + 5);
#endif
}

void breathe() {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Until it is so, or for as long as patience lasts.
template <class Condition>
void lookFor(Condition condition) {
  const auto end = Clock::now() + patience;
  while (!condition() && Clock::now() < end)
    for (int i = 0; i < 16; ++i) breathe();
}

}  // namespace

void Section::run(unsigned lane) {
  for (size_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < parts;) {
    part(context, i, lane);
    // Who only helps goes where a job waits.
    if (lane > 0 && Pool::instance().isCrowded()) return;
  }
}

Pool& Pool::instance() {
  static Pool* pool = new Pool;
  return *pool;
}

unsigned Pool::processors() {
  const unsigned n = std::thread::hardware_concurrency();
  return n ? n : 1;
}

void Pool::setThreads(unsigned n) {
  std::lock_guard<std::mutex> lock(mutex_);
  places_.store(n, std::memory_order_relaxed);
  dispatch();
}

void Pool::submit(Job* job) {
  std::lock_guard<std::mutex> lock(mutex_);
  job->hasBegun_ = job->isOn_ = false;  // it may have run before
  queue_.push_back(job);
  dispatch();
}

bool Pool::withdraw(Job* job) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (job->hasBegun_) {
    job->turn_.notify_one();
    return false;
  }
  const auto found = std::find(queue_.begin(), queue_.end(), job);
  if (found == queue_.end()) return false;
  queue_.erase(found);
  waiting_.store(queue_.size(), std::memory_order_relaxed);
  return true;
}

// Gives free places to the jobs that wait, first come, first served.
void Pool::dispatch() {
  while (on_ < threads() && !queue_.empty()) {
    auto next = queue_.begin();
    if (begun_ >= mostBegun) next = std::find_if(next, queue_.end(), [](Job* job) { return job->hasBegun_; });
    if (next == queue_.end()) break;
    Job* const job = *next;
    queue_.erase(next);
    comeOn(job);
    if (job->hasBegun_) {
      job->turn_.notify_one();
    } else {
      job->hasBegun_ = true;
      ++begun_;
      starting_.push_back(job);
      offer(1);
    }
  }
  waiting_.store(queue_.size(), std::memory_order_relaxed);
}

void Pool::comeOn(Job* job) {
  ++on_;
  job->isOn_ = true;
  job->since_ = Clock::now();
}

void Pool::rest() {
  Job* const job = current;
  if (!job || Clock::now() - job->since_ < slice) return;
  std::unique_lock<std::mutex> lock(mutex_);
  if (queue_.empty()) return;
  --on_;
  job->isOn_ = false;
  queue_.push_back(job);
  dispatch();
  job->turn_.wait(lock, [job] { return job->isOn_ || job->cancelled.load(std::memory_order_relaxed); });
  if (job->isOn_) return;
  queue_.erase(std::find(queue_.begin(), queue_.end(), job));
  waiting_.store(queue_.size(), std::memory_order_relaxed);
  comeOn(job);
}

// Sees to it that so many more tasks find a thread.
void Pool::offer(unsigned tasks) {
  offers_.fetch_add(tasks, std::memory_order_release);
  while (idle_ < offers_.load(std::memory_order_relaxed)) {
    try {
      std::thread([this] { work(); }).detach();
    } catch (const std::system_error&) {
      if (idle_ + on_ > starting_.size()) break;  // a thread that there is will see to it
      throw;
    }
    ++idle_;
  }
  for (unsigned i = 0; i < tasks; ++i) ready_.notify_one();
}

void Pool::run(Section& section) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    section.wanted = std::min(section.most, threads() > on_ ? threads() - on_ : 0);
    if (section.wanted > 0) {
      sections_.push_back(&section);
      offer(section.wanted);
    }
  }
  section.run(0);
  std::unique_lock<std::mutex> lock(mutex_);
  offers_.fetch_sub(section.wanted, std::memory_order_relaxed);
  section.wanted = 0;
  sections_.erase(std::remove(sections_.begin(), sections_.end(), &section), sections_.end());
  const auto isDone = [&] { return section.helping.load(std::memory_order_acquire) == 0; };
  if (isDone()) return;
  lock.unlock();
  lookFor(isDone);
  lock.lock();
  section.done.wait(lock, isDone);
}

// A section that an idle thread may help.
Section* Pool::open() const {
  if (on_ >= threads()) return nullptr;
  const auto found =
      std::find_if(sections_.begin(), sections_.end(), [](Section* s) { return s->wanted > 0; });
  return found == sections_.end() ? nullptr : *found;
}

void Pool::work() {
  setDefaultFloatingPoint();
  letOthersGoFirst();
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    ready_.wait(lock, [this] { return !starting_.empty() || open(); });
    --idle_;
    offers_.fetch_sub(1, std::memory_order_relaxed);
    const bool helps = starting_.empty();
    if (helps)
      help(lock, *open());
    else
      perform(lock);
    --on_;
    ++idle_;
    dispatch();
    if (!helps) continue;
    lock.unlock();
    lookFor([this] { return offers_.load(std::memory_order_relaxed) > 0; });
    lock.lock();
  }
}

void Pool::perform(std::unique_lock<std::mutex>& lock) {
  Job* const job = starting_.front();
  starting_.pop_front();
  lock.unlock();
  current = job;
  job->run();  // and is not looked at again
  current = nullptr;
  lock.lock();
  --begun_;
}

void Pool::help(std::unique_lock<std::mutex>& lock, Section& section) {
  ++on_;
  --section.wanted;
  section.helping.fetch_add(1, std::memory_order_relaxed);
  const unsigned lane = section.lanes++;
  lock.unlock();
  section.run(lane);
  lock.lock();
  if (section.helping.fetch_sub(1, std::memory_order_release) == 1) section.done.notify_one();
}

}  // namespace nabla
