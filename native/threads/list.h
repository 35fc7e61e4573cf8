// Intrusive doubly linked list: joining and leaving allocate nothing and cannot fail.
#pragma once

#include <stddef.h>

namespace nabla {

template <class T>
struct Links {
  T* previous = nullptr;
  T* next = nullptr;
  bool isLinked = false;
};

// `links`: the member of T that this list uses. An element is in one list of those links at most.
template <class T, Links<T> T::*links>
class List {
 public:
  bool isEmpty() const { return !first_; }
  size_t size() const { return size_; }
  T* front() const { return first_; }
  static T* next(const T* element) { return (element->*links).next; }
  static bool has(const T* element) { return (element->*links).isLinked; }

  void pushBack(T* element) {
    element->*links = {last_, nullptr, true};
    (last_ ? (last_->*links).next : first_) = element;
    last_ = element;
    ++size_;
  }

  void remove(T* element) {
    Links<T>& own = element->*links;
    (own.previous ? (own.previous->*links).next : first_) = own.next;
    (own.next ? (own.next->*links).previous : last_) = own.previous;
    own = {};
    --size_;
  }

  // Takes all elements of another list, which is empty then. This one is empty before.
  void take(List& other) {
    *this = other;
    other = {};
  }

  T* popFront() {
    T* const element = first_;
    if (element) remove(element);
    return element;
  }

 private:
  T* first_ = nullptr;
  T* last_ = nullptr;
  size_t size_ = 0;
};

}  // namespace nabla
