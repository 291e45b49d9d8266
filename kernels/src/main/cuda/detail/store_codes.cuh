// Words of codes to their patches.
#pragma once

#include <stdint.h>

#include "encode.cuh"
#include "patch.cuh"

namespace rotatekv {

// Stores the four words of a key's line together with those of the other token of its pair, in the next lane: two of
// the four lanes t from each.
__device__ void storeKeyWords(const Work& w, uint8_t* patch, const uint32_t (&words)[4]) {
  const bool upper = w.lane() % 2 != 0;
  const uint32_t a = __shfl_xor_sync(~0u, upper ? words[0] : words[2], 1);
  const uint32_t b = __shfl_xor_sync(~0u, upper ? words[1] : words[3], 1);
  if (w.line.active) {
    uint4* to = reinterpret_cast<uint4*>(patch) + patchWord(w.line.token & ~8, upper ? 2 : 0) / 4;
    *to = upper ? make_uint4(a, words[2], b, words[3]) : make_uint4(words[0], a, words[1], b);
  }
}

__device__ void storeKeySigns(const Work& w, uint8_t* patch, const uint32_t (&nibbles)[4]) {
  const bool upper = w.lane() % 2 != 0;
  const int shift = upper ? 0 : 4;
  const uint32_t a = __shfl_xor_sync(~0u, (upper ? nibbles[0] : nibbles[2]) << shift, 1);
  const uint32_t b = __shfl_xor_sync(~0u, (upper ? nibbles[1] : nibbles[3]) << shift, 1);
  if (w.line.active) {
    uint2* to = reinterpret_cast<uint2*>(patch) + signPatchWord(w.line.token & ~8, upper ? 2 : 0) / 2;
    *to = upper ? make_uint2(a | nibbles[2], b | nibbles[3]) : make_uint2(a | nibbles[0] << 4, b | nibbles[1] << 4);
  }
}

// The words of a key's line are whole: its token's row of the patch.
__device__ void storeKeys(const Work& w, const Codes (&codes)[4]) {
  const uint32_t kept = w.sink() ? 0 : ~0u;
  uint32_t words[4];
#pragma unroll
  for (int t = 0; t < 4; t++) {
    words[t] = storedWord(codes[t].low) & kept;
  }
  storeKeyWords(w, w.patch(false, kPatchBytes), words);
}

// The bits above the low two.
__device__ void storeKeysHigh(const Work& w, const Codes (&codes)[4]) {
  const bool four = w.p.bits == 4;
  const uint32_t kept = w.sink() ? 0 : ~0u;
  uint32_t words[4];
#pragma unroll
  for (int t = 0; t < 4; t++) {
    words[t] = (four ? storedWord(codes[t].high) : gatherBits(~codes[t].high)) & kept;
  }
  if (four) {
    storeKeyWords(w, w.patch(true, kPatchBytes), words);
  } else {
    storeKeySigns(w, w.patch(true, kSignPatchBytes), words);
  }
}

// The fields of a word of values that no sink has, as a mask of their bits.
__device__ __forceinline__ uint32_t keptFields(const Work& w) {
  uint32_t mask = __ballot_sync(~0u, !w.sink()) >> (w.lane() & 16) & 0xFFFF;
  mask = (mask | mask << 8) & 0x00FF00FF;
  mask = (mask | mask << 4) & 0x0F0F0F0F;
  mask = (mask | mask << 2) & 0x33333333;
  mask = (mask | mask << 1) & 0x55555555;
  return mask * 3;
}

// A lane's words of rows r and r + 8, twice.
__device__ void storeValueWords(const Work& w, uint8_t* patch, const uint32_t (&words)[4]) {
#pragma unroll
  for (int i = 0; i < 2; i++) {
    if (w.line.active) {
      const int at = patchWord(valueRow(w.lane(), i), threadIdx.x / 32 % 4) / 2;
      reinterpret_cast<uint2*>(patch)[at] = make_uint2(words[i], words[i + 2]);
    }
  }
}

// Words of values take a code from each of 16 tokens, hence from 16 lanes.
__device__ void storeValues(const Work& w, const Codes (&codes)[4]) {
  const uint32_t kept = w.sinks == 0 ? ~0u : placeFields(keptFields(w));
  uint32_t words[4] = {codes[0].low, codes[1].low, codes[2].low, codes[3].low};
  transposeFields(words, w.lane());
#pragma unroll
  for (int i = 0; i < 4; i++) {
    words[i] = storedWord(words[i]) & kept;
  }
  storeValueWords(w, w.patch(false, kPatchBytes), words);
}

// The bits above the low two.
__device__ void storeValuesHigh(const Work& w, const Codes (&codes)[4]) {
  const bool four = w.p.bits == 4;
  const uint32_t kept = w.sinks == 0 ? ~0u : keptFields(w);
  uint32_t words[4] = {codes[0].high, codes[1].high, codes[2].high, codes[3].high};
  transposeFields(words, w.lane());
#pragma unroll
  for (int i = 0; i < 4; i++) {
    words[i] = four ? storedWord(words[i]) & placeFields(kept) : gatherBits(~words[i] & kept);
  }
  if (four) {
    storeValueWords(w, w.patch(true, kPatchBytes), words);
    return;
  }
#pragma unroll
  for (int i = 0; i < 2; i++) {
    if (w.line.active) {
      uint32_t* patch = reinterpret_cast<uint32_t*>(w.patch(true, kSignPatchBytes));
      patch[signPatchWord(valueRow(w.lane(), i), threadIdx.x / 32 % 4)] = words[i] << 4 | words[i + 2];
    }
  }
}

}  // namespace rotatekv
