// The machine's limits, each measured by the simplest loop that the compiler makes fast. It reads lines as
// the peers do (see bench/peers/protocol.h); nothing of nabla is in it.
//   read      sums of `size` bytes by `threads` threads
//   copy      x = a·x over them
//   arithmetic  multiply, then add, in registers, without fusing
//   roots     a square root and a division for each of 1,024 numbers
#include <atomic>
#include <cmath>
#include <thread>

#include "../peers/protocol.h"

namespace {

// A register's width, and as many chains as registers hold: wider vectors would go through memory.
#if defined(__AVX512F__)
constexpr size_t lanes = 8, chains = 16;
#elif defined(__AVX__)
constexpr size_t lanes = 4, chains = 14;
#else
constexpr size_t lanes = 2, chains = 14;
#endif
typedef double Vec __attribute__((vector_size(lanes * 8)));

constexpr size_t places = 4;

/** Pairs of registers from so many places by turns, `apart` from each other. */
inline __attribute__((always_inline)) double sum(const Vec* v, size_t rounds, size_t apart, size_t step) {
  Vec a[2 * places] = {};
  for (size_t i = 0; i < rounds; i++) {
    for (size_t k = 0; k < places; k++) {
      a[2 * k] += v[k * apart + i * step];
      a[2 * k + 1] += v[k * apart + i * step + 1];
    }
  }
  double total = 0;
  for (const Vec& part : a) {
    for (size_t k = 0; k < lanes; k++) total += part[k];
  }
  return total;
}

/** Memory is read faster from several places at once, a cache in order. */
double sum(const double* x, size_t n) {
  constexpr size_t cached = 1 << 16;
  const Vec* v = reinterpret_cast<const Vec*>(x);
  const size_t rounds = n / lanes / (2 * places);
  return n > cached ? sum(v, rounds, 2 * rounds, 2) : sum(v, rounds, 2, 2 * places);
}

void scale(double a, double* x, size_t n) {
  Vec* v = reinterpret_cast<Vec*>(x);
  for (size_t i = 0; i < n / lanes; i++) v[i] *= a;
}

/** Many chains, so that the latency is hidden. */
double multiplyAdd(size_t times) {
  Vec x[chains];
  for (size_t k = 0; k < chains; k++) x[k] = Vec{} + 1.0 + k * 0.125;
  const Vec a = Vec{} + 0.999, b = Vec{} + 0.001;
  for (size_t t = 0; t < times; t++) {
    for (size_t k = 0; k < chains; k++) x[k] = x[k] * a + b;
  }
  double total = 0;
  for (const Vec& part : x) total += part[0];
  return total;
}

double roots(const double* __restrict x, double* __restrict out, size_t n) {
  for (size_t i = 0; i < n; i++) out[i] = x[i] / (std::sqrt(x[i]) + 1e-8);
  return out[n - 1];
}

volatile double sink, one = 1.0;

/** Several threads that begin together; the time is that of the last. */
double timed(size_t threads, const std::function<void(size_t)>& work) {
  if (threads == 1) return seconds([&] { work(0); });
  std::atomic<size_t> ready{0};
  std::atomic<bool> go{false};
  std::vector<std::thread> pool;
  for (size_t k = 0; k < threads; k++) {
    pool.emplace_back([&, k] {
      ready++;
      while (!go) std::this_thread::yield();
      work(k);
    });
  }
  while (ready < threads) std::this_thread::yield();
  return seconds([&] {
    go = true;
    for (std::thread& thread : pool) thread.join();
  });
}

}  // namespace

int main() {
  return serve([](Args& args) -> Work {
    const std::string work = args.text("work");
    const size_t threads = args.number("threads", 1);
    // What fits a cache is gone over many times, so that a run is long enough to be timed.
    const size_t n = static_cast<size_t>(args.number("size", 8192)) / 8 / (64 * threads) * 64;
    const size_t times = std::max<size_t>(1, static_cast<size_t>(args.number("repeat", 1)));
    auto buffers = std::make_shared<std::vector<Array>>();
    if (work == "read" || work == "copy") {
      for (size_t k = 0; k < threads; k++) buffers->emplace_back(n, 1.0);
    }
    if (work == "read") {
      return {[=] {
        return timed(threads, [&](size_t k) {
          for (size_t t = 0; t < times; t++) sink = sum((*buffers)[k].data(), n);
        });
      }};
    }
    if (work == "copy") {
      return {[=] {
        return timed(threads, [&](size_t k) {
          for (size_t t = 0; t < times; t++) scale(one, (*buffers)[k].data(), n);
        });
      }};
    }
    if (work == "arithmetic") {
      const size_t rounds = static_cast<size_t>(args.number("operations", 0)) / (2 * chains * lanes);
      return {[=] { return seconds([&] { sink = multiplyAdd(rounds); }); }};
    }
    if (work == "roots") {
      auto x = std::make_shared<Array>(1024, 2.0), out = std::make_shared<Array>(1024, 0.0);
      return {[=] {
        return seconds([&] {
          for (size_t t = 0; t < times; t++) sink = roots(x->data(), out->data(), 1024);
        });
      }};
    }
    return {};
  });
}
