#include "linearmap.h"

#include <algorithm>

namespace nabla {

namespace {

constexpr size_t shared = 16;  // blocks that a thread takes at once

}  // namespace

LinearMap::LinearMap(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling,
                     const Team& team)
    : kernels_(kernels),
      plan_(plan),
      table_(table),
      scaling_(scaling),
      team_(team),
      size_(plan.cols + (plan.intercept ? 1 : 0)),
      length_(rowsPerBlock(plan.cols)),
      original_(size_),
      stride_(scaling.isFar() ? length_ * plan.cols : 0),
      gathered_(size_),
      sum_(kernels, size_, blocks(),
           team.lanes(static_cast<double>(table.count) * static_cast<double>(plan.cols))),
      reader_(kernels, {table.X, plan.cols, table.count, table.index}, length_, sum_.lanes()),
      scaled_(sum_.lanes() * stride_) {}

Rows LinearMap::block(size_t i, unsigned lane) {
  const size_t start = i * length_;
  const Rows rows = reader_.rows(start, std::min(length_, table_.count - start), lane);
  return stride_ > 0 ? scaling_.scale(rows, scaled_.data() + lane * stride_) : rows;
}

void LinearMap::spread(const double* w, double* z) {
  const size_t cols = plan_.cols;
  const double* original = scaling_.isFar() ? w : original_.data();
  if (!scaling_.isFar()) scaling_.toOriginal(w, original_.data(), 1);
  team_.each((blocks() + shared - 1) / shared, sum_.lanes(), [&](size_t part, unsigned lane) {
    const size_t end = std::min(blocks(), (part + 1) * shared);
    for (size_t i = part * shared; i < end && !team_.stopped(); ++i)
      kernels_.matvec(block(i, lane), original, plan_.intercept ? original[cols] : 0.0, z + i * length_);
  });
  for (size_t j = 0; j < cols; ++j) z[table_.count + j] = w[j];
}

void LinearMap::gather(const double* r, double* g) {
  const size_t cols = plan_.cols;
  const double* sum = sum_.pass(team_, blocks(), [&](size_t i, unsigned lane, double* partial) {
    if (team_.stopped()) return;
    const Rows rows = block(i, lane);
    const double* own = r + i * length_;
    kernels_.rmatvec(rows, own, partial);
    if (plan_.intercept) partial[cols] = kernels_.sum(own, rows.count);
  });
  double* total = gathered_.data();
  std::copy_n(sum, size_, total);
  if (!scaling_.isFar()) scaling_.chain(total, 1);
  for (size_t j = 0; j < size_; ++j) g[j] += j < cols ? total[j] + r[table_.count + j] : total[j];
}

}  // namespace nabla
