#include "coordinatedescent.h"

#include <string.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "cholesky.h"

namespace nabla {

namespace {

constexpr int mostRounds = 100;  // of coordinate descent and a solve
constexpr int mostSweeps = 10;   // of one round over the active variables
}  // namespace

Quadratic::Quadratic(const Kernels& kernels, size_t size, size_t penalized, const Penalty& penalty,
                     const Team& team)
    : kernels_(kernels),
      size_(size),
      penalized_(penalized),
      penalty_(penalty),
      plain_(penalty.l1 == 0.0 && !penalty.bounded()),
      team_(team),
      diagonal_(size),
      L_(size * size),
      slope_(size),
      moved_(size),
      step_(size),
      kept_(size),
      settled_(size) {}

void Quadratic::setHessian(const double* H, const double* added) {
  H_ = H;
  added_ = added;
  for (size_t j = 0; j < size_; ++j) diagonal_.data()[j] = row(j)[j] + added[j];
  if (!plain_) return;
  memcpy(L_.data(), H, size_ * size_ * sizeof(double));
  for (size_t j = 0; j < size_; ++j) L_.data()[j * size_ + j] = diagonal_.data()[j];
  factorize(kernels_, L_.data(), size_, team_);
}

double Quadratic::minimize(const double* g, const double* w, double* v) {
  g_ = g;
  w_ = w;
  v_ = v;
  double* delta = moved_.data();
  if (plain_) {
    for (size_t j = 0; j < size_; ++j) delta[j] = -g[j];
    solveFactorized(kernels_, L_.data(), size_, delta);
    for (size_t j = 0; j < size_; ++j) v[j] = w[j] + delta[j];
    solved_ = true;
    return -0.5 * kernels_.dot(g, delta, size_);
  }
  solved_ = false;
  for (size_t j = 0; j < size_; ++j) v[j] = w[j] + 0.0;  // no -0
  memcpy(slope_.data(), g, size_ * sizeof(double));
  double first = 0.0;
  for (int round = 0; round < mostRounds && !solved_ && !stopped(); ++round) {
    const double moved = sweep(true);
    if (round == 0) first = moved;
    solved_ = !(moved > 0x1p-100 * first);
    if (solved_) break;
    for (int i = 0; i < mostSweeps && !stopped() && sweep(false) > 1e-4 * moved;) ++i;
    polish();
    solved_ = isOptimal() || (round > 0 && isSettled());
    memcpy(settled_.data(), v, size_ * sizeof(double));
  }
  refresh();
  double terms = 0.0;
  for (size_t j = 0; j < size_; ++j) terms += std::sqrt(diagonal_.data()[j]) * std::fabs(delta[j]);
  noise_ = 0x1p-52 * (terms * terms);
  return gain();
}

// m(w) - m(v), without taking the terms of l1 from each other where v has the sign of w.
double Quadratic::gain() const {
  const double* slope = slope_.data();
  double gain = 0.0;
  for (size_t j = 0; j < size_; ++j) {
    const double most = j < penalized_ ? bound(j) : 0.0;
    const bool isCrossed = w_[j] * v_[j] < 0.0;
    const double side = v_[j] != 0.0 ? v_[j] : w_[j];
    const double steady = isCrossed || side == 0.0 ? 0.0 : side > 0.0 ? most : -most;
    gain -= 0.5 * moved_.data()[j] * (g_[j] + steady + (slope[j] + steady));
    if (isCrossed) gain += most * (std::fabs(w_[j]) - std::fabs(v_[j]));
  }
  return gain;
}

double Quadratic::leastPivot() const {
  const size_t n = plain_ ? size_ : active_.size();
  double least = 1.0;
  for (size_t i = 0; i < n; ++i) {
    const size_t j = plain_ ? i : active_[i];
    if (diagonal_.data()[j] == 0.0) continue;
    const double root = L_.data()[i * n + i], pivot = (root * root) / diagonal_.data()[j];
    if (!(pivot > least)) least = pivot;
  }
  return least;
}

// The best value of a variable, the others being as they are.
double Quadratic::best(size_t j) const {
  const double v = v_[j], h = diagonal_.data()[j], slope = slope_.data()[j];
  if (!isNonsmooth(j)) return h > 0.0 ? v - slope / h : v;
  if (!(h > 0.0)) {
    const double rest = within(j, 0.0);
    if (v > rest) return slope + bound(j) > 0.0 ? rest : v;
    return v < rest && slope - bound(j) < 0.0 ? rest : v;
  }
  const double u = v - slope / h;
  const double magnitude = std::fabs(u) - bound(j) / h;
  return within(j, !(magnitude > 0.0) ? 0.0 : u > 0.0 ? magnitude : -magnitude);
}

// A value of a variable within its bounds.
double Quadratic::within(size_t j, double v) const {
  if (!penalty_.bounded() || j >= penalized_) return v;
  return v < penalty_.lower[j] ? penalty_.lower[j] : v > penalty_.upper[j] ? penalty_.upper[j] : v;
}

// Where a variable that goes from v is held next: at 0 by l1, or at a bound; infinite: nowhere.
double Quadratic::breakpointAhead(size_t j, double v, bool up) const {
  if (j < penalized_ && bound(j) > 0.0 && (up ? v < 0.0 : v > 0.0)) return within(j, 0.0);
  if (j < penalized_ && penalty_.bounded()) return up ? penalty_.upper[j] : penalty_.lower[j];
  return up ? INFINITY : -INFINITY;
}

// How far a variable is from where it would be held.
double Quadratic::distance(size_t j) const {
  const double below = v_[j] - breakpointAhead(j, v_[j], false),
               above = breakpointAhead(j, v_[j], true) - v_[j];
  return below < above ? below : above;
}

// Which part of the step takes active variable i to where it is held.
double Quadratic::partTo(size_t i) const {
  const size_t j = active_[i];
  return (breakpointAhead(j, v_[j], step_.data()[i] > 0.0) - v_[j]) / step_.data()[i];
}

// One step for each variable, or for each active one. Returns the largest of them, squared, in units of the
// model.
double Quadratic::sweep(bool all) {
  double most = 0.0;
  for (size_t j = 0; j < size_ && !stopped(); ++j) {
    if (!all && !isActive(j)) continue;
    const double next = best(j), d = next - v_[j];
    if (d == 0.0) continue;
    v_[j] = next;
    addColumn(d, j, slope_.data());
    const double moved = diagonal_.data()[j] * d * d;
    if (moved > most) most = moved;
  }
  return most;
}

// Solves the equations of the active variables until none of them gets to where it is held.
void Quadratic::polish() {
  refresh();
  order();
  size_t known = 0;  // rows of L
  for (bool solved = false; !solved && !stopped();) {
    solved = !(factorizeActive(known) > 0 && leaveFlat()) && solveActive();
    if (!solved) known = drop();
  }
  solveActive();  // once more for rounding
}

// Which variables are active. Large ones come first, so that it is the small ones that turn out to depend on
// others, and that are dropped.
void Quadratic::order() {
  double* sizes = step_.data();
  active_.clear();
  for (size_t j = 0; j < size_; ++j) {
    if (!isActive(j)) continue;
    const double size = distance(j);
    size_t i = active_.size();
    active_.push_back(j);
    for (; i > 0 && size > sizes[i - 1]; --i) {
      sizes[i] = sizes[i - 1];
      active_[i] = active_[i - 1];
    }
    sizes[i] = size;
    active_[i] = j;
  }
}

// Takes out those that are no longer active; returns how many rows of L stand.
size_t Quadratic::drop() {
  const size_t n = active_.size();
  size_t first = 0;
  while (first < n && isActive(active_[first])) ++first;
  active_.erase(std::remove_if(active_.begin(), active_.end(), [&](size_t j) { return !isActive(j); }),
                active_.end());
  const size_t known = rowsKept(first);
  for (size_t i = 1; i < known; ++i)
    memmove(L_.data() + i * active_.size(), L_.data() + i * n, (i + 1) * sizeof(double));
  return known;
}

size_t Quadratic::factorizeActive(size_t known) {
  double* L = L_.data();
  const size_t n = active_.size();
  for (size_t i = known; i < n; ++i) {
    for (size_t k = 0; k < i; ++k) L[i * n + k] = row(active_[i])[active_[k]];
    L[i * n + i] = diagonal_.data()[active_[i]];
  }
  return factorize(kernels_, L, n, team_, known);
}

std::vector<std::vector<double>> Quadratic::weakDirections(size_t count) const {
  const size_t n = size_;
  const double* diagonal = diagonal_.data();
  bool any = false;
  for (size_t j = 0; j < count && !any; ++j) {
    const double root = L_.data()[j * n + j];
    any = diagonal[j] > 0.0 && !(root * root > weakPivot * diagonal[j]);
  }
  std::vector<std::vector<double>> directions;
  if (!any) return directions;
  AlignedBuffer F(n * n);
  memcpy(F.data(), H_, n * n * sizeof(double));
  for (size_t j = 0; j < n; ++j) F.data()[j * n + j] = diagonal[j];
  factorize(kernels_, F.data(), n, team_, 0, weakPivot);
  for (size_t j = 0; j < count && !stopped(); ++j) {
    if (F.data()[j * n + j] > 0.0 || !(diagonal[j] > 0.0)) continue;
    std::vector<double> u(n);
    for (size_t k = 0; k < n; ++k) u[k] = -row(j)[k];
    solveFactorized(kernels_, F.data(), n, u.data());
    u[j] = 1.0;
    directions.push_back(std::move(u));
  }
  return directions;
}

// The slope of the model at an active variable, l1 and all.
double Quadratic::steepness(size_t j) const {
  return slope_.data()[j] + (!isNonsmooth(j) ? 0.0 : v_[j] > 0.0 ? bound(j) : -bound(j));
}

// Where active variables depend on each other, l1 alone tells along the direction in which H is flat: goes
// there until one of them is held. True when that changes which ones are independent.
bool Quadratic::leaveFlat() {
  const double* L = L_.data();
  double* u = step_.data();
  const size_t n = active_.size();
  for (size_t i = 0; i < n && !stopped(); ++i) {
    if (L[i * n + i] > 0.0) continue;
    for (size_t k = 0; k < i; ++k) u[k] = -L[i * n + k];
    u[i] = 1.0;
    solveTransposed(kernels_, L, n, i, u);
    double slope = 0.0, size = 0.0;
    for (size_t k = 0; k <= i; ++k) {
      const double part = steepness(active_[k]) * u[k];
      slope += part;
      size += std::fabs(part);
    }
    if (!(std::fabs(slope) > 0x1p-36 * size)) continue;
    for (size_t k = 0; slope > 0.0 && k <= i; ++k) u[k] = -u[k];
    const size_t first = crossing(i + 1);
    if (first > i) continue;
    const double length = partTo(first),
                 breakpoint = breakpointAhead(active_[first], v_[active_[first]], u[first] > 0.0);
    for (size_t k = 0; k <= i; ++k) v_[active_[k]] = within(active_[k], v_[active_[k]] + length * u[k]);
    v_[active_[first]] = breakpoint;
    refresh();
    if (first < i) return true;
  }
  return false;
}

// Which of the first active variables is the first to be held along the step; `count`: none.
size_t Quadratic::crossing(size_t count) const {
  size_t first = count;
  double length = INFINITY;
  for (size_t i = 0; i < count; ++i) {
    const double part = partTo(i);
    if (!(part > 0.0 && part < length)) continue;
    first = i;
    length = part;
  }
  return first;
}

// Goes to the minimum over the active variables. Those that would pass where they are held stay there: all
// the way, or half of it and so on, until that is lower than going as far as none is held.
bool Quadratic::solveActive() {
  double* step = step_.data();
  double* kept = kept_.data();
  const size_t n = active_.size();
  for (size_t i = 0; i < n; ++i) step[i] = -steepness(active_[i]);
  solveFactorized(kernels_, L_.data(), n, step);
  double steep = 0.0;
  for (size_t i = 0; i < n; ++i) steep -= steepness(active_[i]) * step[i];
  const size_t first = crossing(n);
  const double length = first == n ? INFINITY : partTo(first);
  if (length > 1.0) {
    for (size_t i = 0; i < n; ++i) v_[active_[i]] += step[i];
    refresh();
    return true;
  }
  const double lower = value() - steep * (length - 0.5 * length * length);
  for (size_t i = 0; i < n; ++i) kept[i] = v_[active_[i]];
  for (double part = 1.0; part > length && !stopped(); part *= 0.5) {
    for (size_t i = 0; i < n; ++i) {
      const size_t j = active_[i];
      const double next = kept[i] + part * step[i];
      const bool up = step[i] > 0.0;
      const double breakpoint = breakpointAhead(j, kept[i], up);
      v_[j] = (up ? next < breakpoint : next > breakpoint) ? next : breakpoint;
    }
    refresh();
    if (value() < lower) return false;
  }
  const double breakpoint = breakpointAhead(active_[first], kept[first], step[first] > 0.0);
  for (size_t i = 0; i < n; ++i) v_[active_[i]] = within(active_[i], kept[i] + length * step[i]);
  v_[active_[first]] = breakpoint;
  refresh();
  return false;
}

// m(v), but for what does not depend on v.
double Quadratic::value() const {
  double value =
      0.5 * (kernels_.dot(g_, moved_.data(), size_) + kernels_.dot(slope_.data(), moved_.data(), size_));
  for (size_t j = 0; j < penalized_; ++j) value += bound(j) * std::fabs(v_[j]);
  return value;
}

// What is kept in step by coordinate descent, anew.
void Quadratic::refresh() {
  double* delta = moved_.data();
  memcpy(slope_.data(), g_, size_ * sizeof(double));
  for (size_t j = 0; j < size_; ++j) {
    delta[j] = v_[j] - w_[j];
    if (delta[j] != 0.0) addColumn(delta[j], j, slope_.data());
  }
}

// Whether the same variables are active, to the same side, as a round before: their equations are solved, and
// only rounding moves them.
bool Quadratic::isSettled() const {
  const double* before = settled_.data();
  for (size_t j = 0; j < penalized_; ++j) {
    const double v = v_[j], was = before[j];
    if (bound(j) > 0.0 && ((v > 0.0) != (was > 0.0) || (v < 0.0) != (was < 0.0))) return false;
    if (penalty_.isAtLower(j, v) != penalty_.isAtLower(j, was)) return false;
    if (penalty_.isAtUpper(j, v) != penalty_.isAtUpper(j, was)) return false;
  }
  return true;
}

// Whether no variable gains by more than rounding.
bool Quadratic::isOptimal() const {
  const double* delta = moved_.data();
  const double* slope = slope_.data();
  const double square = kernels_.dot(slope, delta, size_) - kernels_.dot(g_, delta, size_);  // δᵀHδ
  const double rounding = static_cast<double>(size_) * 0x1p-50;
  for (size_t j = 0; j < size_; ++j) {
    const double most = j < penalized_ ? bound(j) : 0.0;
    const double room =
        rounding * (std::fabs(g_[j]) + most + std::sqrt(std::fabs(diagonal_.data()[j] * square)));
    const bool up = v_[j] > 0.0, down = v_[j] < 0.0;
    const double right = slope[j] + (down ? -most : most);  // the slope to the right, and to the left
    const double left = slope[j] + (up ? most : -most);
    if (right < -room && !isAtUpper(j)) return false;
    if (left > room && !isAtLower(j)) return false;
  }
  return true;
}

}  // namespace nabla
