// Function table: all that solver and binding see of the kernels, one per instruction set.
// One per instruction set.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace nabla {

// Rows of a row-major matrix: `count` consecutive ones from X, or those that `index` names.
template <class T>
struct RowsOf {
  const T* X;
  size_t cols;
  size_t count;
  const uint32_t* index;  // null: consecutive
  size_t ahead = 0;       // rows, or numbers of rows in `index`, that follow these and may be fetched early
  bool once = false;      // one product alone goes through them

  const T* row(size_t i) const { return X + (index ? index[i] : i) * cols; }
};
using Rows = RowsOf<double>;
using SingleRows = RowsOf<float>;  // as they lie in memory: all kernels but `widen` work on doubles

// Asks for all lines of so many bytes: arrays of JavaScript begin within one, so a row has one more than its
// length.
static inline __attribute__((always_inline)) void fetchAll(const void* from, size_t bytes) {
  const char* begin = static_cast<const char*>(from);
  for (const char* line = begin - reinterpret_cast<size_t>(begin) % 64; line < begin + bytes; line += 64)
    __builtin_prefetch(line);
}

// A rectangle of a symmetric matrix H: rows top … bottom-1, columns left … right-1, of which those with k <=
// j count. At most gramSide columns; top and left are multiples of eight.
struct Part {
  size_t top;
  size_t bottom;
  size_t left;
  size_t right;
};
constexpr size_t gramSide = 32;

// What will be needed next, and how much of it has been asked for.
struct Ahead {
  const double* X;
  size_t lines;  // of cache
  size_t at;
  const double* y;  // after it; null: nothing
  size_t yLines;
};

// Few rows, in panels of eight columns one behind the other, each row after row; +0 behind the last column.
struct Panels {
  const double* X;
  size_t count;  // of rows
  Ahead* ahead;  // asked for meanwhile; null: nothing
};
constexpr size_t mostPackedRows = 128;

// What rows are held against in least squares; y and offset of row i are `stride` · i behind the first, or of
// the rows that `index` names.
struct Targets {
  const double* y;
  const double* sampleWeight;  // null: 1
  const double* offset;        // null: 0
  size_t stride;
  const uint32_t* index;  // null: consecutive
};

constexpr int maxParameters = 12;    // of one loss, rule or schedule
constexpr int maxStates = 3;         // arrays that a rule keeps, each as long as the weights
constexpr int maxRunning = 4;        // running products that a rule keeps (powers of beta)
constexpr int maxCoefficients = 12;  // what a rule computes once a step for its array pass

// What a loss pass works on: `outputs` arrays of n, `stride` apart, in z and in y (labels: one array of y).
struct LossArgs {
  const double* y;
  double* z;
  const double* weights;  // of the rows; null: 1
  size_t n;
  size_t outputs;
  size_t stride;
  const double* parameters;
};

// What losses of eight problems are taken of: arrays of n, which is a multiple of eight.
struct PointArgs {
  const double* y;
  double* z;              // becomes dl/dz times the row's weight
  const double* weights;  // of the rows; null: 1
  size_t n;
  const double* parameters;
  double* losses;       // times the row's weight; null: neither these nor second derivatives are asked for
  double* curvature;    // as Loss::curvature has it
  double* reach;        // of each problem: Σ (|y| + |z| + |dl/dz|) is added, where losses are not asked for
  const double* ahead;  // what will be needed next: so many cache lines for eight values
  size_t linesAhead;
};

// A loss l(y, z) and its derivative in z.
struct LossPoint {
  double loss, gradient;
};

