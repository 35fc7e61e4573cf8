// Philox4x32-10 random generator: a pure function of seed, stream, epoch and index.
// (Salmon, Moraes, Dror and Shaw, SC 2011.) Twin: lib/reference/solver/philox.ts.
#pragma once

#include <stdint.h>

namespace nabla {

class Philox {
 public:
  Philox(uint64_t seed, uint32_t stream) : seed_(seed), stream_(stream) {}

  void setEpoch(uint64_t epoch) {
    epoch_ = epoch;
    block_ = UINT64_MAX;
  }
  // Draw `index` of this epoch: a whole number below n, from 53 random bits. A block of four words gives two.
  uint32_t below(uint32_t n, uint64_t index) {
    if (index / 2 != block_) generate(index / 2);
    const uint32_t* word = words_ + index % 2 * 2;
    const double uniform =
        (static_cast<double>(word[0] >> 5) * 67108864.0 + static_cast<double>(word[1] >> 6)) * 0x1p-53;
    return static_cast<uint32_t>(uniform * static_cast<double>(n));
  }

 private:
  void generate(uint64_t block) {
    block_ = block;
    uint32_t c0 = static_cast<uint32_t>(block), c1 = static_cast<uint32_t>(epoch_),
             c2 = static_cast<uint32_t>(epoch_ >> 32), c3 = stream_;
    uint32_t k0 = static_cast<uint32_t>(seed_), k1 = static_cast<uint32_t>(seed_ >> 32);
    for (int round = 0; round < 10; ++round) {
      const uint64_t a = static_cast<uint64_t>(0xD2511F53u) * c0;
      const uint64_t b = static_cast<uint64_t>(0xCD9E8D57u) * c2;
      c0 = static_cast<uint32_t>(b >> 32) ^ c1 ^ k0;
      c1 = static_cast<uint32_t>(b);
      c2 = static_cast<uint32_t>(a >> 32) ^ c3 ^ k1;
      c3 = static_cast<uint32_t>(a);
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
    words_[0] = c0;
    words_[1] = c1;
    words_[2] = c2;
    words_[3] = c3;
  }

  uint64_t seed_;
  uint32_t stream_;
  uint64_t epoch_ = 0;
  uint64_t block_ = UINT64_MAX;
  uint32_t words_[4] = {};
};

}  // namespace nabla
