#include "pool.h"

#include <algorithm>
#include <thread>

#include "floatingpoint.h"

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

// Time slice: how long a job stays active while others wait.
constexpr auto slice = std::chrono::milliseconds(2);
// How long a thread that has helped spins before it sleeps: passes of one fit follow each other closely.
constexpr auto patience = std::chrono::microseconds(50);
// Jobs that have begun: each keeps a thread.
constexpr unsigned mostBegun = 64;
// How long no thread is asked for after the system has refused one: asking takes some 10 µs, passes are many.
constexpr auto refusal = std::chrono::milliseconds(50);

thread_local Job* current = nullptr;  // the one that this thread runs

// Gives the event loop and libuv's threads precedence where all want the same processors: the scheduler
// favours threads that have slept, as those that take turns have, which kept the loop of a busy service
// waiting for 20 ms. Only Linux has a niceness for each thread; the main thread's is that of the process.
void lowerPriority() {
#if defined(__linux__)
  setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, static_cast<id_t>(getpid())) + 5);
#endif
}

void cpuRelax() {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Spins until the condition holds, or for as long as patience lasts.
template <class Condition>
void spinUntil(Condition condition) {
  const auto end = Clock::now() + patience;
  while (!condition() && Clock::now() < end)
    for (int i = 0; i < 16; ++i) cpuRelax();
}

}  // namespace

void Section::run(unsigned lane) noexcept {
  try {
    for (size_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < parts;) {
      part(context, i, lane);
      // A helper goes where a job waits.
      if (lane > 0 && Pool::instance().isContended()) return;
    }
  } catch (...) {
    next.store(parts, std::memory_order_relaxed);
    if (!hasFailed.exchange(true)) failure = std::current_exception();
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

bool Pool::submit(Job* job) {
  std::lock_guard<std::mutex> lock(mutex_);
  job->hasBegun_ = job->isTaken_ = job->isActive_ = false;  // it may have run before
  queue_.pushBack(job);
  dispatch();
  if (threads_ > 0) return true;
  queue_.remove(job);
  updateWaiting();
  return false;
}

bool Pool::withdraw(Job* job) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (job->isTaken_) {
    job->turn_.notify_one();
    return false;
  }
  if (!queue_.has(job)) return false;  // it has run
  if (job->hasBegun_) {
    starting_.remove(job);
    job->hasBegun_ = job->isActive_ = false;
    --begun_;
    --active_;
    offers_.fetch_sub(1, std::memory_order_relaxed);
    dispatch();
  } else {
    queue_.remove(job);
    updateWaiting();
  }
  return true;
}

// Makes waiting jobs active while there are places, first come, first served.
void Pool::dispatch() {
  while (active_ < threads()) {
    Job* const job = nextJob();
    if (!job) break;
    queue_.remove(job);
    activate(job);
    if (job->hasBegun_) {
      job->turn_.notify_one();
    } else {
      job->hasBegun_ = true;
      ++begun_;
      starting_.pushBack(job);
      wake(1);
    }
  }
  updateWaiting();
}

// The first job of the queue; the first that has a thread, where no other can begin.
Job* Pool::nextJob() {
  Job* job = queue_.front();
  if (!job || job->hasBegun_ || canBegin()) return job;
  while (job && !job->hasBegun_) job = queue_.next(job);
  return job;
}

// Whether there is a thread for one more job: idle, about to return from helping, or to be had.
bool Pool::canBegin() { return begun_ < mostBegun && (begun_ < threads_ || startThread()); }

void Pool::activate(Job* job) {
  ++active_;
  job->isActive_ = true;
  job->since_ = Clock::now();
}

void Pool::yield() {
  Job* const job = current;
  if (!job || Clock::now() - job->since_ < slice) return;
  std::unique_lock<std::mutex> lock(mutex_);
  if (queue_.isEmpty()) return;
  --active_;
  job->isActive_ = false;
  queue_.pushBack(job);
  dispatch();
  job->turn_.wait(lock, [job] { return job->isActive_ || job->cancelled.load(std::memory_order_relaxed); });
  if (job->isActive_) return;
  queue_.remove(job);
  updateWaiting();
  activate(job);
}

// Offers so many more tasks to idle threads, and starts threads until there is one for each offer, as far as
// the system allows. Returns how many offers have none.
unsigned Pool::wake(unsigned tasks) {
  const unsigned offers = offers_.fetch_add(tasks, std::memory_order_release) + tasks;
  while (idle_ < offers && startThread()) {
  }
  for (unsigned i = 0; i < tasks; ++i) ready_.notify_one();
  return offers > idle_ ? offers - idle_ : 0;
}

// False: the system gives none (a limit on processes, no memory).
bool Pool::startThread() {
  if (threads_ > 0 && refusedUntil_ > Clock::time_point{} && Clock::now() < refusedUntil_) return false;
  try {
    std::thread([this] { work(); }).detach();
  } catch (const std::exception&) {  // std::system_error, std::bad_alloc
    refusedUntil_ = Clock::now() + refusal;
    return false;
  }
  refusedUntil_ = {};
  ++threads_;
  ++idle_;
  return true;
}

void Pool::run(Section& section) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    section.wanted = std::min(section.most, threads() > active_ ? threads() - active_ : 0);
    if (section.wanted > 0) {
      sections_.pushBack(&section);
      const unsigned absent = std::min(section.wanted, wake(section.wanted));
      section.wanted -= absent;
      offers_.fetch_sub(absent, std::memory_order_relaxed);
    }
  }
  section.run(0);
  leave(section);
  if (section.failure) std::rethrow_exception(section.failure);
}

