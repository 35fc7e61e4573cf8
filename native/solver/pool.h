// nabla's own threads: fits never wait behind, or in front of, libuv's file and DNS work.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>

namespace nabla {

// A piece of work. `cancelled` is looked at between blocks of rows, so well within a millisecond.
class Job {
 public:
  virtual ~Job() = default;
  virtual void run() = 0;  // on a pool thread; never throws
  std::atomic<bool> cancelled{false};
};

class Pool {
 public:
  // Never destroyed: its threads are detached and may outlive main().
  static Pool& instance();
  static unsigned threads();
  // The job is the caller's, who keeps it until it has run or been withdrawn: no thread of the pool ends its
  // life.
  void submit(Job* job);
  // Takes back a job that no thread has begun; false if one has.
  bool withdraw(const Job* job);

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Job*> queue_;
  bool started_ = false;
};

}  // namespace nabla