struct Loss {
  const char* name;
  const char* parameters;  // names, space-separated, in the order of lib/catalog/
  // Overwrites z with dl/dz and returns the sum of l(y, z), both times the row's weight.
  double (*gradient)(const LossArgs& args);
  // The same, and writes d²l/dz² times the row's weight, `stride` apart, as z is: of losses that have none
  // everywhere a generalized one. Softmax, whose second derivative is p_k (δ_kl - p_l), writes p.
  double (*curvature)(const LossArgs& args, double* out);
  // Each by itself; null where outputs depend on each other.
  void (*points)(const PointArgs& args);
  // Of one y and z; null where outputs depend on each other.
  LossPoint (*at)(double y, double z, const double* parameters);
};

// Rows that make one block, of one output, and what they are held against: y, weights (null: 1) and offsets
// (null: 0) follow each other.
struct BlockArgs {
  Rows rows;
  const double* y;
  const double* sampleWeight;
  const double* offset;
  const Loss& loss;
  const double* parameters;
  const double* w;  // and behind it the intercept, if there is one
  bool intercept;
  double* z;         // room for as many
  double* gradient;  // of the mean, for each of w; null: none
};

// Coefficients of one output, and behind them or elsewhere its intercept (null: none).
template <class T>
struct Output {
  T* coefficients;
  T* intercept;
};

// A quadratic about v; of one output.
struct ExpandArgs {
  const double* G;         // symmetric, of columns and intercept
  const double* diagonal;  // of G
  size_t cols;
  const double* mean;  // that G's columns are moved by, when those of w are not; null: both are the same
  Output<const double> w, from;  // w and v
  Output<const double> slope;    // the sum's gradient at v, of moved columns
  double n;
  double *e, *Ge;           // room for as many as G has rows
  Output<double> gradient;  // becomes (slope + Ge)/n, of the columns of w
};
struct Expanded {
  double linear, square, largest;  // slopeᵀe, eᵀGe, and the part of it on the diagonal
};

struct Penalty {
  double l1;
  double l2;
  const double* factors;  // one per coefficient; null: 1
  // Bounds, one per coefficient, infinite where there is none; both null: no coefficient has one.
  const double* lower;
  const double* upper;

  bool bounded() const { return lower != nullptr; }
  bool active() const { return l1 != 0.0 || l2 != 0.0 || bounded(); }
  // Whether a coefficient of that value can go no further down, or up.
  bool isAtLower(size_t j, double v) const { return bounded() && v <= lower[j]; }
  bool isAtUpper(size_t j, double v) const { return bounded() && v >= upper[j]; }
};

// What may be done to a gradient and a step beside the rule itself.
struct Modifiers {
  double scale;      // of the gradient: 1, or what clipping by norm asks for
  double clipValue;  // largest magnitude of a gradient's element; 0: any
  double coupled;    // weight decay added to the gradient
  double mostPull;   // what weight decay and l2 add to the gradient is at most this times the weight
  double decoupled;  // factor on the weights before the step: 1, or max(0, 1 - ηλ)
  double l2;         // joins the gradient
  Penalty penalty;   // what a proximal step takes
  // Makes the penalty cumulative (null: each step takes its own): that of `steps` steps holds against the sum
  // of their gradients, as in regularised dual averaging (Xiao 2010), and so noise that has mean 0 leaves no
  // coefficient other than 0 (for one rate: Tsuruoka et al. 2009). Of a coefficient that is 0, minus the sum
  // of the gradients that the penalty has held it against; one other than 0 has taken that of `before` steps.
  double* held;
  double before;
  double steps;
};

// One step of a rule over an array: w and its states change in place.
using UpdatePass = void (*)(double* w, const double* g, double* const* state, size_t n,
                            const double* coefficients);
using ModifiedPass = void (*)(double* w, const double* g, double* const* state, size_t n,
                              const double* coefficients, const Modifiers& modifiers);

struct Passes {
  UpdatePass plain;
  ModifiedPass modified;
};

// Whether a rule's penalty is cumulative by itself: against the sum of the mean loss's gradients, or
// McMahan's once. What is `held` is the first state then.
enum class Leader { none, mean, once };

