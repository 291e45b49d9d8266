// What a work item of quantized blocks takes from memory: the codes of a rotation group, the scales and zero points
// that go with them and the bitmap of sinks. Of rotatekv's keys it takes the scales of all groups, since a group's
// channels may be of any heads.
#pragma once

#include "attend.cuh"
#include "mma.cuh"

namespace rotatekv {

constexpr int kAttendThreads = 128;
constexpr int kAttendStages = 2;  // one is worked on while the next comes; of values' codes, used last, there is one

// By layout: `shaped` is of the first two.
enum class Codec { kCentred2, kCentred34, kRotatekv2, kRotatekv34 };

constexpr bool isCentred(Codec codec) { return codec == Codec::kCentred2 || codec == Codec::kCentred34; }
constexpr bool hasHighPlane(Codec codec) { return codec == Codec::kCentred34 || codec == Codec::kRotatekv34; }

// Sizes and places of the parts in a stage of shared memory, for rotation groups of G heads of D channels.
template <Codec kCodec, int D, int G>
struct StageLayout {
  static constexpr bool kCentred = isCentred(kCodec);
  static constexpr bool kHighPlane = hasHighPlane(kCodec);
  static constexpr int kCopied = kAttendThreads * 16;  // bytes that all threads copy at a time
  static constexpr int lowBytes = G * D * 16;
  static constexpr int valueScaleBytes = kBlockTokens * G;
  int highBits, highBytes, keyScaleBytes, lowSection;
  int keyScales, keyZeros, valueScales, valueZeros, bitmap, bytes;  // of a stage, which begins with the keys' codes
  int valueBytes;                                                   // of the values' codes

  __device__ explicit StageLayout(const AttendParams& p) {
    int groups = p.kvHeads / G;
    lowSection = p.kvHeads * D * 16;
    highBytes = (static_cast<int>(p.at.keyScales - p.at.keyCodes) - lowSection) / groups;
    highBits = 2 * highBytes / lowBytes;
    keyScaleBytes = kBlockTokens * (kCentred ? G : p.kvHeads);
    keyScales = lowBytes + highBytes;
    keyZeros = keyScales + keyScaleBytes;
    valueScales = keyZeros + (kCentred ? 0 : keyScaleBytes);
    valueZeros = valueScales + valueScaleBytes;
    bitmap = valueZeros + (kCentred ? 0 : valueScaleBytes);
    bytes = bitmap + 64;
    valueBytes = lowBytes + highBytes;
  }

  __device__ static void copy(uint8_t* to, const uint8_t* from, int bytes) {
    for (int i = threadIdx.x * 16; i < bytes; i += kCopied) {
      copyAsync(sharedAddress(to + i), from + i);
    }
  }

  // By one warp, at most 512 bytes.
  __device__ static void copySmall(int warp, uint8_t* to, const uint8_t* from, int bytes) {
    const int at = (static_cast<int>(threadIdx.x) - warp * 32) * 16;
    if (at >= 0 && at < bytes) {
      copyAsync(sharedAddress(to + at), from + at);
    }
  }

  __device__ void copyCodes(uint8_t* to, const uint8_t* section, int group) const {
    const uint32_t first = sharedAddress(to) + threadIdx.x * 16;
    const uint8_t* from = section + group * lowBytes + threadIdx.x * 16;
#pragma unroll
    for (int i = 0; i < lowBytes; i += kCopied) {
      if (lowBytes % kCopied == 0 || threadIdx.x * 16 + i < lowBytes) {
        copyAsync(first + i, from + i);
      }
    }
    if constexpr (kHighPlane) {
      copy(to + lowBytes, section + lowSection + group * highBytes, highBytes);
    }
  }

  // Starts copying the codes of a work item's values.
  __device__ void loadValues(const AttendParams& p, uint8_t* values, const WorkItem& at) const {
    copyCodes(values, blockAddress(p, at.sequence, at.block) + p.at.valueCodes, at.group);
  }

  // Starts copying all else that it needs.
  __device__ void loadStage(const AttendParams& p, uint8_t* stage, const WorkItem& at) const {
    const uint8_t* block = blockAddress(p, at.sequence, at.block);
    copyCodes(stage, block + p.at.keyCodes, at.group);
    int keyPart = kCentred ? at.group * keyScaleBytes : 0;
    int valuePart = at.group * valueScaleBytes;
    copy(stage + keyScales, block + p.at.keyScales + keyPart, keyScaleBytes);
    copySmall(0, stage + valueScales, block + p.at.valueScales + valuePart, valueScaleBytes);
    if (!kCentred) {
      copy(stage + keyZeros, block + p.at.keyZeros, keyScaleBytes);
      copySmall(1, stage + valueZeros, block + p.at.valueZeros + valuePart, valueScaleBytes);
    }
    copySmall(2, stage + bitmap, block + p.at.bitmap, 16);
  }
};

}  // namespace rotatekv
