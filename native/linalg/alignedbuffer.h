// AlignedBuffer: memory on a 64-byte border, not set to 0.
// A vector load never straddles two cache lines.
#pragma once

#include <stddef.h>
#include <string.h>

#include <memory>
#include <new>

namespace nabla {

// AlignedBuffer from one thread's room to the next one's, each of so many. A processor fetches what follows
// what it reads, up to 64 KiB on, and takes it from the core that writes there.
inline size_t threadStride(size_t doubles) { return (doubles + 7) / 8 * 8 + 8192; }

class AlignedBuffer {
 public:
  explicit AlignedBuffer(size_t n) : size_(n) {
    if (n > limit) throw std::bad_alloc();
    if (n == 0) {  // often, in a short fit
      alignas(64) static double none[1];
      data_ = none;
      return;
    }
    memory_.reset(new char[n * sizeof(double) + 64]);
    const auto address = reinterpret_cast<size_t>(memory_.get());
    data_ = reinterpret_cast<double*>(memory_.get() + (64 - address % 64));
  }
  double* data() { return data_; }
  const double* data() const { return data_; }
  size_t size() const { return size_; }
  void clear() {
    if (size_ > 0) memset(data_, 0, size_ * sizeof(double));
  }

 private:
  static constexpr size_t limit = static_cast<size_t>(1) << 57;
  std::unique_ptr<char[]> memory_;
  double* data_;
  size_t size_;
};

}  // namespace nabla
