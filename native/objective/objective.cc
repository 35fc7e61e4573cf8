#include "objective.h"

#include "gram.h"

namespace nabla {

namespace {

constexpr size_t fetchedAhead = 64;  // picked numbers that are asked for early

// Single rows are asked for so many steps early, and so many at once, a power of two: as many lines as a core
// waits for at a time. Fewer would have their address translations one after the other, more would hold up
// what is computed meanwhile.
constexpr size_t stepsEarly = 8;
size_t rowsAtOnce(size_t rowBytes) {
  const size_t lines = (rowBytes + 62) / 64 + 1;  // that a row may lie in
  size_t rows = 8;
  while (rows > 1 && rows * lines > 24) rows /= 2;
  return rows;
}

// outputs × stride from picked rows of rows × outputs.
void pick(const double* from, const Batch& batch, size_t at, size_t count, size_t outputs, double* to,
          size_t stride) {
  for (size_t i = 0; i < count; ++i) {
    if (batch.index && at + i + fetchedAhead < batch.count + batch.ahead)
      __builtin_prefetch(from + batch.index[at + i + fetchedAhead] * outputs);
    const size_t row = batch.index ? batch.index[at + i] : batch.start + at + i;
    for (size_t k = 0; k < outputs; ++k) to[k * stride + i] = from[row * outputs + k];
  }
}

}  // namespace

Objective::Objective(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling* scaling,
                     size_t largest, const Team& team)
    : kernels_(kernels),
      plan_(plan),
      table_(table),
      scaling_(scaling),
      team_(team),
      step_(rowsPerBlock(plan.cols)),
      stride_(std::min(step_, (largest + 7) / 8 * 8)),
      rowsAtOnce_(rowsAtOnce(table.X.rowBytes(plan.cols))),
      sum_(kernels, plan.size() + 1, largest / step_ + 1,
           team.lanes(static_cast<double>(largest) * static_cast<double>(plan.coefficients()))),
      original_(scaling ? plan.size() : 0) {
  rooms_.reserve(sum_.lanes());
  for (unsigned i = 0; i < sum_.lanes(); ++i) rooms_.push_back(room());
}

Objective::Room Objective::room() const {
  const size_t X = table_.X.room(plan_.cols * stride_), z = plan_.outputs * stride_,
               y = plan_.targets * stride_;
  const size_t sampleWeight = table_.sampleWeight ? stride_ : 0, offset = table_.offset ? z : 0;
  const size_t curvature = plan_.solver != SolverKind::none ? z : 0;
  const size_t scaled = scaling_ && scaling_->isFar() ? plan_.cols * stride_ : 0;
  Room room{AlignedBuffer(X + z + y + sampleWeight + offset + curvature + scaled),
            nullptr,
            nullptr,
            nullptr,
            nullptr,
            nullptr,
            nullptr,
            nullptr};
  room.X = room.memory.data();
  room.z = room.X + X;
  room.y = room.z + z;
  room.sampleWeight = room.y + y;
  room.offset = room.sampleWeight + sampleWeight;
  room.curvature = room.offset + offset;
  room.scaled = room.curvature + curvature;
  return room;
}

Objective::Block Objective::block(const Batch& batch, size_t at, size_t count, const Room& room) const {
  const size_t row = batch.start + at;
  Block block{table_.X.rows(kernels_, plan_.cols, batch.index, batch.index ? at : row, count, room.X,
                            batch.count - at - count + batch.ahead),
              table_.y + row, table_.sampleWeight ? table_.sampleWeight + row : nullptr,
              table_.offset ? table_.offset + row : nullptr, stride_};
  if (scaling_ && scaling_->isFar()) block.rows = scaling_->scale(block.rows, room.scaled);
  const auto gather = [&](const double* from, size_t outputs, double* to) {
    pick(from, batch, at, count, outputs, to, stride_);
    return to;
  };
  if (batch.index || plan_.targets > 1) block.y = gather(table_.y, plan_.targets, room.y);
  if (batch.index && table_.sampleWeight)
    block.sampleWeight = gather(table_.sampleWeight, 1, room.sampleWeight);
  if (table_.offset && (batch.index || plan_.outputs > 1))
    block.offset = gather(table_.offset, plan_.outputs, room.offset);
  return block;
}

// A row of one output, as a step of stochastic descent needs it: all that can be left out is. Picked rows
// come late from memory, unless they are asked for early.
double Objective::rowPass(const Batch& batch, const double* weights, double* gradient) const {
  const size_t cols = plan_.cols, row = batch.index ? batch.index[0] : batch.start;
  if (batch.index && batch.ahead >= stepsEarly + rowsAtOnce_ && (batch.ahead & (rowsAtOnce_ - 1)) == 0) {
    for (size_t i = stepsEarly; i < stepsEarly + rowsAtOnce_; ++i) {
      table_.X.fetch(cols, batch.index[i]);
      __builtin_prefetch(table_.y + batch.index[i]);
    }
  }
  const Room& room = rooms_[0];
  return kernels_.block({table_.X.rows(kernels_, cols, nullptr, row, 1, room.X), table_.y + row,
                         table_.sampleWeight ? table_.sampleWeight + row : nullptr,
                         table_.offset ? table_.offset + row : nullptr, kernels_.losses[plan_.loss],
                         plan_.lossParameters, weights, plan_.intercept, room.z, gradient});
}

// A pass of one block, of one output, which needs no tree.
double Objective::blockPass(const Batch& batch, const double* weights, double* gradient) const {
  if (team_.stopped()) return 0.0;
  const Room& room = rooms_[0];
  const Block b = block(batch, 0, batch.count, room);
  return kernels_.block({b.rows, b.y, b.sampleWeight, b.offset, kernels_.losses[plan_.loss],
                         plan_.lossParameters, weights, plan_.intercept, room.z, gradient});
}

const double* Objective::originalOf(const double* weights) {
  if (!isTurned()) return weights;
  scaling_->toOriginal(weights, original_.data());
  return original_.data();
}

void Objective::addBlock(const Block& b, size_t count, const double* weights, bool isGradientAsked,
                         double* curvature, const Room& room, double* partial) const {
  const size_t cols = plan_.cols, outputs = plan_.outputs;
  const double* intercepts = plan_.intercept ? weights + plan_.coefficients() : nullptr;
  const Loss& loss = kernels_.losses[plan_.loss];
  double* z = room.z;
  for (size_t k = 0; k < outputs; ++k) {
    kernels_.matvec(b.rows, weights + k * cols, intercepts ? intercepts[k] : 0.0, z + k * stride_);
    if (b.offset) kernels_.axpy(1.0, b.offset + k * stride_, z + k * stride_, count);
  }
  const LossArgs args{b.y, z, b.sampleWeight, count, outputs, stride_, plan_.lossParameters};
  partial[plan_.size()] = curvature ? loss.curvature(args, curvature) : loss.gradient(args);
  for (size_t k = 0; isGradientAsked && k < outputs; ++k) {
    kernels_.rmatvec(b.rows, z + k * stride_, partial + k * cols);
    if (intercepts) partial[plan_.coefficients() + k] = kernels_.sum(z + k * stride_, count);
  }
}

// The sum of the losses, and of so many rows the mean gradient, if it is asked for.
double Objective::finish(const double* total, size_t count, double* gradient) const {
  const size_t size = plan_.size();
  if (!gradient) return total[size];
  if (size > 0) memcpy(gradient, total, size * sizeof(double));
  if (count != 1) kernels_.divide(static_cast<double>(count), gradient, size);
  if (isTurned()) scaling_->chain(gradient);
  return total[size];
}

double Objective::pass(const Batch& batch, const double* weights, double* gradient, double* curvature) {
  weights = originalOf(weights);
  if (batch.count <= step_ && plan_.outputs == 1 && !curvature) {
    const double sum = blockPass(batch, weights, gradient);
    if (gradient && isTurned()) scaling_->chain(gradient);
    return sum;
  }
  const size_t blocks = (batch.count + step_ - 1) / step_;
  const double* total = sum_.pass(team_, blocks, [&](size_t i, unsigned lane, double* partial) {
    if (team_.stopped()) return;
    const size_t at = i * step_, count = batch.count - at < step_ ? batch.count - at : step_;
    const Room& room = rooms_[lane];
    addBlock(block(batch, at, count, room), count, weights, gradient != nullptr,
             curvature ? room.curvature : nullptr, room, partial);
    for (size_t k = 0; curvature && k < plan_.outputs; ++k)
      memcpy(curvature + k * batch.count + at, room.curvature + k * stride_, count * sizeof(double));
  });
  return finish(total, batch.count, gradient);
}

class Objective::GramVisitor final : public RowVisitor {
 public:
  GramVisitor(const Objective& objective, const double* weights) : objective_(objective), weights_(weights) {}
  size_t size() const override { return objective_.plan_.size() + 1; }
  unsigned lanes() const override { return static_cast<unsigned>(objective_.rooms_.size()); }
  void block(size_t from, size_t count, unsigned lane, double* partial) override {
    if (objective_.team_.stopped()) return;
    const uint32_t* index = objective_.table_.index;
    const Batch rows{from, count, index ? index + from : nullptr};
    const Room& room = objective_.rooms_[lane];
    objective_.addBlock(objective_.block(rows, 0, count, room), count, weights_, true, nullptr, room,
                        partial);
  }

 private:
  const Objective& objective_;
  const double* weights_;
};

double Objective::evaluateWithGram(const double* mean, const double* d, double* H, const double* weights,
                                   double* gradient) {
  GramVisitor beside(*this, originalOf(weights));
  Gram gram(kernels_, {table_.X, plan_.cols, table_.count, table_.index}, mean, team_, &beside);
  return finish(gram.evaluate(d, H), table_.count, gradient);
}

}  // namespace nabla
