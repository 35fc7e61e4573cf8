#include "fit.h"

#include <string.h>

#include <algorithm>
#include <cmath>

#include "objective.h"
#include "optimizer.h"
#include "sampler.h"
#include "schedule.h"
#include "stopping.h"

namespace nabla {

Outcome fit(const Kernels& kernels, const Plan& plan, const Data& data, const double* initial,
            const std::atomic<bool>& cancelled) {
  Sampler sampler(plan, data);
  const size_t largest = plan.lossAfterUpdate ? std::max(data.rows, sampler.largest()) : sampler.largest();
  Objective objective(kernels, kernels.losses[plan.loss], plan.lossParameters, plan.intercept, data.X, data.y,
                      data.cols, largest);
  const size_t size = objective.size();
  Optimizer optimizer(kernels.rules[plan.rule], plan.ruleParameters, size);
  Stopping stopping(plan.tolerance);
  const Batch everything{0, data.rows, nullptr};

  Outcome out;
  out.weights.assign(initial, initial + size);  // of the last good epoch
  Doubles weights(size), gradient(size);
  double* w = weights.data();
  double* g = gradient.data();
  memcpy(w, initial, size * sizeof(double));

  bool known = false;  // `after` and g belong to w: the loss after the last update was a full pass
  double after = 0.0;
  uint64_t step = 0;
  for (uint64_t epoch = 0; epoch < plan.epochs; ++epoch) {
    double loss = 0.0;
    Batch batch;
    sampler.beginEpoch(epoch);
    while (sampler.next(batch)) {
      const double sum = known ? after : objective.evaluate(batch, w, g, cancelled);
      if (cancelled.load(std::memory_order_relaxed)) return out.status = Status::cancelled, out;
      loss += sum;
      if (!std::isfinite(loss)) break;
      if (plan.stepHistory) out.history.push_back(sum / static_cast<double>(batch.count));
      ++step;
      optimizer.step(w, g, learningRate(kernels, plan, static_cast<double>(step)), static_cast<double>(step));
    }
    loss /= static_cast<double>(sampler.perEpoch());
    if (plan.lossAfterUpdate) {
      after = objective.evaluate(everything, w, g, cancelled);
      loss = after / static_cast<double>(data.rows);
      if (cancelled.load(std::memory_order_relaxed)) return out.status = Status::cancelled, out;
      known = sampler.isFull();
    }
    if (!std::isfinite(loss) || !std::isfinite(kernels.asum(w, size))) {
      if (plan.stepHistory) out.history.resize(out.steps);
      return out.status = Status::diverged, out;
    }
    out.weights.assign(w, w + size);
    out.epochs = epoch + 1;
    out.steps = step;
    if (!plan.stepHistory) out.history.push_back(loss);
    if (stopping.converged(loss)) return out.status = Status::converged, out;
  }
  return out;
}

double valueAndGradient(const Kernels& kernels, int loss, const double* parameters, const Data& data,
                        const double* weights, double* gradient) {
  const std::atomic<bool> never{false};
  Objective objective(kernels, kernels.losses[loss], parameters, false, data.X, data.y, data.cols, data.rows);
  return objective.evaluate({0, data.rows, nullptr}, weights, gradient, never) /
         static_cast<double>(data.rows);
}

}  // namespace nabla
