// native/array/reserve.h
//
// Room on the file system that is kept for what makes room.
//
// An array whose disk is full has to be opened and copies in it have to be deleted before there is space again, and
// both write: a checkpoint, a record. So a file of no content lies beside them, at least twice as large as the last
// checkpoint. It is given up when a checkpoint finds no space, and made again when there is enough for it *and* as much
// as a deletion writes; where there is not, that much is better left free. Once spent, the room is anybody's: who fills
// it with something else has to make space outside.
//
// Thread: the loop's. Crash: whatever size the file has is taken as it is.
#pragma once

#include <cstdint>

#include "array/array_files.h"

namespace holdfast {

class Reserve {
 public:
  Reserve(Loop& loop, ArrayFiles& files) : loop_(loop), files_(files) {}

  /// Gives the room back to the file system; false if there was none.
  Task<bool> spend();
  /// Makes or enlarges the file for a checkpoint of this size; where that cannot be, there is none afterwards.
  Task<void> keep(uint64_t checkpoint_bytes);

 private:
  Loop& loop_;
  ArrayFiles& files_;
};

}  // namespace holdfast
