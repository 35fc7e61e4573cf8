// liblinear's own solver of l2-regularised logistic regression (TRON, `-s 0`), through its library.
#include <linear.h>

#include "protocol.h"

namespace {

struct Problem {
  std::vector<feature_node> nodes;
  std::vector<feature_node*> rows;
  std::vector<double> y;
  problem all;
  parameter how;
};

void silent(const char*) {}

Work prepare(Args& args) {
  if (args.text("work") != "logistic") return {};
  const size_t rows = args.number("rows"), cols = args.number("cols");
  const Array X = args.array("X"), y = args.array("y");
  auto p = std::make_shared<Problem>();
  p->nodes.reserve(rows * (cols + 1));
  for (size_t i = 0; i < rows; i++) {
    p->rows.push_back(p->nodes.data() + p->nodes.size());
    for (size_t j = 0; j < cols; j++) p->nodes.push_back({static_cast<int>(j + 1), X[i * cols + j]});
    p->nodes.push_back({-1, 0});
    p->y.push_back(y[i] > 0 ? 1 : -1);
  }
  p->all = {static_cast<int>(rows), static_cast<int>(cols), p->y.data(), p->rows.data(), -1};
  p->how = {};
  p->how.solver_type = L2R_LR;
  p->how.C = 1 / (args.number("l2") * rows);
  p->how.eps = args.number("tolerance");
  set_print_string_function(silent);
  auto w = std::make_shared<Array>(cols);
  return {[=] {
            return seconds([&] {
              model* fitted = train(&p->all, &p->how);
              const double sign = fitted->label[0] > 0 ? 1 : -1;
              for (size_t j = 0; j < cols; j++) (*w)[j] = sign * fitted->w[j];
              free_and_destroy_model(&fitted);
            });
          },
          [=] { return *w; }};
}

}  // namespace

int main() { return serve(prepare); }
