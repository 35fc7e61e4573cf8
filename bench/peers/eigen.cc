// Eigen, as one would write it for one's own program.
#include <Eigen/Dense>

#include "protocol.h"

namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::VectorXd;
using Table = Eigen::Map<const Matrix, Eigen::Aligned64>;
using Column = Eigen::Map<const Vector>;

struct Data {
  Array X, y;
  Eigen::Index fits, rows, cols;
  Table table() const { return Table(X.data(), rows, cols); }
  // The table and targets of one of many fits.
  Eigen::Map<const Matrix> table(Eigen::Index k) const { return {X.data() + k * rows * cols, rows, cols}; }
  Column targets(Eigen::Index k = 0) const { return Column(y.data() + k * rows, rows); }
};

/** Work for each fit, which writes its weights. */
template <class F>
Work forAll(const std::shared_ptr<Data>& data, const F& fit) {
  auto w = std::make_shared<Array>(data->fits * data->cols);
  return {[=] {
            return seconds([&] {
              for (Eigen::Index k = 0; k < data->fits; k++) {
                Eigen::Map<Vector>(w->data() + k * data->cols, data->cols) =
                    fit(data->table(k), data->targets(k));
              }
            });
          },
          [=] { return *w; }};
}

Vector sigmoid(const Vector& z) { return (1.0 + (-z.array()).exp()).inverse(); }

double cost;  // of each iteration, so that it is not left out

template <class T, class C>
Vector descent(const T& X, const C& y, bool logistic, double rate, int iterations) {
  Vector w = Vector::Zero(X.cols()), r(X.rows());
  for (int t = 0; t < iterations; t++) {
    r.noalias() = X * w;
    if (logistic) {
      cost += ((1.0 + r.array().exp()).log() - y.array() * r.array()).sum();
      r = sigmoid(r) - y;
    } else {
      r -= y;
      cost += r.squaredNorm();
    }
    w.noalias() -= rate / X.rows() * (X.transpose() * r);
  }
  return w;
}

Work prepare(Args& args) {
  const std::string work = args.text("work");
  auto data = std::make_shared<Data>();
  data->fits = args.number("fits", 1);
  data->rows = args.number("rows");
  data->cols = args.number("cols");
  data->X = args.array("X");
  data->y = args.array("y");
  const bool logistic = args.text("loss") == "logistic";
  const double rate = args.number("rate"), l2 = args.number("l2");
  const int iterations = args.number("iterations");

  if (work == "gd" || work == "manygd") {
    return forAll(data, [=](auto X, auto y) { return descent(X, y, logistic, rate, iterations); });
  }
  if (work == "leastsquares") {
    return forAll(data, [](auto X, auto y) -> Vector {
      Eigen::MatrixXd A(X.cols(), X.cols());
      A.noalias() = X.transpose() * X;
      return A.llt().solve(X.transpose() * y);
    });
  }
  if (work == "manynewton") {
    return forAll(data, [=](auto X, auto y) {
      Vector w = Vector::Zero(X.cols());
      for (int t = 0; t < iterations; t++) {
        const Vector p = sigmoid(X * w);
        const Vector c = (p.array() * (1.0 - p.array())) / X.rows();
        const Vector g = X.transpose() * (p - y) / X.rows() + l2 * w;
        Eigen::MatrixXd H = X.transpose() * c.asDiagonal() * X;
        H.diagonal().array() += l2;
        w -= H.llt().solve(g);
      }
      return w;
    });
  }
  return {};
}

}  // namespace

int main() { return serve(prepare); }
