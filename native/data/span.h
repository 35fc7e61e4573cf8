// Span: a run of elements in memory that belongs to another owner.
#pragma once

#include <stddef.h>

namespace nabla {

template <class T>
struct Span {
  T* data;
  size_t length;
};

}  // namespace nabla