// Withdraws a section, and waits for its helpers.
void Pool::leave(Section& section) {
  std::unique_lock<std::mutex> lock(mutex_);
  offers_.fetch_sub(section.wanted, std::memory_order_relaxed);
  section.wanted = 0;
  if (sections_.has(&section)) sections_.remove(&section);
  const auto isDone = [&] { return section.helping.load(std::memory_order_acquire) == 0; };
  if (isDone()) return;
  lock.unlock();
  spinUntil(isDone);
  lock.lock();
  section.done.wait(lock, isDone);
}

// The first section that an idle thread may help.
Section* Pool::openSection() const {
  if (active_ >= threads()) return nullptr;
  Section* section = sections_.front();
  while (section && section->wanted == 0) section = sections_.next(section);
  return section;
}

void Pool::work() {
  setFloatingPointState(defaultFloatingPoint);  // a new thread inherits that of the one that started it
  lowerPriority();
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    ready_.wait(lock, [this] { return !starting_.isEmpty() || openSection(); });
    --idle_;
    offers_.fetch_sub(1, std::memory_order_relaxed);
    const bool helps = starting_.isEmpty();
    if (helps)
      help(lock, *openSection());
    else
      runJob(lock);
    --active_;
    ++idle_;
    dispatch();
    if (!helps) continue;
    lock.unlock();
    spinUntil([this] { return offers_.load(std::memory_order_relaxed) > 0; });
    lock.lock();
  }
}

void Pool::runJob(std::unique_lock<std::mutex>& lock) {
  Job* const job = starting_.popFront();
  job->isTaken_ = true;
  lock.unlock();
  current = job;
  job->run();  // the last use of the job
  current = nullptr;
  lock.lock();
  --begun_;
}

void Pool::help(std::unique_lock<std::mutex>& lock, Section& section) {
  ++active_;
  --section.wanted;
  section.helping.fetch_add(1, std::memory_order_relaxed);
  const unsigned lane = section.lanes++;
  lock.unlock();
  section.run(lane);
  lock.lock();
  if (section.helping.fetch_sub(1, std::memory_order_release) == 1) section.done.notify_one();
}

}  // namespace nabla
