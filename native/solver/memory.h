// Doubles on a 64-byte border, so that a vector load never straddles two cache lines. Not set to 0.
#pragma once

#include <stddef.h>
#include <string.h>

#include <memory>
#include <new>

namespace nabla {

class Doubles {
 public:
  explicit Doubles(size_t n)
      : memory_(n > limit ? throw std::bad_alloc() : new char[n * sizeof(double) + 64]), size_(n) {
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
