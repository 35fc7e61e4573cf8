// Archive: the state of a run as a list of numbers, written or read back in one order.
// Twin: lib/reference/objective/archive.ts.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cmath>
#include <stdexcept>
#include <vector>

namespace nabla {

// What a number may be. What is read may come from a file.
enum class Range {
  any,
  notNaN,
  finite,
  size,      // 0 or more, finite
  square,    // 0 or more, ∞ where it has overflown
  measured,  // a square, or NaN: not known
  part       // from 0 to 1
};

inline bool isWithin(Range range, double value) {
  switch (range) {
    case Range::any:
      return true;
    case Range::notNaN:
      return !std::isnan(value);
    case Range::finite:
      return std::isfinite(value);
    case Range::size:
      return value >= 0.0 && std::isfinite(value);
    case Range::square:
      return value >= 0.0;
    case Range::measured:
      return !(value < 0.0);
    case Range::part:
      return value >= 0.0 && value <= 1.0;
  }
  return false;
}

// Counts of more epochs or steps than a fit can make are none: sums of them would not be whole numbers.
constexpr uint64_t mostCounted = UINT64_C(1) << 52;

class Archive {
 public:
  Archive() = default;  // writes
  // Reads, and throws std::invalid_argument at a number that no state has in its place.
  Archive(const double* from, size_t length) : from_(from), length_(length) {}

  // Writes the number, or replaces it by the one that was written in its place.
  void number(double& value, Range range = Range::finite) {
    if (!from_) {
      to_.push_back(value);
      return;
    }
    require(at_ < length_);
    value = from_[at_++];
    require(isWithin(range, value));
  }
  void flag(bool& value) {
    double number = value ? 1.0 : 0.0;
    this->number(number);
    require(number == 0.0 || number == 1.0);
    value = number == 1.0;
  }
  // A whole number, no larger than `most`.
  template <class Integer>
  void count(Integer& value, uint64_t most = mostCounted) {
    double number = static_cast<double>(value);
    this->number(number);
    if (!from_) return;
    require(number >= 0.0 && number <= static_cast<double>(most) && number == std::floor(number));
    value = static_cast<Integer>(number);
  }
  void array(double* values, size_t n, Range range = Range::finite) {
    for (size_t i = 0; i < n; ++i) number(values[i], range);
  }

  // Of what is read: whether there is more of it, and that it holds.
  size_t left() const { return from_ ? length_ - at_ : SIZE_MAX >> 8; }
  bool isRead() const { return from_ != nullptr; }
  void require(bool holds) const {
    if (from_ && !holds) throw std::invalid_argument("a state that belongs to another fit");
  }
  void requireEnd() const { require(at_ == length_); }
  std::vector<double>& written() { return to_; }

 private:
  const double* from_ = nullptr;
  size_t length_ = 0;
  size_t at_ = 0;
  std::vector<double> to_;
};

}  // namespace nabla
