#include "qp.h"

#include <algorithm>

#include "../linalg/cholesky.h"

namespace nabla {

namespace {

constexpr double feasible = 1e-6;  // a slope that is left, beside that of rows which all pull one way
constexpr double far = 0x1p10;  // times its size: where the minimum is not, of a weight that a penalty holds
constexpr double inward = 0.9995;           // of the way to where the first number would be 0
constexpr uint64_t mostIdle = 5;            // iterations that gain next to nothing
constexpr uint64_t mostUnfeasible = 20;     // and before slopes were met
constexpr double floorOfProducts = 0x1p-4;  // of rounding: fewer say nothing, and cost the equations digits
constexpr size_t chunk = 4096;              // terms between two looks at whether to stop

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
      pieces_(pieceCount(plan)),
      bounded_(penalty.bounded()),
      ofCoefficients_(bounded_ ? 3 * plan.cols : plan.cols),
      barrier_(pieces_ * table.count + ofCoefficients_),
      w_(size_),
      step_(size_),
      residual_(size_),
      right_(size_),
      curvatures_(plan.cols),
      slope_(table.count + ofCoefficients_),
      curvature_(table.count + ofCoefficients_),
      pull_(table.count + ofCoefficients_),
      affine_(table.count + ofCoefficients_),
      along_(table.count + ofCoefficients_) {
  for (size_t j = 0; j < plan.cols; ++j) curvatures_.data()[j] = count() * plan.l2 * factor(j);
  if (RowEquations::suit(plan, table, penalty))
    byRows_.reset(new RowEquations(kernels, plan, table.count, curvatures_.data(), 0.0, map_, gram, team));
  w_.clear();
  step_.clear();
  for (size_t piece = 0; piece < pieces_; ++piece)
    for (size_t i = 0; i < table.count; ++i)
      barrier_.low.data()[piece * table.count + i] = weight(i) * lowOf(plan, piece, y(i));
  for (size_t j = 0; j < plan.cols; ++j) {
    barrier_.low.data()[term(j)] = -l1(j);
    if (!bounded_) continue;
    // Where a bound keeps a coefficient to one side of 0, l1 is a slope of the bound's term.
    barrier_.low.data()[term(j, lowerTerm)] = lower(j) >= 0.0 ? -l1(j) : 0.0;
    barrier_.low.data()[term(j, upperTerm)] = upper(j) <= 0.0 ? -l1(j) : 0.0;
  }
}

bool Program::hasTerm(size_t j, Kind kind) const {
  if (isFixed(j)) return false;
  if (kind == l1Term) return lower(j) < 0.0 && upper(j) > 0.0;
  return kind == lowerTerm ? lower(j) > -INFINITY : upper(j) < INFINITY;
}

void Program::begin(const double* weights) {
  double* w = w_.data();
  for (size_t j = 0; j < size_; ++j) w[j] = weights[place(j)];
  spreadMargins();
  const size_t terms = term(0);
  const double mean = kernels_.asum(barrier_.m.data(), terms) / static_cast<double>(terms);
  margin_ = mean > 0.0 ? mean : 1.0;
  for (size_t t = 0; t < terms; ++t) barrier_.begin(t, weight(t % table_.count), margin_);
  for (size_t j = 0; j < plan_.cols; ++j) {
    barrier_.begin(term(j), hasTerm(j, l1Term) ? width(j, l1Term) : 0.0, usual(j));
    if (bounded_) beginBetween(j);
  }
  spreadMargins();
}

// A size of a coefficient that makes no more of z, or of its own penalty, than a usual margin is.
double Program::usual(size_t j) const {
  const double own = room(j);
  const double all = count() * margin_, addCurvature = curvatures_.data()[j];
  const double byL1 = l1(j) > 0.0 ? all / l1(j) : INFINITY;
  const double byL2 = addCurvature > 0.0 ? std::sqrt(all / addCurvature) : INFINITY;
  const double held = byL1 < byL2 ? byL1 : byL2;
  return own < held ? own : held;
}

// Begins a coefficient's bounds, inside of which it is, or as far as there is room.
void Program::beginBetween(size_t j) {
  double& w = w_.data()[j];
  const double low = lower(j), high = upper(j), quarter = 0.25 * (high - low);
  const double most = usual(j) / static_cast<double>(plan_.cols);
  const double least = most < quarter ? most : quarter;
  if (!isFixed(j) && !(w > low + least)) w = low + least;
  if (!isFixed(j) && !(w < high - least)) w = high - least;
  for (const Kind kind : {lowerTerm, upperTerm}) {
    const size_t t = term(j, kind);
    barrier_.m.data()[t] = 0.0;
    barrier_.begin(t, 0.0, room(j));
    if (!hasTerm(j, kind)) continue;
    const double off = kind == lowerTerm ? w - low : high - w;
    barrier_.m.data()[t] = -(off > 0.0 ? off : least);
    barrier_.beginBound(t, 0.5 * width(j, kind));
  }
}

void Program::write(double* weights, bool snaps) const {
  for (size_t j = 0; j < size_; ++j) {
    double w = w_.data()[j];
    if (snaps && j < plan_.cols && isAtBreakpoint(j, l1Term)) w = 0.0;
    if (snaps && j < plan_.cols && bounded_ && isAtBreakpoint(j, upperTerm)) w = upper(j);
    if (snaps && j < plan_.cols && bounded_ && isAtBreakpoint(j, lowerTerm)) w = lower(j);
    weights[place(j)] = w;
  }
}

double Program::iterate(double* H, double roundoff) {
  double *step = step_.data(), *affine = affine_.data(), *along = along_.data(), *pull = pull_.data();
  factorize(H);
  if (team_.stopped()) return 0.0;
  std::copy_n(right_.data(), size_, step);
  solve(H, step, affine);
  if (team_.stopped()) return 0.0;
  barrier_.turn(1.0);
  each([&](size_t t, size_t n, size_t at) { barrier_.aim(t, n, affine, at); });
  couple();
  barrier_.center(floorOfProducts * roundoff, idle_ > 0);
  pull_.clear();
  each([&](size_t t, size_t n, size_t at) { barrier_.correct(t, n, affine, pull, at); });
  foldBounds(pull + table_.count);
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
  if (bounded_) keepBetween();
  spreadMargins();
  return primal;
}

// A coefficient that is nearer to a bound than to 0 is what is left of it to that.
void Program::keepBetween() {
  const double* v = barrier_.v.data();
  for (size_t j = 0; j < plan_.cols; ++j) {
    double w = w_.data()[j];
    const double size = std::fabs(w);
    const double up = hasTerm(j, lowerTerm) ? v[term(j, lowerTerm)] : INFINITY;
    const double down = hasTerm(j, upperTerm) ? v[term(j, upperTerm)] : INFINITY;
    if (up < size && !(down < up))
      w = lower(j) + up;
    else if (down < size)
      w = upper(j) - down;
    w_.data()[j] = w < lower(j) ? lower(j) : w > upper(j) ? upper(j) : w;
  }
}

void Program::weigh() {
  double *residual = residual_.data(), *slope = slope_.data();
  slope_.clear();
  curvature_.clear();
  pull_.clear();
  residual_.clear();
  barrier_.reset();
  eachRow([&](size_t t, size_t n, size_t at) {
    barrier_.addCurvature(t, n, slope, curvature_.data(), pull_.data(), at);
  });
  map_.gather(slope, residual);
  bound_ = barrier_.value;
  double objective = barrier_.value + barrier_.gap;
  isFeasible_ = true;
  barrier_.addCurvature(term(0), ofCoefficients_, slope, curvature_.data(), pull_.data(), table_.count);
  foldBounds(slope + table_.count);
  foldBounds(pull_.data() + table_.count);
  for (size_t j = 0; j < size_; ++j) {
    const bool isCoefficient = j < plan_.cols;
    const double w = w_.data()[j];
    const double addCurvature = isCoefficient ? curvatures_.data()[j] : 0.0,
                 ofL1 = isCoefficient ? l1(j) : 0.0;
    objective += ofL1 * std::fabs(w) + 0.5 * addCurvature * (w * w);
    bound_ += leastAlong(j, residual[j], ofL1, addCurvature);
    const double own = isCoefficient ? slope[table_.count + j] - addCurvature * w : 0.0;
    residual[j] = isFixed(j) ? 0.0 : residual[j] + own;
  }
  left_ = objective - bound_;
  std::copy_n(residual, size_, right_.data());
  map_.gather(pull_.data(), right_.data());
}

// The least that a weight's penalty and a slope r in it, of the rows' d as they are, can add to the
// Lagrangian: the conjugate of its penalty. A weight that neither penalty nor bounds hold is taken to be near
// its minimum.
double Program::leastAlong(size_t j, double r, double ofL1, double addCurvature) {
  const bool isCoefficient = j < plan_.cols;
  const double w = w_.data()[j];
  const double size = std::fabs(r) - ofL1;
  const double least = !(size > 0.0) ? 0.0 : addCurvature > 0.0 ? size / addCurvature : INFINITY;
  double v = r > 0.0 ? least : -least;
  if (bounded_ && isCoefficient) v = v < lower(j) ? lower(j) : v > upper(j) ? upper(j) : v;
  double reach = far * (std::fabs(w) + room(j));
  if (!(std::fabs(v) < INFINITY)) {
    // Columns that are all but collinear may have it far off.
    reach = std::fabs(step_.data()[j]) + room(j) + (isCoefficient ? std::fabs(w) : 0.0);
    if (!(size <= feasible * count() * deviation(j))) isFeasible_ = false;
  }
  if (v > w + reach) v = w + reach;
  if (v < w - reach) v = w - reach;
  return ofL1 * std::fabs(v) + 0.5 * addCurvature * (v * v) - r * (v - w);
}

void Program::judge(double roundoff) {
  const double left = isFeasible_ ? left_ : INFINITY;
  const double products = barrier_.products;
  // Where penalties are far larger than losses the products fall before the gap does.
  const bool falls = left < 0.9 * least_ || (products > roundoff && products < 0.9 * leastProducts_);
  idle_ = falls ? 0 : idle_ + 1;
  if (products < leastProducts_) leastProducts_ = products;
  if (left < least_) {
    least_ = left;
    bound = bound_;
  }
  done = left <= roundoff || idle_ >= (least_ < INFINITY ? mostIdle : mostUnfeasible);
}

void Program::serialize(Archive& archive) {
  for (AlignedBuffer* array : {&barrier_.e, &barrier_.c, &barrier_.u, &barrier_.v, &w_, &step_})
    archive.array(array->data(), array->size(), Range::any);
  archive.number(margin_, Range::any);
  archive.number(least_, Range::any);
  archive.number(leastProducts_, Range::any);
  archive.count(idle_);
  archive.number(bound, Range::any);
  archive.flag(done);
  spreadMargins();
  weigh();
}

// Of a coefficient the margin is its negative.
void Program::spreadMargins() {
  const size_t rows = table_.count;
  double *m = barrier_.m.data(), *z = along_.data();
  map_.spread(w_.data(), z);
  for (size_t i = 0; i < rows; ++i) {
    const double own = table_.offset ? z[i] + table_.offset[row(i) * plan_.outputs + output_] : z[i];
    const double margin = marginOf(plan_, y(i), own);
    for (size_t piece = 0; piece < pieces_; ++piece) m[piece * rows + i] = margin - wallOf(plan_, piece);
  }
  for (size_t j = 0; j < plan_.cols; ++j) m[term(j)] = -w_.data()[j];
  for (size_t j = 0; bounded_ && j < plan_.cols; ++j) {
    m[term(j, lowerTerm)] = hasTerm(j, lowerTerm) ? lower(j) - w_.data()[j] : 0.0;
    m[term(j, upperTerm)] = hasTerm(j, upperTerm) ? w_.data()[j] - upper(j) : 0.0;
  }
}

// Adds to the numbers of coefficients those of their bounds.
void Program::foldBounds(double* ofCoefficients) const {
  const size_t cols = plan_.cols;
  for (size_t j = 0; bounded_ && j < cols; ++j)
    ofCoefficients[j] += ofCoefficients[cols + j] - ofCoefficients[2 * cols + j];
}

// All terms, in parts of a kind: pass(first term, how many, where their rows or coefficients begin).
template <class Pass>
void Program::each(Pass pass) {
  eachRow(pass);
  pass(term(0), ofCoefficients_, table_.count);
}

template <class Pass>
void Program::eachRow(Pass pass) {
  const size_t rows = table_.count;
  for (size_t piece = 0; piece < pieces_; ++piece)
    for (size_t at = 0; at < rows && !team_.stopped(); at += chunk)
      pass(piece * rows + at, std::min(chunk, rows - at), at);
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
  for (size_t j = 0; j < n && !team_.stopped(); ++j) {
    for (size_t k = 0; k < n; ++k) {
      const double scale = (j < cols ? deviation[j] : 1.0) * (k < cols ? deviation[k] : 1.0);
      H[j * n + k] /= scale;
    }
  }
  const double* own = curvature_.data() + table_.count;
  for (size_t j = 0; j < cols; ++j) H[j * n + j] += curvatures_.data()[j] + own[j];
  for (size_t j = 0; bounded_ && j < cols; ++j) {
    H[j * n + j] += own[cols + j] + own[2 * cols + j];
    if (!isFixed(j)) continue;
    for (size_t k = 0; k < n; ++k) H[j * n + k] = H[k * n + j] = j == k ? 1.0 : 0.0;
  }
  nabla::factorize(kernels_, H, n, team_);
}

// g becomes what the equations make of it, and z that of the rows and, behind them, of the coefficients.
void Program::solve(const double* H, double* g, double* z) {
  if (byRows_) return byRows_->solve(H, g, z);
  for (size_t j = 0; bounded_ && j < plan_.cols; ++j)
    if (isFixed(j)) g[j] = 0.0;
  solveFactorized(kernels_, H, size_, g);
  map_.spread(g, z);
  for (size_t j = 0; bounded_ && j < plan_.cols; ++j) {
    z[table_.count + plan_.cols + j] = g[j];
    z[table_.count + 2 * plan_.cols + j] = -g[j];
  }
}

}  // namespace nabla
