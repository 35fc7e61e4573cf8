// A run's state as plain numbers, written or read back in one order. Twin: lib/reference/solver/archive.ts.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <vector>

namespace nabla {

class Archive {
 public:
  Archive() = default;  // writes
  Archive(const double* from, size_t length) : from_(from), length_(length) {}

  // Writes the number, or replaces it by the one that was written in its place.
  void number(double& value) {
    if (!from_) {
      to_.push_back(value);
    } else if (at_ < length_) {
      value = from_[at_++];
    } else {
      overrun_ = true;
    }
  }
  void flag(bool& value) {
    double number = value ? 1.0 : 0.0;
    this->number(number);
    value = number != 0.0;
  }
  // A whole number; what is none, or larger than `most`, makes the archive unreadable.
  template <class Integer>
  void count(Integer& value, uint64_t most = UINT64_C(1) << 53) {
    double number = static_cast<double>(value);
    this->number(number);
    if (number >= 0.0 && number <= static_cast<double>(most))
      value = static_cast<Integer>(number);
    else
      overrun_ = true;
  }
  void array(double* values, size_t n) {
    for (size_t i = 0; i < n; ++i) number(values[i]);
  }

  // Of what is read.
  size_t length() const { return from_ ? length_ : SIZE_MAX >> 8; }
  bool isWithin() const { return !overrun_; }
  void skip() {
    double left = 0.0;
    number(left);
  }
  bool isRead() const { return from_ != nullptr; }

  // Whether what was read had as many numbers as were asked for.
  bool isWhole() const { return !from_ || (!overrun_ && at_ == length_); }
  std::vector<double>& written() { return to_; }

 private:
  const double* from_ = nullptr;
  size_t length_ = 0;
  size_t at_ = 0;
  bool overrun_ = false;
  std::vector<double> to_;
};

}  // namespace nabla
