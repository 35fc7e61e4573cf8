// Method `newton` for piecewise-linear losses: an interior point method per output.
// Each output is a linear or quadratic program (solver/qp) that iterates by itself. The weights returned are
// the best met; the programs' dual values give the duality gap. Twin: lib/reference/solver/interior.ts.
#pragma once

#include <string.h>

#include <cmath>
#include <memory>
#include <vector>

#include "../objective/penalizedobjective.h"
#include "dual.h"
#include "method.h"
#include "qp.h"
#include "roundoff.h"

namespace nabla {

class Interior final : public Method {
 public:
  // `weights`: where it starts; changed in place.
  Interior(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling,
           PenalizedObjective& smooth, double* weights, const Team& team)
      : plan_(plan),
        table_(table),
        smooth_(smooth),
        columns_(RowEquations::suit(plan, table, smooth.penalty())
                     ? columnsOf(kernels, plan, table, scaling, false, team)
                     : AlignedBuffer(0)),
        gram_(kernels,
              columns_.size() > 0 ? Source{columns_.data(), table.count, plan.cols, nullptr}
                                  : Source{table.X, plan.cols, table.count, table.index},
              plan.intercept && columns_.size() == 0 ? scaling.mean() : nullptr, team, nullptr,
              scaling.isFar()),
        matrix_(gram_.size() * gram_.size()),
        roundoff_(plan, table, scaling),
        w_(weights),
        trial_(plan.size()),
        gradient_(plan.size()) {
    for (size_t k = 0; k < plan.outputs; ++k)
      programs_.push_back(
          std::make_unique<Program>(kernels, plan, table, scaling, smooth.penalty(), gram_, k, team));
  }

  // One iteration. Returns the objective after it.
  double epoch(uint64_t) override {
    if (!begun_) {
      begun_ = true;
      if (plan_.size() > 0) memcpy(trial_.data(), w_, plan_.size() * sizeof(double));
      const double first = look(INFINITY);
      if (!std::isfinite(first)) return first;
      for (const auto& program : programs_) program->begin(w_);
      write(true);
      look(0.0);
      first_ = value_;
      for (const auto& program : programs_) program->weigh();
    }
    rate = value_ > 0.0 ? step() : 0.0;  // no objective is below 0
    bool isDone = true;
    for (const auto& program : programs_) isDone = isDone && program->done;
    if (isDone) {
      write(false);
      look(-0x1p16 * Program::rounding * size());
    }
    double bound = 0.0;
    for (const auto& program : programs_) bound += program->bound;
    bound /= static_cast<double>(table_.count);
    change = value_ - (bound > 0.0 ? bound : 0.0);
    if (!(change > 0.0)) change = 0.0;
    gap = change;
    if (change <= level())
      ended = Status::converged;
    else if (isDone)
      ended = isNear() ? Status::converged : Status::stalled;
    if (plan_.stepHistory && rate > 0.0) stepLosses.push_back(value_);
    return value_;
  }

  const double* result() const override { return w_; }
  bool mayBeCollinear() const override { return true; }

  void serialize(Archive& archive) override {
    Method::serialize(archive);
    archive.flag(begun_);
    archive.array(w_, plan_.size());
    archive.number(value_, Range::any);
    archive.number(first_, Range::any);
    for (const auto& program : programs_) program->serialize(archive);
  }

 private:
  // What the objective is to be measured by.
  double size() const { return value_ + 0x1p-10 * first_; }
  // What of the objective cannot be told from rounding.
  double level() const { return Program::rounding * size() + roundoff_.ofMargins(w_); }
  // Whether as little is left to gain as fits come to that gain no more.
  bool isNear() const {
    return change <= 0x1p22 * Program::rounding * size() + 0x1p3 * roundoff_.ofMargins(w_);
  }

  // Of all programs that are not done. Returns the shortest part of a step.
  double step() {
    const double roundoff =
        static_cast<double>(table_.count) * level() / static_cast<double>(programs_.size());
    double shortest = 1.0;
    for (const auto& program : programs_) {
      if (program->done || smooth_.stopped()) continue;
      const double length = program->iterate(matrix_.data(), roundoff);
      if (length < shortest) shortest = length;
      if (program->done) continue;
      program->weigh();
      program->judge(roundoff);
    }
    if (shortest > 0.0) ++steps;
    write(true);
    look(0x1p4 * Program::rounding * size());
    return shortest;
  }

  // Sets the trial to where the programs are.
  void write(bool zeros) {
    for (const auto& program : programs_) program->write(trial_.data(), zeros);
  }

  // Takes the trial's weights if they are worse by no more than that. Returns their objective.
  double look(double much) {
    const double value = smooth_.evaluate(trial_.data(), gradient_.data());
    if (value <= value_ + much) {
      value_ = value;
      if (plan_.size() > 0) memcpy(w_, trial_.data(), plan_.size() * sizeof(double));
      gradientNorm = smooth_.norm(w_, gradient_.data());
    }
    return value;
  }

  const Plan& plan_;
  const Table& table_;
  PenalizedObjective& smooth_;
  AlignedBuffer columns_;  // where programs go by rows
  Gram gram_;
  AlignedBuffer matrix_;
  std::vector<std::unique_ptr<Program>> programs_;
  Roundoff roundoff_;
  double* w_;
  AlignedBuffer trial_, gradient_;
  double value_ = INFINITY;
  double first_ = 0.0;  // the objective where it started
  bool begun_ = false;
};

}  // namespace nabla
