// Which rows make the next batch. Twin: lib/reference/solver/sampler.ts.
#pragma once

#include <numeric>
#include <utility>
#include <vector>

#include "objective.h"
#include "philox.h"
#include "plan.h"

namespace nabla {

class Sampler {
 public:
  Sampler(const Plan& plan, const Data& data)
      : kind_(plan.sampler),
        rows_(data.rows),
        indices_(data.indices),
        perEpoch_(kind_ == SamplerKind::indices ? data.indexCount : data.rows),
        batchSize_(kind_ == SamplerKind::full || plan.batchSize > perEpoch_ ? perEpoch_ : plan.batchSize),
        philox_(plan.seed, static_cast<uint32_t>(kind_)) {
    if (kind_ == SamplerKind::shuffled) order_.resize(rows_);
    if (kind_ == SamplerKind::replacement) order_.resize(batchSize_);
  }

  size_t perEpoch() const { return perEpoch_; }
  size_t largest() const { return batchSize_; }
  bool isFull() const { return kind_ == SamplerKind::full; }

  void beginEpoch(uint64_t epoch) {
    at_ = 0;
    philox_.setEpoch(epoch);
    if (kind_ == SamplerKind::shuffled) shuffle();
  }

  // The next batch of this epoch; false at its end.
  bool next(Batch& batch) {
    if (at_ >= perEpoch_) return false;
    const size_t count = perEpoch_ - at_ < batchSize_ ? perEpoch_ - at_ : batchSize_;
    batch = {at_, count, nullptr};
    if (kind_ == SamplerKind::indices) batch.index = indices_ + at_;
    if (kind_ == SamplerKind::shuffled) batch.index = order_.data() + at_;
    if (kind_ == SamplerKind::replacement) {
      for (size_t i = 0; i < count; ++i) order_[i] = philox_.below(static_cast<uint32_t>(rows_), at_ + i);
      batch.index = order_.data();
    }
    at_ += count;
    return true;
  }

 private:
  // Fisher and Yates from the identity, so that an epoch's order does not depend on the one before.
  void shuffle() {
    std::iota(order_.begin(), order_.end(), 0u);
    for (size_t i = rows_ - 1; i > 0; --i)
      std::swap(order_[i], order_[philox_.below(static_cast<uint32_t>(i + 1), i)]);
  }

  SamplerKind kind_;
  size_t rows_;
  const uint32_t* indices_;
  size_t perEpoch_;
  size_t batchSize_;
  Philox philox_;
  std::vector<uint32_t> order_;
  size_t at_ = 0;
};

}  // namespace nabla
