#include "barrier.h"

#include <cmath>

namespace nabla {

namespace {

// How much of dx x can take, up to `most`, without being negative.
double reach(double x, double dx, double most) { return x + most * dx < 0.0 ? -x / dx : most; }

}  // namespace

void Barrier::begin(size_t t, double width, double room) {
  const double margin = m.data()[t];
  e.data()[t] = c.data()[t] = 0.5 * width;
  u.data()[t] = (margin > 0.0 ? margin : 0.0) + room;
  v.data()[t] = (margin < 0.0 ? -margin : 0.0) + room;
}

void Barrier::beginBound(size_t t, double slope) {
  e.data()[t] = slope;
  c.data()[t] = INFINITY;
  u.data()[t] = 0.0;
  v.data()[t] = -m.data()[t];
}

void Barrier::addCurvature(size_t t, size_t n, double* slope, double* curvature, double* pull, size_t at) {
  const double *lows = low.data(), *margins = m.data();
  const double *es = e.data(), *cs = c.data(), *us = u.data(), *vs = v.data();
  for (const size_t end = t + n; t < end; ++t, ++at) {
    if (!(es[t] > 0.0)) continue;
    const double d = lows[t] + es[t];
    const double inverseE = 1.0 / es[t];
    const double inverseC = 1.0 / cs[t];
    const double D = 1.0 / (us[t] * inverseC + vs[t] * inverseE);
    inverseE_.data()[t] = inverseE;
    inverseC_.data()[t] = inverseC;
    curvature_.data()[t] = D;
    slope[at] += d;
    curvature[at] += D;
    pull[at] += D * margins[t];
    value += d * margins[t];
    gap += margins[t] > 0.0 ? cs[t] * margins[t] : -(es[t] * margins[t]);
    products += es[t] * vs[t];
    pairs += 1.0;
    if (!(us[t] > 0.0)) continue;
    products += cs[t] * us[t];
    pairs += 1.0;
  }
}

void Barrier::turn(double most) {
  primal = dual = most;
  inPrimal_ = inDual_ = inBoth_ = 0.0;
}

void Barrier::aim(size_t t, size_t n, const double* along, size_t at) {
  const double *es = e.data(), *cs = c.data(), *us = u.data(), *vs = v.data();
  for (const size_t end = t + n; t < end; ++t, ++at) {
    if (!(es[t] > 0.0)) continue;
    const Direction d = affine(t, along[at]);
    limit(t, d);
    const double turned = d.e * (us[t] - vs[t]);
    inPrimal_ += turned - es[t] * vs[t] - (us[t] > 0.0 ? cs[t] * us[t] : 0.0);
    inDual_ -= turned;
    inBoth_ += d.e * (d.v - d.u);
  }
}

void Barrier::center(double least, bool isIdle) {
  const double both = primal * dual;
  const double left = products + primal * inPrimal_ + dual * inDual_ + both * inBoth_;
  const double share = left > 0.0 ? left / products : 0.0;
  const double floor = isIdle && 0.5 * products > least ? 0.5 * products : least;
  const double rest = share * share * share * products;
  second_ = isIdle ? 0.0 : both;
  target_ = (rest > floor ? rest : floor) / pairs;
}

void Barrier::correct(size_t t, size_t n, const double* along, double* pull, size_t at) {
  for (const size_t end = t + n; t < end; ++t, ++at)
    if (e.data()[t] > 0.0) pull[at] += curvature_.data()[t] * correction(t, affine(t, along[at]));
}

void Barrier::measure(size_t t, size_t n, const double* affine, const double* along, size_t at) {
  for (const size_t end = t + n; t < end; ++t, ++at)
    if (e.data()[t] > 0.0) limit(t, corrected(t, affine[at], along[at]));
}

void Barrier::move(size_t t, size_t n, const double* affine, const double* along, size_t at, double primal,
                   double dual) {
  for (const size_t end = t + n; t < end; ++t, ++at) {
    if (!(e.data()[t] > 0.0)) continue;
    const Direction d = corrected(t, affine[at], along[at]);
    e.data()[t] += dual * d.e;
    c.data()[t] -= dual * d.e;
    u.data()[t] += primal * d.u;
    v.data()[t] += primal * d.v;
  }
}

bool Barrier::isAtBreakpoint(size_t t, double width, double room) const {
  const double inside = e.data()[t] < c.data()[t] ? e.data()[t] : c.data()[t];
  const double off = u.data()[t] > v.data()[t] ? u.data()[t] : v.data()[t];
  return inside * room > off * width;
}

Barrier::Direction Barrier::affine(size_t t, double change) const {
  const double de = curvature_.data()[t] * (m.data()[t] - change);
  return {de, u.data()[t] * (de * inverseC_.data()[t] - 1.0),
          -(v.data()[t] * (de * inverseE_.data()[t] + 1.0))};
}

double Barrier::correction(size_t t, const Direction& affine) const {
  const double second = second_ * affine.e;
  return (target_ - second * affine.v) * inverseE_.data()[t] -
         (target_ + second * affine.u) * inverseC_.data()[t];
}

Barrier::Direction Barrier::corrected(size_t t, double along, double change) const {
  const Direction first = affine(t, along);
  const double correction = this->correction(t, first);
  const double second = second_ * first.e;
  const double toU = (target_ + second * first.u) * inverseC_.data()[t];
  const double toV = (target_ - second * first.v) * inverseE_.data()[t];
  const double de = curvature_.data()[t] * (m.data()[t] + correction - change);
  return {de, toU + u.data()[t] * (de * inverseC_.data()[t] - 1.0),
          toV - v.data()[t] * (de * inverseE_.data()[t] + 1.0)};
}

void Barrier::limit(size_t t, const Direction& d) {
  dual = reach(c.data()[t], -d.e, reach(e.data()[t], d.e, dual));
  primal = reach(v.data()[t], d.v, reach(u.data()[t], d.u, primal));
}

}  // namespace nabla
