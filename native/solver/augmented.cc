#include "augmented.h"

#include <algorithm>

namespace nabla {

namespace {

constexpr int halvings = 60;    // of the shift that balances d
constexpr double far = 0x1p10;  // times its size: where the minimum is not, of a weight without a penalty

}  // namespace

Augmented::Augmented(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling,
                     const Penalty& penalty, const Team& team)
    : plan_(plan),
      table_(table),
      scaling_(scaling),
      penalty_(penalty),
      team_(team),
      map_(kernels, plan, table, scaling, team),
      pieces_(pieceCount(plan)),
      feasible_(plan.size()),
      own_(map_.size()),
      z_(table.count + plan.cols),
      rows_(table.count + plan.cols),
      d_(plan.outputs * pieces_ * table.count),
      d0_(d_.size()),
      u_(plan.coefficients()),
      u0_(u_.size()),
      slopes_(plan.size()),
      residual_(plan.size()) {
  for (AlignedBuffer* array : {&feasible_, &d_, &u_, &u0_, &slopes_, &residual_}) array->clear();
  for (size_t k = 0; k < plan.outputs; ++k)
    eachTerm(k, [&](size_t t, size_t i, double low, double) { d0_.data()[t] = weight(i) * (low + 0.5); });
}

void Augmented::begin(const double* weights, double part) {
  double sum = 0.0;
  for (size_t k = 0; k < plan_.outputs; ++k) {
    spread(k, weights);
    eachTerm(
        k, [&](size_t, size_t i, double, double wall) { sum += weight(i) * std::fabs(z_.data()[i] - wall); });
  }
  const double mean = sum / static_cast<double>(d_.size());
  room = mean > 0.0 ? mean : 1.0;
  mu = part * room;
}

double Augmented::evaluate(const double* weights, double* gradient) {
  const double count = static_cast<double>(table_.count);
  double *d = d_.data(), *d0 = d0_.data(), *u0 = u0_.data(), *z = z_.data(), *rows = rows_.data();
  double value = 0.0, margins = 0.0, missing = 0.0;
  for (size_t k = 0; k < plan_.outputs; ++k) {
    spread(k, weights);
    rows_.clear();
    eachTerm(k, [&](size_t t, size_t i, double low, double wall) {
      const double s = weight(i);
      if (!(s > 0.0)) return;
      const double m = z[i] - wall;
      const double least = s * low, most = least + s;
      const double aim = d0[t] + (s * m) / mu;
      d[t] = aim < least ? least : aim > most ? most : aim;
      const double off = d[t] - d0[t];
      value += d[t] * m - (mu * (off * off)) / (2.0 * s);
      margins += d[t] * m;
      missing += (m > 0.0 ? most - d[t] : least - d[t]) * m;
      rows[i] += d[t];
    });
    gather(k);
  }
  for (size_t at = 0; at < plan_.size(); ++at) gradient[at] = -slopes_.data()[at];
  margins_ = margins / count;
  shortfall = missing / count;
  std::copy_n(weights, plan_.size(), feasible_.data());
  double envelopes = 0.0;
  for (size_t at = 0; at < u_.size(); ++at) {
    const double nu = mu / scaling_.square()[at % plan_.cols];
    const double x = weights[at] + nu * u0[at];
    const double bound = l1(at);
    const double size = std::fabs(x) - nu * bound;
    const double free = size > 0.0 ? (x > 0.0 ? size : -size) : 0.0;
    const double v = within(at, free);
    const double u = v == free && v != 0.0 ? (v > 0.0 ? bound : -bound) : (x - v) / nu;
    const double off = u - u0[at];
    const double moved = nu * off;  // the weight less v
    feasible_.data()[at] = v;
    u_.data()[at] = u;
    envelopes += bound * std::fabs(v) + u * moved - 0.5 * (moved * off);
    shortfall += std::fabs(u * moved);
    gradient[at] += u;
  }
  for (size_t at = 0; at < plan_.size(); ++at) {
    const double ridge = at < u_.size() ? l2(at) : 0.0;
    residual_.data()[at] = gradient[at] + ridge * weights[at];
  }
  return value + count * envelopes;
}

double Augmented::hidden(const double* weights) const {
  double sum = 0.0;
  for (size_t at = 0; at < plan_.size(); ++at) {
    const double left = std::fabs(residual_.data()[at]);
    const double ridge = at < u_.size() ? l2(at) : 0.0;
    const double byReach = left * reach(at, weights[at]);
    const double byL2 = ridge > 0.0 ? (left * left) / (2.0 * ridge) : byReach;
    sum += byL2 < byReach ? byL2 : byReach;
  }
  return sum;
}

void Augmented::recentre() {
  std::copy_n(d_.data(), d_.size(), d0_.data());
  std::copy_n(u_.data(), u_.size(), u0_.data());
}

double Augmented::bound(const double* weights) {
  if (plan_.intercept) balance(weights);
  double value = margins_, share = 1.0;
  for (size_t at = 0; at < plan_.size(); ++at) {
    const double r = slopes_.data()[at];
    value += r * weights[at];
    if (at >= u_.size() || l2(at) > 0.0) continue;
    const double most = l1(at);
    const double size = std::fabs(within(at, r > 0.0 ? INFINITY : -INFINITY)) < INFINITY ? 0.0 : std::fabs(r);
    if (most > 0.0 && size * share > most) share = most / size;
  }
  value *= share;
  for (size_t at = 0; at < plan_.size(); ++at) {
    const double r = share * slopes_.data()[at];
    value -= at < u_.size() ? conjugate(at, r, weights[at]) : r * weights[at] + std::fabs(r) * far * room;
  }
  return value;
}

void Augmented::serialize(Archive& archive) {
  for (AlignedBuffer* array : {&d0_, &u0_}) archive.array(array->data(), array->size(), Range::any);
  archive.number(mu, Range::measured);
  archive.number(room, Range::measured);
}

// z becomes the margins of these weights, but for the walls.
void Augmented::spread(size_t k, const double* weights) {
  double* z = z_.data();
  for (size_t j = 0; j < own_.size(); ++j) own_.data()[j] = weights[place(k, j)];
  map_.spread(own_.data(), z);
  for (size_t i = 0; i < table_.count; ++i) {
    const double own = table_.offset ? z[i] + table_.offset[row(i) * plan_.outputs + k] : z[i];
    z[i] = marginOf(plan_, table_.y[row(i) * plan_.targets + k], own);
  }
}

// Takes the slopes of the sums over each row's terms.
void Augmented::gather(size_t k) {
  own_.clear();
  map_.gather(rows_.data(), own_.data());
  for (size_t j = 0; j < own_.size(); ++j)
    slopes_.data()[place(k, j)] = own_.data()[j] / static_cast<double>(table_.count);
}

// Moves d within its boxes until it adds up to 0 in each output, and takes slopes and margins anew.
void Augmented::balance(const double* weights) {
  double* d = d_.data();
  double margins = 0.0;
  for (size_t k = 0; k < plan_.outputs; ++k) {
    const auto shifted = [&](size_t t, size_t i, double low, double shift) {
      const double s = weight(i);
      const double moved = d[t] + s * shift;
      return moved < s * low ? s * low : moved > s * low + s ? s * low + s : moved;
    };
    double low = -1.0, high = 1.0;
    for (int i = 0; i < halvings && !team_.stopped(); ++i) {
      const double middle = 0.5 * (low + high);
      double sum = 0.0;
      eachTerm(k, [&](size_t t, size_t row, double least, double) { sum += shifted(t, row, least, middle); });
      (sum > 0.0 ? high : low) = middle;
    }
    spread(k, weights);
    rows_.clear();
    eachTerm(k, [&](size_t t, size_t i, double least, double wall) {
      d[t] = shifted(t, i, least, low);
      margins += d[t] * (z_.data()[i] - wall);
      rows_.data()[i] += d[t];
    });
    gather(k);
  }
  margins_ = margins / static_cast<double>(table_.count);
}

// The most of r·v less the penalty of v.
double Augmented::conjugate(size_t at, double r, double w) const {
  const double most = l1(at), ridge = l2(at);
  const double size = std::fabs(r) - most;
  const double free = !(size > 0.0) ? 0.0 : ridge > 0.0 ? size / ridge : INFINITY;
  const double best = within(at, r > 0.0 ? free : -free);
  if (most > 0.0 && !(std::fabs(best) < INFINITY)) return 0.0;
  const double end = reach(at, w);
  const double v = best > end ? end : best < -end ? -end : best;
  return r * v - most * std::fabs(v) - 0.5 * (ridge * (v * v));
}

// How far off the minimum a weight without a penalty is taken to be, at most.
double Augmented::reach(size_t at, double w) const {
  const double deviation = at < u_.size() ? std::sqrt(scaling_.square()[at % plan_.cols]) : 1.0;
  return far * (std::fabs(w) + room / deviation);
}

// The terms of an output: their place, row, lower end of the box and wall.
template <class Visit>
void Augmented::eachTerm(size_t k, Visit visit) const {
  const size_t count = table_.count;
  for (size_t piece = 0; piece < pieces_; ++piece) {
    const size_t begin = (k * pieces_ + piece) * count;
    const double wall = wallOf(plan_, piece);
    for (size_t i = 0; i < count; ++i)
      visit(begin + i, i, lowOf(plan_, piece, table_.y[row(i) * plan_.targets + k]), wall);
  }
}

}  // namespace nabla
