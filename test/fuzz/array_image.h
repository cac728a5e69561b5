// test/fuzz/array_image.h
//
// A small array with a life behind it, on the disk of a machine that is switched off: what the fuzzers of its files
// change and open.
//
// Identities come from a seed, so the bytes of one process mean the same in the next.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "array/checkpoint.h"
#include "array/machine.h"
#include "fuzz_input.h"

namespace holdfast::test {

struct ArrayImage {
  std::shared_ptr<SimulatedDisk> disk;
  CheckpointImage checkpoint;
  uint64_t number = 0;

  std::string checkpoint_path() const { return Machine::kPath + std::string("/checkpoint.") + std::to_string(number); }
  std::string journal_path() const { return Machine::kPath + std::string("/journal.") + std::to_string(number); }
  /// Another disk with the same contents, of which one file is these bytes.
  std::shared_ptr<SimulatedDisk> with(const std::string& path, const FuzzInput& bytes) const;
};

/// Everything that happened stands in its journal, behind an empty checkpoint.
const ArrayImage& image_with_journal();
/// It was closed: everything stands in its checkpoint.
const ArrayImage& image_with_checkpoint();

/// Whether the array on this disk opens. It is refused with a typed error and left as it is, or it is whole: every LUN
/// can be read, written to, copied and opened again.
bool open_and_use(const std::shared_ptr<SimulatedDisk>& disk);

/// Records as a fuzzer's input: u8 type, u16 payload bytes, payload; a type of 0 ends the list.
void put_records(FuzzInput& input, std::span<const uint8_t> records);
/// The same as they stand in a batch; true if the list had an end.
bool take_records(FuzzBytes& in, std::vector<uint8_t>& records);

}  // namespace holdfast::test
