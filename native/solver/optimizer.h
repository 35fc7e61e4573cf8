// An update rule with its state. Twin: lib/reference/solver/optimizer.ts.
#pragma once

#include "../kernels/table.h"
#include "memory.h"

namespace nabla {

class Optimizer {
 public:
  Optimizer(const Rule& rule, const double* parameters, size_t size)
      : rule_(rule),
        parameters_(parameters),
        pass_(rule.pass(parameters)),
        size_(size),
        states_(rule.states * size) {
    const double initial = rule.initialState ? rule.initialState(parameters) : 0.0;
    for (size_t i = 0; i < states_.size(); ++i) states_.data()[i] = initial;
    for (int k = 0; k < rule.states; ++k) state_[k] = states_.data() + k * size;
    for (double& product : running_) product = 1.0;
  }

  // Step t, counted from 1, at this learning rate.
  void step(double* weights, const double* gradient, double rate, double t) {
    double coefficients[maxCoefficients];
    rule_.begin(parameters_, rate, t, running_, coefficients);
    pass_(weights, gradient, state_, size_, coefficients);
  }

 private:
  const Rule& rule_;
  const double* parameters_;
  UpdatePass pass_;
  size_t size_;
  Doubles states_;
  double* state_[maxStates] = {};
  double running_[maxRunning];
};

}  // namespace nabla