struct Rule {
  const char* name;
  const char* parameters;  // the first three are always learningRate, weightDecay and decoupled
  int states;
  unsigned squares;  // bit k: state k is never negative
  Leader leader;
  double (*initialState)(const double* parameters, int k);  // state k at first; null: 0
  // Advances the running products (1 at first) to step t and writes the pass's coefficients.
  void (*begin)(const double* parameters, double rate, double t, double* running, double* coefficients);
  // How far one unit of this step's gradient moves a weight, of a rule that does not divide by the gradient's
  // size: decay by more than the inverse would turn the sign of a weight. 0, or null: it divides.
  double (*stepLength)(const double* parameters, const double* coefficients);
  double (*shrink)(const double* coefficients);  // factor on penalised weights before the step; null: 1
  Passes (*passes)(const double* parameters);
};

// Eight problems side by side (batched.h): every array has eight values, one of each problem, where one of a
// single problem has one. At most mostAbreast columns and an intercept.
constexpr size_t mostBatched = 16;

// rows × cols × 8. A problem of fewer rows than others is filled up with +0, which need weights of +0 then.
struct RowsBatched {
  const double* X;
  size_t cols;
  size_t count;          // of the longest problem
  size_t shortest;       // of the shortest one
  const double* counts;  // of each
  Ahead* ahead;          // asked for while these rows are gone through; null: nothing
};

struct BlockBatched {
  RowsBatched rows;
  const double* y;
  const double* sampleWeight;
  const double* offset;
  const Loss& loss;
  const double* parameters;
  const double* w;
  bool intercept;
  double* z;          // rows: becomes the slopes of the losses
  double* losses;     // rows; null: losses and curvature are not asked for
  double* curvature;  // rows
  double* gradient;   // of the mean; null: none
  double* sum;        // of the losses
  double* reach;      // where they are not asked for: Σ (|y| + |z| + |dl/dz|)
};

struct Batched {
  void (*interleave)(const double* const* from, const size_t* lengths, size_t longest, double* to);
  void (*block)(const BlockBatched& args);
  // Of rows from … to - 1, where these are a multiple of four or end the rows:
  void (*rmatvec)(const RowsBatched& rows, size_t from, size_t to, const double* r, double* g);  // g += Xᵀ r
  void (*squares)(const RowsBatched& rows, size_t from, size_t to, const double* r, const double* mean,
                  double* g);  // g += Σ r (x - mean)²
  // H += X̃ᵀDX̃, its lower triangle, X̃ = X - mean (null: X); d null: 1, without a mean alone.
  void (*gram)(const RowsBatched& rows, size_t from, size_t to, const double* d, const double* mean,
               double* H, size_t stride);
  void (*expand)(const ExpandArgs& args, const double* n, double* sums);  // linear, square, largest
  void (*factorize)(double* A, size_t n, double least, double* good);
  void (*solve)(const double* L, size_t n, double* b);
  void (*dot)(const double* x, const double* y, size_t n, double* out);  // n <= 32
  void (*sum)(const double* x, size_t n, double* out);
  void (*penaltyValue)(const double* w, size_t n, const Penalty& penalty, double* out);
};

// Elementwise ops, in the order of lib/catalog/ops.ts.
// clang-format off
#define NABLA_UNARY_OPS(OF) \
  OF(neg) OF(abs) OF(sign) OF(sqrt) OF(exp) OF(expm1) OF(log) OF(log1p) OF(sin) OF(cos) OF(tan) OF(asin) \
  OF(atan) OF(tanh) OF(sigmoid) OF(softplus) OF(erf) OF(relu)
#define NABLA_BINARY_OPS(OF) \
  OF(add) OF(sub) OF(mul) OF(div) OF(pow) OF(maximum) OF(minimum) OF(equal) OF(notEqual) OF(less) OF(lessEqual) \
  OF(greater) OF(greaterEqual)
