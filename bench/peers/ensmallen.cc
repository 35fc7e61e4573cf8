// ensmallen's own SGD and Adam over a least squares written as it asks for it. It shuffles from the second
// epoch on only, so one epoch is in order.
#define ARMA_NO_DEBUG
#include <ensmallen.hpp>

#include "protocol.h"

namespace {

/** ½(x·w - y)², meant over a batch; a column of X is a row of the table. */
class LeastSquares {
 public:
  LeastSquares(const Array& X, const Array& y, size_t cols)
      : X_(X.data(), cols, y.size()), y_(y.data(), y.size()) {}

  size_t NumFunctions() const { return X_.n_cols; }
  void Shuffle() {}

  double Evaluate(const arma::mat& w, size_t begin, size_t count) const {
    const arma::vec r = residual(w, begin, count);
    return arma::dot(r, r) / (2.0 * count);
  }
  void Gradient(const arma::mat& w, size_t begin, arma::mat& g, size_t count) const {
    EvaluateWithGradient(w, begin, g, count);
  }
  double EvaluateWithGradient(const arma::mat& w, size_t begin, arma::mat& g, size_t count) const {
    const arma::vec r = residual(w, begin, count);
    g = X_.cols(begin, begin + count - 1) * r / static_cast<double>(count);
    return arma::dot(r, r) / (2.0 * count);
  }

 private:
  arma::vec residual(const arma::mat& w, size_t begin, size_t count) const {
    return X_.cols(begin, begin + count - 1).t() * w - y_.subvec(begin, begin + count - 1);
  }

  arma::mat X_;
  arma::vec y_;
};

Work prepare(Args& args) {
  const std::string work = args.text("work");
  if ((work != "sgd" && work != "adam") || args.text("loss") != "squared" || args.number("shuffle"))
    return {};
  const size_t cols = args.number("cols"), batch = args.number("batch");
  const size_t terms = args.number("rows") * args.number("epochs");
  const double rate = args.number("rate");
  auto data = std::make_shared<LeastSquares>(args.array("X"), args.array("y"), cols);
  auto w = std::make_shared<arma::mat>();
  return {[=] {
            w->zeros(cols, 1);
            return seconds([&] {
              if (work == "sgd") {
                ens::StandardSGD(rate, batch, terms, 0.0, false).Optimize(*data, *w);
              } else {
                ens::Adam(rate, batch, 0.9, 0.999, 1e-8, terms, 0.0, false).Optimize(*data, *w);
              }
            });
          },
          [=] { return Array(w->begin(), w->end()); }};
}

}  // namespace

int main() { return serve(prepare); }
