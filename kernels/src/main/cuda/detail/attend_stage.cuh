// What a work item of quantized blocks takes from memory: the codes of a rotation group, the scales and zero points
// that go with them and the bitmap of sinks. Of rotatekv's keys it takes the scales of all groups, since a group's
// channels may be of any heads.
#pragma once

#include "attend.cuh"
#include "mma.cuh"

namespace rotatekv {

constexpr int kAttendThreads = 128;
constexpr int kAttendStages = 2;  // one is worked on while the next comes

// By layout: `shaped` is of the first two.
enum class Codec { kCentred2, kCentred34, kRotatekv2, kRotatekv34 };

constexpr bool isCentred(Codec codec) { return codec == Codec::kCentred2 || codec == Codec::kCentred34; }

// Sizes and places of the parts in a stage of shared memory, for rotation groups of G heads of D channels.
template <Codec kCodec, int D, int G>
struct StageLayout {
  static constexpr bool kCentred = isCentred(kCodec);
  int highBits, lowBytes, highBytes, keyScaleBytes, valueScaleBytes;
  int lowSection, keyScales, keyZeros, valueCodes, valueScales, valueZeros, bitmap, bytes;

  __device__ explicit StageLayout(const AttendParams& p) {
    int groups = p.kvHeads / G;
    lowSection = p.kvHeads * D * 16;
    lowBytes = G * D * 16;
    highBytes = (static_cast<int>(p.at.keyScales - p.at.keyCodes) - lowSection) / groups;
    highBits = 2 * highBytes / lowBytes;
    keyScaleBytes = kBlockTokens * (kCentred ? G : p.kvHeads);
    valueScaleBytes = kBlockTokens * G;
    keyScales = lowBytes + highBytes;
    keyZeros = keyScales + keyScaleBytes;
    valueCodes = keyZeros + (kCentred ? 0 : keyScaleBytes);
    valueScales = valueCodes + lowBytes + highBytes;
    valueZeros = valueScales + valueScaleBytes;
    bitmap = valueZeros + (kCentred ? 0 : valueScaleBytes);
    bytes = bitmap + 64;
  }

  __device__ static void copy(uint8_t* to, const uint8_t* from, int bytes) {
    for (int i = threadIdx.x * 16; i < bytes; i += kAttendThreads * 16) {
      copyAsync(sharedAddress(to + i), from + i);
    }
  }

  // Starts copying what a work item needs.
  __device__ void load(const AttendParams& p, uint8_t* stage, const WorkItem& at) const {
    const uint8_t* block = blockAddress(p, at.sequence, at.block);
    for (int side = 0; side < 2; side++) {
      uint8_t* to = stage + (side == 0 ? 0 : valueCodes);
      const uint8_t* from = block + (side == 0 ? p.at.keyCodes : p.at.valueCodes);
      copy(to, from + at.group * lowBytes, lowBytes);
      copy(to + lowBytes, from + lowSection + at.group * highBytes, highBytes);
    }
    int keyPart = kCentred ? at.group * keyScaleBytes : 0;
    int valuePart = at.group * valueScaleBytes;
    copy(stage + keyScales, block + p.at.keyScales + keyPart, keyScaleBytes);
    copy(stage + valueScales, block + p.at.valueScales + valuePart, valueScaleBytes);
    if (!kCentred) {
      copy(stage + keyZeros, block + p.at.keyZeros, keyScaleBytes);
      copy(stage + valueZeros, block + p.at.valueZeros + valuePart, valueScaleBytes);
    }
    copy(stage + bitmap, block + p.at.bitmap, 16);
  }
};

}  // namespace rotatekv
