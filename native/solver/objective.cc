#include "objective.h"

namespace nabla {

namespace {

// outputs × stride from picked rows of rows × outputs.
void pick(const double* from, const Batch& batch, size_t at, size_t count, size_t outputs, double* to,
          size_t stride) {
  for (size_t i = 0; i < count; ++i) {
    const size_t row = batch.index ? batch.index[at + i] : batch.start + at + i;
    for (size_t k = 0; k < outputs; ++k) to[k * stride + i] = from[row * outputs + k];
  }
}

}  // namespace

Objective::Objective(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling* scaling,
                     size_t largest)
    : kernels_(kernels),
      plan_(plan),
      table_(table),
      scaling_(scaling),
      step_(rowsPerBlock(plan.cols)),
      tree_(kernels, plan.size() + 1, largest / step_ + 1),
      z_(plan.outputs * step_),
      y_(plan.targets * step_),
      sampleWeight_(table.sampleWeight ? step_ : 0),
      offset_(table.offset ? plan.outputs * step_ : 0),
      curvature_(plan.solver == SolverKind::newton ? plan.outputs * step_ : 0),
      original_(scaling ? plan.size() : 0) {}

Objective::Block Objective::block(const Batch& batch, size_t at, size_t count) {
  const size_t row = batch.start + at;
  Block block{{table_.X, plan_.cols, count, batch.index ? batch.index + at : nullptr},
              table_.y + row,
              table_.sampleWeight ? table_.sampleWeight + row : nullptr,
              table_.offset ? table_.offset + row : nullptr,
              step_};
  if (!batch.index) block.rows.X += row * plan_.cols;
  const auto gather = [&](const double* from, size_t outputs, Doubles& room) {
    pick(from, batch, at, count, outputs, room.data(), step_);
    return room.data();
  };
  if (batch.index || plan_.targets > 1) block.y = gather(table_.y, plan_.targets, y_);
  if (batch.index && table_.sampleWeight) block.sampleWeight = gather(table_.sampleWeight, 1, sampleWeight_);
  if (table_.offset && (batch.index || plan_.outputs > 1))
    block.offset = gather(table_.offset, plan_.outputs, offset_);
  return block;
}

double Objective::pass(const Batch& batch, const double* weights, double* gradient, double* curvature,
                       const std::atomic<bool>& cancelled) {
  const size_t cols = plan_.cols, outputs = plan_.outputs, size = plan_.size();
  if (scaling_) {
    scaling_->toOriginal(weights, original_.data());
    weights = original_.data();
  }
  const double* intercepts = plan_.intercept ? weights + plan_.coefficients() : nullptr;
  double* z = z_.data();
  tree_.reset();
  for (size_t at = 0; at < batch.count && !cancelled.load(std::memory_order_relaxed); at += step_) {
    const size_t count = batch.count - at < step_ ? batch.count - at : step_;
    const Block b = block(batch, at, count);
    double* partial = tree_.next();
    for (size_t k = 0; k < outputs; ++k) {
      kernels_.matvec(b.rows, weights + k * cols, intercepts ? intercepts[k] : 0.0, z + k * step_);
      if (b.offset) kernels_.axpy(1.0, b.offset + k * step_, z + k * step_, count);
    }
    const LossArgs args{b.y, z, b.sampleWeight, count, outputs, step_, plan_.lossParameters};
    const Loss& loss = kernels_.losses[plan_.loss];
    partial[size] = curvature ? loss.curvature(args, curvature_.data()) : loss.gradient(args);
    for (size_t k = 0; curvature && k < outputs; ++k)
      memcpy(curvature + k * batch.count + at, curvature_.data() + k * step_, count * sizeof(double));
    for (size_t k = 0; gradient && k < outputs; ++k) {
      kernels_.rmatvec(b.rows, z + k * step_, partial + k * cols);
      if (intercepts) partial[plan_.coefficients() + k] = kernels_.sum(z + k * step_, count);
    }
    tree_.push();
  }
  const double* total = tree_.total();
  if (gradient) {
    if (size > 0) memcpy(gradient, total, size * sizeof(double));
    if (batch.count != 1) kernels_.divide(static_cast<double>(batch.count), gradient, size);
    if (scaling_) scaling_->chain(gradient);
  }
  return total[size];
}

}  // namespace nabla
