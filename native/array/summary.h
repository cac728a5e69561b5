// native/array/summary.h
//
// What a checkpoint of a closed array says besides, so that it can be opened without looking at every version: the
// directory of each map, how many versions each stamp has and of which units, and which places are in use.
//
// For each family: u32 family, u32 stamps, and of each u32 stamp, u64 versions, u64 that follow one, u64 that are
// followed by one, u32 bytes, its log of units; u64 words of places, words; u32 leaves, and of each u64 first key,
// u32 entries. Leaves are numbered through all families.
//
// Thread: the loop's. Crash: only the checkpoint that is written when an array is closed has one; the first record in
// its journal puts an end to it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "array/family.h"

namespace holdfast {

/// The family is at rest: no request or task is under way, every leaf is resident, no removal of a view waits.
void encode_summary(std::vector<uint8_t>& out, Family& family);

/// Restores what encode_summary() said of the next family of the stream, whose stamps are known; its leaves begin with
/// page *next_leaf, which is moved behind them. False if that makes no sense.
bool restore_summary(ByteReader& in, Family& family, uint32_t* next_leaf);

}  // namespace holdfast
