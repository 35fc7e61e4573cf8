#include "plan.h"

#include <type_traits>

namespace nabla {

namespace {

struct Decoder {
  const double*& at;
  const double* end;

  void operator()(const char*, double& field) { field = *at++; }
  void operator()(const char*, bool& field) { field = *at++ != 0.0; }
  void operator()(const char*, double (&parameters)[maxParameters]) {
    for (double& parameter : parameters) parameter = *at++;
  }
  // The length, then the elements; left empty where they are not all there.
  void operator()(const char*, std::vector<double>& list) {
    const double length = *at++;
    if (length >= 0.0 && length <= static_cast<double>(end - at))
      list.assign(at, at + static_cast<size_t>(length));
  }
  template <class Integer>
  void operator()(const char*, Integer& field) {
    if constexpr (std::is_enum_v<Integer>)
      field = static_cast<Integer>(static_cast<int>(*at++));
    else
      field = static_cast<Integer>(*at++);
  }
};

}  // namespace

size_t Plan::length() {
  static const size_t numbers = [] {
    size_t sum = 0;
    const Plan plan{};
    each(plan, [&](const char*, const auto& field) {
      sum += std::is_array_v<std::remove_reference_t<decltype(field)>> ? maxParameters : 1;
    });
    return sum;
  }();
  return numbers;
}

std::string Plan::fieldNames() {
  std::string names;
  const Plan plan{};
  each(plan, [&](const char* name, const auto&) { names += (names.empty() ? "" : " ") + std::string(name); });
  return names;
}

Plan Plan::decode(const double* numbers, size_t most) {
  Plan plan{};
  const double* at = numbers;
  each(plan, Decoder{at, numbers + most});
  return plan;
}

}  // namespace nabla
