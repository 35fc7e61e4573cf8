// Team: how many threads a fit runs on, and whether it is to stop.
#pragma once

#include <thread>

#include "pool.h"

namespace nabla {

// The caller of a fit on its own thread, whom no flag tells to stop: asked now and then whether it is gone.
class Caller {
 public:
  // To be asked on any thread of the fit.
  bool isGone() {
    if (std::this_thread::get_id() == thread_ && ++looks_ >= period_ &&
        !isGone_.load(std::memory_order_relaxed))
      ask();
    return isGone_.load(std::memory_order_relaxed);
  }

 protected:
  ~Caller() = default;

 private:
  static constexpr std::chrono::milliseconds interval{4};
  static constexpr unsigned mostLooks = 16;  // without reading the clock

  virtual bool hasGone() = 0;
  void ask() {
    const auto now = std::chrono::steady_clock::now(), since = asked_;
    period_ = now - read_ > interval / 4 ? 1 : mostLooks;
    read_ = now;
    looks_ = 0;
    if (now - since < interval) return;
    asked_ = now;
    if (hasGone()) isGone_.store(true, std::memory_order_relaxed);
  }

  const std::thread::id thread_ = std::this_thread::get_id();
  std::chrono::steady_clock::time_point asked_ = std::chrono::steady_clock::now(), read_ = asked_;
  unsigned looks_ = 0, period_ = 1;
  std::atomic<bool> isGone_{false};
};

class Team {
 public:
  // `threads`: at most so many; 0: as many as the pool has. `caller`: null where the flag tells of it.
  Team(const std::atomic<bool>& cancelled, unsigned threads, Caller* caller = nullptr)
      : cancelled_(cancelled), wanted_(threads), caller_(caller) {}

  // One thread, that stops when this does.
  Team alone() const { return {cancelled_, 1, caller_}; }

  // Whether the fit is to stop. Asked between blocks, where others may take a turn.
  bool stopped() const {
    Pool::instance().yieldIfContended();
    return cancelled_.load(std::memory_order_relaxed) || (caller_ && caller_->isGone());
  }

  // Threads that may work at once, each in a lane of its own, from 0; `work`: multiplications in a pass.
  // Waking a thread takes as long as some ten thousand.
  unsigned lanes(double work) const {
    if (work < 0x1p17) return 1;
    const unsigned most = Pool::instance().threads();
    return wanted_ > 0 && wanted_ < most ? wanted_ : most;
  }

  // part(i, lane) for each i below `parts`, on up to `lanes` threads, in any order.
  template <class Part>
  void each(size_t parts, unsigned lanes, const Part& part) const {
    if (lanes <= 1 || parts <= 1) {
      for (size_t i = 0; i < parts; ++i) part(i, 0);
      return;
    }
    Section section{
        [](const void* context, size_t i, unsigned lane) { (*static_cast<const Part*>(context))(i, lane); },
        &part, parts, lanes - 1};
    Pool::instance().run(section);
  }

 private:
  const std::atomic<bool>& cancelled_;
  unsigned wanted_;
  Caller* caller_;
};

// All threads that there are, and nothing stops them.
inline const Team& everyone() {
  static const std::atomic<bool> never{false};
  static const Team team(never, 0);
  return team;
}

}  // namespace nabla
