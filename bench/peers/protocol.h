// The line protocol of the benchmark's programs, for C++. A line comes in, a line goes out:
//   prepare SLOT key=value …   → "ready", or "no" for work that this program does not do
//   run SLOT                   → the seconds that the work took
//   weights SLOT PATH          → "ready" when the result is in that file, as doubles
//   reset                      → "ready"; all slots are forgotten
// Arrays are files of doubles (of 32-bit whole numbers for an order), named by their path.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

/** Memory on a 64-byte border. */
template <class T>
struct Aligned {
  using value_type = T;
  T* allocate(size_t n) { return static_cast<T*>(std::aligned_alloc(64, (n * sizeof(T) + 63) / 64 * 64)); }
  void deallocate(T* p, size_t) { std::free(p); }
  bool operator==(const Aligned&) const { return true; }
};
using Array = std::vector<double, Aligned<double>>;

class Args {
 public:
  explicit Args(std::istringstream& line) {
    std::string word;
    while (line >> word) {
      const size_t at = word.find('=');
      values_[word.substr(0, at)] = word.substr(at + 1);
    }
  }
  std::string text(const std::string& key) const { return values_.count(key) ? values_.at(key) : ""; }
  double number(const std::string& key, double otherwise = 0) const {
    return values_.count(key) ? std::atof(values_.at(key).c_str()) : otherwise;
  }
  Array array(const std::string& key) const {
    std::ifstream file(values_.at(key), std::ios::binary | std::ios::ate);
    Array data(static_cast<size_t>(file.tellg()) / 8);
    file.seekg(0);
    file.read(reinterpret_cast<char*>(data.data()), static_cast<std::streamsize>(data.size() * 8));
    return data;
  }

 private:
  std::map<std::string, std::string> values_;
};

template <class F>
double seconds(F&& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

struct Work {
  std::function<double()> run;
  std::function<Array()> weights;
};

inline int serve(const std::function<Work(Args&)>& prepare) {
  std::map<std::string, Work> slots;
  std::string text;
  while (std::getline(std::cin, text)) {
    std::istringstream line(text);
    std::string command, slot, path;
    line >> command >> slot;
    if (command == "prepare") {
      Args args(line);
      slots[slot] = prepare(args);
      std::cout << (slots[slot].run ? "ready" : "no") << std::endl;
    } else if (command == "run") {
      std::cout.precision(12);
      std::cout << slots[slot].run() << std::endl;
    } else if (command == "weights") {
      line >> path;
      const Array w = slots[slot].weights();
      std::ofstream(path, std::ios::binary)
          .write(reinterpret_cast<const char*>(w.data()), static_cast<std::streamsize>(w.size() * 8));
      std::cout << "ready" << std::endl;
    } else {
      slots.clear();
      std::cout << "ready" << std::endl;
    }
  }
  return 0;
}
