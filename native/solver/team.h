// How a fit runs: on how many threads, and whether it is to stop.
#pragma once

#include "pool.h"

namespace nabla {

class Team {
 public:
  // `threads`: at most so many; 0: as many as the pool has.
  Team(const std::atomic<bool>& cancelled, unsigned threads) : cancelled_(cancelled), wanted_(threads) {}

  // One thread, that stops when this does.
  Team alone() const { return {cancelled_, 1}; }

  // Whether the fit is to stop. Asked between blocks, where others may take a turn.
  bool stopped() const {
    Pool::instance().yieldIfContended();
    return cancelled_.load(std::memory_order_relaxed);
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
};

// All threads that there are, and nothing stops them.
inline const Team& everyone() {
  static const std::atomic<bool> never{false};
  static const Team team(never, 0);
  return team;
}

}  // namespace nabla
