// The function table: all that the solver and the binding see of the kernels. One per instruction set.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace nabla {

// Rows of a row-major matrix: `count` consecutive ones from X, or those that `index` names.
struct Rows {
  const double* X;
  size_t cols;
  size_t count;
  const uint32_t* index;  // null: consecutive

  const double* row(size_t i) const { return X + (index ? index[i] : i) * cols; }
};

constexpr int maxParameters = 8;    // of one loss, rule or schedule
constexpr int maxStates = 3;        // arrays that a rule keeps, each as long as the weights
constexpr int maxRunning = 4;       // running products that a rule keeps (powers of beta)
constexpr int maxCoefficients = 8;  // what a rule computes once a step for its array pass

struct Loss {
  const char* name;
  const char* parameters;  // names, space-separated, in the order of lib/catalog.ts
  // Overwrites z with dl/dz and returns the sum of l(y, z).
  double (*gradient)(const double* y, double* z, size_t n, const double* parameters);
};

// One step of a rule over an array: w and its states change in place.
using UpdatePass = void (*)(double* w, const double* g, double* const* state, size_t n,
                            const double* coefficients);

struct Rule {
  const char* name;
  const char* parameters;  // the first is always learningRate
  int states;
  double (*initialState)(const double* parameters);  // null: 0
  // Advances the running products (1 at first) to step t and writes the pass's coefficients.
  void (*begin)(const double* parameters, double rate, double t, double* running, double* coefficients);
  UpdatePass (*pass)(const double* parameters);
};

struct Kernels {
  const char* target;

  double (*dot)(const double* x, const double* y, size_t n);
  double (*sum)(const double* x, size_t n);
  double (*asum)(const double* x, size_t n);
  double (*nrm2)(const double* x, size_t n);
  void (*axpy)(double a, const double* x, double* y, size_t n);
  void (*scal)(double a, double* x, size_t n);
  void (*divide)(double a, double* x, size_t n);  // x /= a

  void (*matvec)(const Rows& rows, const double* w, double b, double* z);  // z = X w + b
  void (*rmatvec)(const Rows& rows, const double* r, double* g);           // g += Xᵀ r, in row order
  double (*power)(double x, double p);                                     // x^p, x > 0 and normal

  const Loss* losses;
  int lossCount;
  const Rule* rules;
  int ruleCount;
};

}  // namespace nabla