// clang-format on
#define NABLA_INDEX(name) name,
struct UnaryOp {
  enum : size_t { NABLA_UNARY_OPS(NABLA_INDEX) count };
};
struct BinaryOp {
  enum : size_t { NABLA_BINARY_OPS(NABLA_INDEX) count };
};
#undef NABLA_INDEX

// n numbers, or one that is repeated: step 1 or 0.
struct Operand {
  const double* x;
  size_t step;
};

// Kernels on tensors.
struct TensorKernels {
  void (*unary[UnaryOp::count])(const double* x, double* out, size_t n);
  void (*binary[BinaryOp::count])(Operand a, Operand b, double* out, size_t n);
  void (*select)(const double* condition, Operand a, Operand b, double* out, size_t n);
  void (*addRows)(const double* x, size_t count, size_t n, double* g);  // g += the rows of n, in fours
  // Chains side by side: y += Σ a[i] row i of B, in index order; B has rows of n.
  void (*addChains)(const double* a, size_t count, const double* B, size_t n, double* y);
  void (*addOuter)(const double* a, size_t count, const double* b, size_t n, double* C);  // C += a bᵀ
  void (*combine)(double alpha, const double* x, double beta, double* y, size_t n);  // y = alpha x + beta y
  // Panels of a matrix whose element (i, p) is at i·row + p·col: columns of so many rows at a time.
  void (*packLeft)(const double* A, size_t row, size_t col, size_t m, size_t k, double* to);
  // Panels of one whose element (p, j) is at p·row + j·col: rows of `packWidth` columns, +0 behind the last.
  void (*packRight)(const double* B, size_t row, size_t col, size_t k, size_t n, double* to);
  size_t packWidth;
  // C = A B of packed A and B, or C += A B, one chain over k an element.
  void (*multiply)(const double* A, const double* B, size_t m, size_t n, size_t k, double* C, size_t ldc,
                   bool isFirst);
};

struct Kernels {
  const char* target;

  double (*dot)(const double* x, const double* y, size_t n);
  double (*sum)(const double* x, size_t n);
  double (*asum)(const double* x, size_t n);
  double (*nrm2)(const double* x, size_t n);
  void (*axpy)(double a, const double* x, double* y, size_t n);
  void (*scal)(double a, double* x, size_t n);
  void (*divide)(double a, double* x, size_t n);                     // x /= a
  void (*approach)(double a, const double* x, double* y, size_t n);  // y += a (x - y)

  void (*widen)(const SingleRows& rows, double* out);                      // the rows behind each other
  void (*matvec)(const Rows& rows, const double* w, double b, double* z);  // z = X w + b
  void (*rmatvec)(const Rows& rows, const double* r, double* g);           // g += Xᵀ r
  double (*block)(const BlockArgs& args);                                  // the sum of the losses
  void (*squares)(const Rows& rows, const double* r, const double* mean, double* g);  // g += Σ r (x - mean)²
  void (*pack)(const Rows& rows, const double* mean, double* panels);                 // x - mean (null: x)
  // H_jk += Σ (d x_j) x_k in row order, d null: 1; H has rows of `stride`.
  void (*gram)(const Panels& panels, const double* d, const Part& part, double* H, size_t stride);
  Expanded (*expand)(const ExpandArgs& args);
  // g += Σ s (y - offset - b - x·w) (x, 1) in twice the digits: cols + 1 high parts, then as many low ones.
  void (*residuals)(const Rows& rows, const Targets& targets, const double* w, double b, double* g);

  double (*penaltyValue)(const double* w, size_t n, const Penalty& penalty);
  double (*stationarity)(const double* w, const double* g, size_t n, const Penalty& penalty);

  double (*power)(double x, double p);  // x^p, x > 0 and normal
  double (*cosPi)(double x);            // cos(πx), x in [0, 1]

  Batched batched;
  TensorKernels tensors;

  const Loss* losses;
  int lossCount;
  const Rule* rules;
  int ruleCount;
};

}  // namespace nabla
