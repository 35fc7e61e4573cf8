#include "objective.h"

namespace nabla {

double Objective::evaluate(const Batch& batch, const double* weights, double* gradient,
                           const std::atomic<bool>& cancelled) {
  const double b = intercept_ ? weights[cols_] : 0.0;
  double* z = z_.data();
  double* picked = z + z_.size() / 2;
  tree_.reset();
  for (size_t at = 0; at < batch.count && !cancelled.load(std::memory_order_relaxed); at += step_) {
    const size_t count = batch.count - at < step_ ? batch.count - at : step_;
    const double* y = y_ + batch.start + at;
    Rows rows{X_ + (batch.start + at) * cols_, cols_, count, nullptr};
    if (batch.index) {
      rows.X = X_;
      rows.index = batch.index + at;
      for (size_t i = 0; i < count; ++i) picked[i] = y_[rows.index[i]];
      y = picked;
    }
    double* partial = tree_.next();
    kernels_.matvec(rows, weights, b, z);
    partial[cols_ + 1] = loss_.gradient(y, z, count, parameters_);
    kernels_.rmatvec(rows, z, partial);
    if (intercept_) partial[cols_] = kernels_.sum(z, count);
    tree_.push();
  }
  const double* total = tree_.total();
  memcpy(gradient, total, size() * sizeof(double));
  if (batch.count != 1) kernels_.divide(static_cast<double>(batch.count), gradient, size());
  return total[cols_ + 1];
}

}  // namespace nabla
