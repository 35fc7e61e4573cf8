// Thread pool of the process, apart from libuv's threads.
// Fits and file or DNS work never wait for each other. At most `threads()` jobs run at a time; the others
// take turns with them, so that a long fit starves no short one. Threads are started as they are needed.
// Where the system refuses one, passes go on with the threads there are. The pool allocates nothing but
// threads, so that memory that runs out cannot break its lists.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>

#include "list.h"

namespace nabla {

constexpr unsigned maxThreads = 1024;

// A piece of work. `cancelled` is looked at every few ms: between blocks of rows, or parts of a
// factorization.
class Job {
 public:
  virtual ~Job() = default;
  virtual void run() = 0;  // on a pool thread; never throws
  std::atomic<bool> cancelled{false};

 private:
  friend class Pool;
  Links<Job> links_;                             // in one of the pool's lists
  bool hasBegun_ = false;                        // a thread is reserved for it, or runs it
  bool isTaken_ = false;                         // a thread runs it
  bool isActive_ = false;                        // counts among the jobs that run at a time
  std::chrono::steady_clock::time_point since_;  // when it became active
  std::condition_variable turn_;
};

// Work in parts that any thread may take, the calling one among them.
struct Section {
  void (*part)(const void* context, size_t part, unsigned lane);
  const void* context;
  size_t parts;
  unsigned most;  // other threads that may help

  std::atomic<size_t> next{0};
  // Changed under the pool's mutex.
  Links<Section> links{};
  unsigned wanted = 0;  // helpers that have not come yet
  unsigned lanes = 1;   // 0 is the lane of the calling thread
  std::atomic<unsigned> helping{0};
  std::condition_variable done{};
  std::atomic<bool> hasFailed{false};
  std::exception_ptr failure{};  // of the part that failed first

  // Runs parts until none is left. What a part throws is kept, and ends the section.
  void run(unsigned lane) noexcept;
};

class Pool {
 public:
  // Never destroyed: its threads are detached and may outlive main().
  static Pool& instance();
  static unsigned processors();

  // Jobs that run at a time, and the threads that one fit uses unless it names fewer.
  unsigned threads() const { return places_.load(std::memory_order_relaxed); }
  void setThreads(unsigned n);

  // Hands in a job. The caller owns it, and keeps it until it has run or been withdrawn. False: the pool has
  // no thread and the system gives none; the job is not in the pool then.
  bool submit(Job* job);
  // Takes back a job that no thread has taken; false if one has. A cancelled one that waits for its turn runs
  // on.
  bool withdraw(Job* job);

  // Runs all parts, on this thread and on idle ones. Throws what a part has thrown, once all threads have
  // left.
  void run(Section& section);

  // Whether jobs wait to become active.
  bool isContended() const { return waiting_.load(std::memory_order_relaxed) > 0; }
  // Lets them take the turn of the job on this thread, if it has had its time slice.
  void yieldIfContended() {
    if (isContended()) yield();
  }

 private:
  void yield();
  void work();
  void runJob(std::unique_lock<std::mutex>& lock);
  void help(std::unique_lock<std::mutex>& lock, Section& section);
  void leave(Section& section);
  void dispatch();
  Job* nextJob();
  bool canBegin();
  void activate(Job* job);
  void updateWaiting() { waiting_.store(queue_.size(), std::memory_order_relaxed); }
  Section* openSection() const;
  unsigned wake(unsigned tasks);
  bool startThread();

  std::mutex mutex_;
  std::condition_variable ready_;
  List<Job, &Job::links_> queue_;     // wait to become active, begun or not
  List<Job, &Job::links_> starting_;  // active, wait for the thread that is reserved for them
  List<Section, &Section::links> sections_;
  std::atomic<unsigned> places_{processors()};
  std::atomic<size_t> waiting_{0};   // jobs in queue_
  std::atomic<unsigned> offers_{0};  // jobs in starting_, and helpers that sections want
  unsigned active_ = 0;              // jobs and helpers that count among those that run at a time
  unsigned begun_ = 0;               // jobs that have a thread, taken or reserved
  unsigned threads_ = 0;             // that were started; none ever ends
  unsigned idle_ = 0;                // threads that look for work
  std::chrono::steady_clock::time_point refusedUntil_{};  // no thread is asked for before
};

}  // namespace nabla
