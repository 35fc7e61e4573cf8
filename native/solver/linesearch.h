// Line search for the strong Wolfe conditions (Nocedal and Wright, Numerical Optimization, 3.5).
// By bracketing and cubic interpolation. Where rounding hides the decrease it takes the approximate
// conditions of Hager and Zhang (2005), which use the slope alone. Twin: lib/reference/solver/linesearch.ts.
#pragma once

#include <cmath>

namespace nabla {

// A point of the ray: how far, the value there and the slope.
struct RayPoint {
  double t;
  double value;
  double slope;
};

// The minimum of the cubic through two points; kept off the ends of the interval.
inline double between(const RayPoint& low, const RayPoint& high) {
  const double width = high.t - low.t;
  const double middle = low.t + 0.5 * width;
  if (!(high.value < INFINITY)) return low.t + 0.1 * width;
  const double d1 = low.slope + high.slope - (3.0 * (high.value - low.value)) / width;
  const double square = d1 * d1 - low.slope * high.slope;
  if (!(square >= 0.0)) return middle;
  const double d2 = std::sqrt(square);
  const double t = high.t - (width * (high.slope + d2 - d1)) / (high.slope - low.slope + 2.0 * d2);
  return t >= low.t + 0.1 * width && t <= low.t + 0.9 * width ? t : middle;
}

// The next trial where those before were too long: of the slopes' secant where that is much shorter.
inline double nearStart(const RayPoint& start, const RayPoint& high, int tries) {
  constexpr double shorter = 0x1p-30;  // of a trial
  constexpr int patient = 5;           // trials after which a step that is far too long shrinks faster
  const double secant = (-start.slope * high.t) / (high.slope - start.slope);
  if (secant > 0.0 && secant < shorter * high.t) return secant;
  return tries >= patient ? 0.01 * high.t : between(start, high);
}

// The next trial in a bracket: where its ends are of different magnitudes, of the magnitude between them.
inline double inside(const RayPoint& low, const RayPoint& high) {
  constexpr double widest = 0x1p10;  // high.t / low.t of a bracket in which a cubic says something
  return high.t > widest * low.t ? std::sqrt(low.t) * std::sqrt(high.t) : between(low, high);
}

// Searches from `start` (t = 0) with a first trial at `t`. `at` evaluates and returns a point; the last one
// evaluated is the one that is returned. `roundoff`: smaller changes of the value are rounding. t = 0:
// nothing lowers the value.
template <class At>
RayPoint wolfe(const RayPoint& start, double t, double roundoff, At at) {
  constexpr double decrease = 1e-4, curvature = 0.9;
  constexpr int most = 20;
  RayPoint low = start, high{}, best = start;
  bool bracketed = false;
  for (int tries = 0; tries < most; ++tries) {
    const RayPoint point = at(t);
    const double value = point.value, slope = point.slope;
    const bool level = std::fabs(value - start.value) <= roundoff;
    const bool lower = level ? slope <= (2.0 * decrease - 1.0) * start.slope
                             : value <= start.value + decrease * t * start.slope;
    if (lower && std::fabs(slope) <= -curvature * start.slope) return point;
    if (lower && value < best.value) best = point;
    if (lower && slope < 0.0) {
      low = point;
    } else {
      high = point;
      bracketed = true;
    }
    // A parabola whose slope has not fallen to 0.9 has its minimum beyond 10 t.
    t = !bracketed ? 10.0 * t : low.t == 0.0 ? nearStart(start, high, tries) : inside(low, high);
    if (!(t > low.t && t < INFINITY)) break;
  }
  return best.t > 0.0 ? at(best.t) : start;
}

}  // namespace nabla
