// nabla's own threads: fits never wait behind, or in front of, libuv's file and DNS work. As many threads are
// on as there are places; jobs that are not take turns with those that are, so that a long fit starves no
// short one.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>

namespace nabla {

constexpr unsigned maxThreads = 1024;

// A piece of work. `cancelled` is looked at between blocks of rows, so well within a millisecond.
class Job {
 public:
  virtual ~Job() = default;
  virtual void run() = 0;  // on a pool thread; never throws
  std::atomic<bool> cancelled{false};

 private:
  friend class Pool;
  bool hasBegun_ = false;
  bool isOn_ = false;                            // has a place
  std::chrono::steady_clock::time_point since_;  // when it came on
  std::condition_variable turn_;
};

// Work in parts that any thread may take, the one that brings it among them.
struct Section {
  void (*part)(const void* context, size_t part, unsigned lane);
  const void* context;
  size_t parts;
  unsigned most;  // other threads that may help

  std::atomic<size_t> next{0};
  // Changed under the pool's mutex.
  unsigned wanted = 0;  // helpers that have not come yet
  unsigned lanes = 1;   // 0 is the lane of the thread that brings it
  std::atomic<unsigned> helping{0};
  std::condition_variable done{};

  void run(unsigned lane);
};

class Pool {
 public:
  // Never destroyed: its threads are detached and may outlive main().
  static Pool& instance();
  static unsigned processors();

  // Places, and the threads that one fit uses unless it names fewer.
  unsigned threads() const { return places_.load(std::memory_order_relaxed); }
  void setThreads(unsigned n);

  // The job is the caller's, who keeps it until it has run or been withdrawn: no thread of the pool ends its
  // life.
  void submit(Job* job);
  // Takes back a job that no thread has begun; false if one has. One that is cancelled waits for no turn.
  bool withdraw(Job* job);

  // Runs all parts, on this thread and on others that have nothing else to do.
  void run(Section& section);

  // Whether jobs wait for a place.
  bool isCrowded() const { return waiting_.load(std::memory_order_relaxed) > 0; }
  // Lets them have that of the job on this thread, if it has had its time.
  void makeWay() {
    if (isCrowded()) rest();
  }

 private:
  void rest();
  void work();
  void perform(std::unique_lock<std::mutex>& lock);
  void help(std::unique_lock<std::mutex>& lock, Section& section);
  void dispatch();
  void comeOn(Job* job);
  Section* open() const;
  void offer(unsigned tasks);

  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Job*> queue_;     // that wait for a place, begun or not
  std::deque<Job*> starting_;  // that have one, and wait for a thread
  std::deque<Section*> sections_;
  std::atomic<unsigned> places_{processors()};
  std::atomic<size_t> waiting_{0};   // jobs in queue_
  std::atomic<unsigned> offers_{0};  // jobs in starting_, and helpers that sections want
  unsigned on_ = 0;                  // places taken
  unsigned begun_ = 0;               // jobs that have begun and not ended
  unsigned idle_ = 0;                // threads that look for work
};

}  // namespace nabla
