// Sampler: which rows make the next batch.
// Twin: lib/reference/solver/sampler.ts.
#pragma once

#include <utility>
#include <vector>

#include "../objective/objective.h"
#include "../objective/plan.h"
#include "philox.h"

namespace nabla {

class Sampler {
 public:
  Sampler(const Plan& plan, const Data& data)
      : kind_(plan.sampler),
        once_(plan.samplerParameters[0] != 0.0),
        rows_(data.train.count),
        // The rows that batches are cut from, in order: those given, or the table's own.
        list_(kind_ == SamplerKind::indices ? data.indices : data.train.index),
        perEpoch_(kind_ == SamplerKind::indices ? data.indexCount : rows_),
        batchSize_(kind_ == SamplerKind::full || plan.batchSize > perEpoch_ ? perEpoch_ : plan.batchSize),
        philox_(plan.seed, static_cast<uint32_t>(kind_)) {
    if (kind_ == SamplerKind::shuffled) order_.resize(rows_);
    if (kind_ == SamplerKind::replacement) order_.resize(rows_);
  }

  size_t perEpoch() const { return perEpoch_; }
  size_t largest() const { return batchSize_; }
  size_t steps() const { return (perEpoch_ + batchSize_ - 1) / batchSize_; }  // in an epoch
  // All rows that an epoch takes, once each; those that `indices` names.
  Batch everything() const { return {0, perEpoch_, list_}; }
  bool isFull() const { return kind_ == SamplerKind::full; }
  bool atEnd() const { return at_ >= perEpoch_; }

  void beginEpoch(uint64_t epoch) {
    at_ = 0;
    philox_.setEpoch(once_ ? 0 : epoch);
    if (kind_ == SamplerKind::shuffled && !(once_ && isShuffled_)) shuffle();
    if (kind_ == SamplerKind::replacement) draw();
  }

  // The next batch of this epoch; not to be called at its end.
  Batch next() {
    const size_t count = perEpoch_ - at_ < batchSize_ ? perEpoch_ - at_ : batchSize_;
    const uint32_t* order = order_.empty() ? list_ : order_.data();
    const size_t at = at_;
    at_ += count;
    return {at, count, order ? order + at : nullptr, perEpoch_ - at_};
  }

 private:
  uint32_t row(uint32_t i) const { return list_ ? list_[i] : i; }

  void draw() {
    for (size_t i = 0; i < rows_; ++i) order_[i] = row(philox_.below(static_cast<uint32_t>(rows_), i));
  }

  // Fisher and Yates from the table's order, so that an epoch's order does not depend on the one before.
  void shuffle() {
    isShuffled_ = true;
    for (size_t i = 0; i < rows_; ++i) order_[i] = row(static_cast<uint32_t>(i));
    // Places are drawn some steps early, so that what lies there is at hand when it is swapped.
    constexpr size_t early = 16;
    uint32_t places[early];
    const auto place = [&](size_t i) {
      const uint32_t j = philox_.below(static_cast<uint32_t>(i + 1), i);
      __builtin_prefetch(&order_[j]);
      places[i % early] = j;
    };
    size_t drawn = rows_;  // the last place drawn
    for (size_t i = rows_ - 1; i > 0; --i) {
      while (drawn > 1 && i - (drawn - 1) < early) place(--drawn);
      std::swap(order_[i], order_[places[i % early]]);
    }
  }

  SamplerKind kind_;
  bool once_;
  size_t rows_;
  const uint32_t* list_;
  size_t perEpoch_;
  size_t batchSize_;
  Philox philox_;
  std::vector<uint32_t> order_;
  size_t at_ = 0;
  bool isShuffled_ = false;
};

}  // namespace nabla
