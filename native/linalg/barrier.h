// Terms of a piecewise-linear objective as an interior point method sees them.
// A term is max d·m over low <= d <= high, where m is a margin: that of a row, or the distance of a
// coefficient from 0. With e = d - low, c = high - d and m = u - v, none of the four is negative. At an
// optimum c·u = 0 and e·v = 0; on the central path both products are about μ. Twin:
// lib/reference/linalg/barrier.ts.
#pragma once

#include "alignedbuffer.h"

namespace nabla {

// Passes go over n terms from t on; what belongs to rows and coefficients (changes of z, sums over a row's
// terms) begins at `at`.
class Barrier {
 public:
  explicit Barrier(size_t terms)
      : low(terms),
        m(terms),
        e(terms),
        c(terms),
        u(terms),
        v(terms),
        inverseE_(terms),
        inverseC_(terms),
        curvature_(terms) {
    e.clear();
  }

  // A term begins in the middle of its box, `room` beyond its margin.
  void begin(size_t t, double width, double room);
  // A term whose margin may not be positive, and is not: there is no end to its box.
  void beginBound(size_t t, double e);

  void reset() { value = gap = products = pairs = 0.0; }
  // Adds up the terms where they are; of each row d, the second derivatives, and these times m.
  void addCurvature(size_t t, size_t n, double* slope, double* curvature, double* pull, size_t at);
  // Before a direction, of which no more than `most` will be asked for.
  void turn(double most);
  // How far the affine direction goes, to where the products would be 0, and what becomes of them.
  void aim(size_t t, size_t n, const double* affine, size_t at);
  // Chooses μ by what the affine direction leaves of the products, of whose sum `least` is to stay. `isIdle`:
  // the last iteration gained next to nothing, as where terms are far from central and second-order
  // corrections send them to and fro; so half of the products stay, and there are no such corrections.
  void center(double least, bool isIdle);
  // Adds what μ and the affine direction's second order ask of each row beside bend().
  void correct(size_t t, size_t n, const double* affine, double* pull, size_t at);
  // How far the corrected direction goes.
  void measure(size_t t, size_t n, const double* affine, const double* along, size_t at);
  // Goes it, `primal` and `dual` of it.
  void move(size_t t, size_t n, const double* affine, const double* along, size_t at, double primal,
            double dual);
  // Whether m goes to 0 and d does not go to an end of its box, beside what is usual for both.
  bool isAtBreakpoint(size_t t, double width, double room) const;

  AlignedBuffer low, m;
  AlignedBuffer e;  // 0: the term is left out, since low = high
  AlignedBuffer c, u, v;

  // Sums over the terms: d·m, by how much d falls short of the most, the products, and how many these are.
  double value = 0.0;
  double gap = 0.0;
  double products = 0.0;
  double pairs = 0.0;
  // How much of the direction u and v, and how much of it e and c, can take.
  double primal = 0.0;
  double dual = 0.0;

 private:
  // The direction of a term; c goes against e.
  struct Direction {
    double e, u, v;
  };
  Direction affine(size_t t, double change) const;
  double correction(size_t t, const Direction& affine) const;
  Direction corrected(size_t t, double affine, double change) const;
  void limit(size_t t, const Direction& d);

  // Of the last bend(): 1/e, 1/c and the second derivative in m.
  AlignedBuffer inverseE_, inverseC_, curvature_;
  double target_ = 0.0;  // μ
  double second_ = 0.0;  // how much the products of the affine direction's parts count
  // The change of the products along the affine direction, in u and v, in e and c, and in both.
  double inPrimal_ = 0.0;
  double inDual_ = 0.0;
  double inBoth_ = 0.0;
};

}  // namespace nabla
