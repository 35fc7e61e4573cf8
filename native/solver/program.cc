#include "program.h"

#include <algorithm>

#include "cholesky.h"

namespace nabla {

namespace {

constexpr double feasible = 1e-6;  // a slope that is left, beside that of rows which all pull one way
constexpr double inward = 0.9995;  // of the way to where the first number would be 0
constexpr uint64_t mostIdle = 5;   // iterations that gain next to nothing
constexpr size_t chunk = 4096;     // terms between two looks at whether to stop

}  // namespace

Program::Program(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling,
                 const Penalty& penalty, Gram& gram, size_t output, const Team& team)
    : kernels_(kernels),
      plan_(plan),
      table_(table),
      scaling_(scaling),
      penalty_(penalty),
      gram_(gram),
      output_(output),
      team_(team),
      map_(kernels, plan, table, scaling, team),
      size_(map_.size()),
      pieces_(plan.loss == epsilonInsensitiveLoss ? 2 : 1),
      barrier_(pieces_ * table.count + plan.cols),
      w_(size_),
      step_(size_),
      residual_(size_),
      right_(size_),
      bend_(plan.cols),
      room_(plan.cols),
      slope_(table.count + plan.cols),
      curvature_(table.count + plan.cols),
      pull_(table.count + plan.cols),
      affine_(table.count + plan.cols),
      along_(table.count + plan.cols) {
  for (size_t j = 0; j < plan.cols; ++j) bend_.data()[j] = count() * plan.l2 * factor(j);
  if (RowEquations::suit(plan, table, penalty))
    byRows_.reset(new RowEquations(kernels, plan, table.count, bend_.data(), 0.0, map_, gram, team));
  w_.clear();
  step_.clear();
  room_.clear();
  for (size_t piece = 0; piece < pieces_; ++piece)
    for (size_t i = 0; i < table.count; ++i)
      barrier_.low.data()[piece * table.count + i] = weight(i) * low(piece, i);
  for (size_t j = 0; j < plan.cols; ++j) barrier_.low.data()[term(j)] = -l1(j);
}

void Program::begin(const double* weights) {
  double* w = w_.data();
  for (size_t j = 0; j < size_; ++j) w[j] = weights[place(j)];
  spreadMargins();
  const size_t terms = term(0);
  const double mean = kernels_.asum(barrier_.m.data(), terms) / static_cast<double>(terms);
  const double room = mean > 0.0 ? mean : 1.0;
  for (size_t t = 0; t < terms; ++t) barrier_.begin(t, weight(t % table_.count), room);
  for (size_t j = 0; j < plan_.cols; ++j) {
    room_.data()[j] = room / deviation(j);
    if (!penalty_.nonNegative) {
      barrier_.begin(term(j), width(j), room_.data()[j]);
      continue;
    }
    const double least = room_.data()[j] / static_cast<double>(plan_.cols);
    if (!(w[j] > least)) w[j] = least;
    barrier_.m.data()[term(j)] = -w[j];
    barrier_.beginBound(term(j), 0.5 * width(j));
  }
  spreadMargins();
}

void Program::write(double* weights, bool zeros) const {
  for (size_t j = 0; j < size_; ++j) {
    const bool isZero = zeros && j < plan_.cols && barrier_.isAtKink(term(j), width(j), room_.data()[j]);
    weights[place(j)] = isZero ? 0.0 : w_.data()[j];
  }
}

double Program::iterate(double* H) {
  double *step = step_.data(), *affine = affine_.data(), *along = along_.data(), *pull = pull_.data();
  factorize(H);
  std::copy_n(right_.data(), size_, step);
  solve(H, step, affine);
  barrier_.turn(1.0);
  each([&](size_t t, size_t n, size_t at) { barrier_.aim(t, n, affine, at); });
  couple();
  barrier_.center();
  pull_.clear();
  each([&](size_t t, size_t n, size_t at) { barrier_.correct(t, n, affine, pull, at); });
  std::copy_n(right_.data(), size_, step);
  map_.gather(pull, step);
  solve(H, step, along);
  if (!(kernels_.asum(step, size_) < INFINITY)) {
    done = true;
    return 0.0;
  }
  barrier_.turn(2.0);
  each([&](size_t t, size_t n, size_t at) { barrier_.measure(t, n, affine, along, at); });
  couple();
  const double primal = inward * barrier_.primal < 1.0 ? inward * barrier_.primal : 1.0;
  const double dual = inward * barrier_.dual < 1.0 ? inward * barrier_.dual : 1.0;
  each([&](size_t t, size_t n, size_t at) { barrier_.move(t, n, affine, along, at, primal, dual); });
  for (size_t j = 0; j < size_; ++j) w_.data()[j] += primal * step[j];
  // A coefficient is what is left of it to its bound.
  for (size_t j = 0; penalty_.nonNegative && j < plan_.cols; ++j) w_.data()[j] = barrier_.v.data()[term(j)];
  spreadMargins();
  return primal;
}

void Program::weigh() {
  double *residual = residual_.data(), *slope = slope_.data();
  slope_.clear();
  curvature_.clear();
  pull_.clear();
  barrier_.reset();
  each([&](size_t t, size_t n, size_t at) {
    barrier_.bend(t, n, slope, curvature_.data(), pull_.data(), at);
  });
  residual_.clear();
  map_.gather(slope, residual);
  lagrangian_ = barrier_.value;
  unmet_ = 0.0;
  isFeasible_ = true;
  for (size_t j = 0; j < size_; ++j) {
    const double bend = j < plan_.cols ? bend_.data()[j] : 0.0;
    const double w = w_.data()[j];
    residual[j] -= bend * w;
    lagrangian_ += 0.5 * bend * (w * w);
    const double left = std::fabs(residual[j]);
    unmet_ += left * (std::fabs(step_.data()[j]) + 0x1p-10 * std::fabs(w));
    if (!(left <= feasible * count() * deviation(j))) isFeasible_ = false;
  }
  std::copy_n(residual, size_, right_.data());
  map_.gather(pull_.data(), right_.data());
}

void Program::judge() {
  const double gap = barrier_.gap;
  const double value = lagrangian_ + gap;
  if (first_ < 0.0) first_ = value;
  const double left = isFeasible_ ? gap + unmet_ : INFINITY;
  idle_ = least_ == INFINITY || left < 0.9 * least_ ? 0 : idle_ + 1;
  if (left < least_) {
    least_ = left;
    bound = lagrangian_ - unmet_;
  }
  const double nothing = rounding * (value + 0x1p-4 * first_);
  done = (isFeasible_ && gap <= nothing) || idle_ >= mostIdle;
}

void Program::exchange(Archive& archive) {
  for (Doubles* array : {&barrier_.e, &barrier_.c, &barrier_.u, &barrier_.v, &w_, &step_, &room_})
    archive.array(array->data(), array->size());
  archive.number(first_);
  archive.number(least_);
  archive.count(idle_);
  archive.number(bound);
  archive.flag(done);
  spreadMargins();
  weigh();
}

// The lower end of a row's box for a weight of 1; the upper one is 1 above it.
double Program::low(size_t piece, size_t i) const {
  if (plan_.loss == hingeLoss) return y(i) > 0.0 ? 0.0 : -1.0;
  return plan_.loss == epsilonInsensitiveLoss ? -static_cast<double>(piece) : plan_.lossParameters[0] - 1.0;
}

// Margins are y - z, less or more the half width of the tube, and for a coefficient its negative.
void Program::spreadMargins() {
  const size_t rows = table_.count;
  const double wall = plan_.loss == epsilonInsensitiveLoss ? plan_.lossParameters[0] : 0.0;
  double *m = barrier_.m.data(), *z = along_.data();
  map_.spread(w_.data(), z);
  for (size_t i = 0; i < rows; ++i) {
    const double own = table_.offset ? z[i] + table_.offset[row(i) * plan_.outputs + output_] : z[i];
    const double r = y(i) - own;
    m[i] = r - wall;
    if (pieces_ > 1) m[rows + i] = r + wall;
  }
  for (size_t j = 0; j < plan_.cols; ++j) m[term(j)] = -w_.data()[j];
}

// All terms, in parts of a kind: pass(first term, how many, where their rows or coefficients begin).
template <class Pass>
void Program::each(Pass pass) {
  const size_t rows = table_.count;
  for (size_t piece = 0; piece < pieces_; ++piece)
    for (size_t at = 0; at < rows && !team_.stopped(); at += chunk)
      pass(piece * rows + at, std::min(chunk, rows - at), at);
  pass(term(0), plan_.cols, rows);
}

// Of a curved objective the slopes that are left fall only where both go the same part.
void Program::couple() {
  if (plan_.l2 > 0.0)
    barrier_.primal = barrier_.dual = barrier_.primal < barrier_.dual ? barrier_.primal : barrier_.dual;
}

// The matrix of the equations.
void Program::factorize(double* H) {
  const size_t cols = plan_.cols, n = size_;
  if (byRows_) return byRows_->factorize(curvature_.data(), H);
  const double* deviation = scaling_.deviation();
  gram_.evaluate(curvature_.data(), H);
  for (size_t j = 0; j < n; ++j) {
    for (size_t k = 0; k < n; ++k) {
      const double scale = (j < cols ? deviation[j] : 1.0) * (k < cols ? deviation[k] : 1.0);
      H[j * n + k] /= scale;
    }
  }
  for (size_t j = 0; j < cols; ++j) H[j * n + j] += bend_.data()[j] + curvature_.data()[table_.count + j];
  nabla::factorize(kernels_, H, n, team_);
}

// g becomes what the equations make of it, and z that of the rows and, behind them, of the coefficients.
void Program::solve(const double* H, double* g, double* z) {
  if (byRows_) return byRows_->solve(H, g, z);
  solveFactorized(kernels_, H, size_, g);
  map_.spread(g, z);
}

}  // namespace nabla
