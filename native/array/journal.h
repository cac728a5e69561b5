// native/array/journal.h
//
// The log of an array's changes: one file, appended in batches, each of which says how much before it cannot be lost.
//
// A batch is a header of 64 bytes, its records, and zeroes up to the next 4096:
//
//    0 u32 magic "HFJB"    4 u32 CRC-32C of the batch with this field zero, header and records
//    8 u64 generation     16 u64 sequence (1, 2, … across journals of an array)
//   24 u64 durable_through: the highest sequence covered by a sync that had completed when this batch was closed
//   32 u32 bytes of records                                                         36 28 bytes of zero
//
// The generation is random for each journal file, so bytes of an older life are never taken for batches.
//
// Recovery reads batches until one is not there or damaged. If a later batch says durable_through at or above it, that
// is damage and the array is refused; otherwise it is the end, and what may follow was never promised to anybody.
//
// Appending costs nothing but memory; commit() makes a sequence durable, and commits that overlap share one sync.
// A batch that found no space stays queued and is written again by the next commit. Any other failure of a write or a
// sync is final: the journal is broken, nothing more is promised, and the array turns read-only until it is reopened.
//
// Thread: the loop's. Ownership: the array owns the journal and awaits its tasks before it closes the file.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "array/aligned.h"
#include "base/status.h"
#include "io/loop.h"

namespace holdfast {

inline constexpr uint32_t kBatchHeaderBytes = 64;
inline constexpr uint32_t kBatchMagic = 0x424A4648;  // "HFJB"
inline constexpr uint32_t kBatchRecordBytesMax = 2 << 20;

struct BatchHeader {
  uint64_t generation = 0;
  uint64_t sequence = 0;
  uint64_t durable_through = 0;
  uint32_t record_bytes = 0;
};

/// Fills the header in front of `record_bytes` of records at batch + 64.
void seal_batch(uint8_t* batch, const BatchHeader& header);

/// Whether a whole, undamaged batch of the generation begins here.
bool read_batch(std::span<const uint8_t> bytes, uint64_t generation, BatchHeader* header);

class Journal {
 public:
  explicit Journal(Loop& loop) : loop_(loop), changed_(loop) {}

  /// Called when a batch has been closed, from inside whatever closed it.
  void set_on_growth(std::function<void()> on_growth) { on_growth_ = std::move(on_growth); }

  /// Starts appending to an empty journal file.
  void start(int file, uint64_t generation, uint64_t first_sequence);

  /// Ends the present file with `last_records` and goes on in another, empty one. Nothing is written to the new file
  /// before the old one is whole and synced. Returns the last sequence of the old file; the caller may close that
  /// file once commit() of it has succeeded.
  uint64_t switch_to(int file, uint64_t generation, std::span<const uint8_t> last_records);

  /// Adds encoded records to the open batch; returns the sequence of that batch.
  uint64_t append(std::span<const uint8_t> records);

  /// Closes the open batch if it is at or below `sequence`: no later record can join what a sync is about to cover.
  void seal(uint64_t sequence);

  /// The batch that the next record will join.
  uint64_t open_sequence() const { return open_sequence_; }
  uint64_t durable_through() const { return durable_through_; }

  /// Returns when every batch up to `sequence` is durable, or with the reason why it is not.
  Task<Status> commit(uint64_t sequence);

  /// Waits until nothing is being written or synced.
  Task<void> quiesce();
  /// Waits until no I/O is under way on a former file that commit() has finished with.
  Task<void> let_go_of(int former_file);

  /// Bytes of the file in use.
  uint64_t size_bytes() const { return tail_bytes_; }
  bool broken() const { return !broken_.ok(); }
  int file() const { return file_; }

 private:
  struct Batch {
    uint64_t sequence = 0;
    int file = -1;
    uint64_t offset_bytes = 0;
    uint64_t length_bytes = 0;
    AlignedBuffer bytes;
    bool submitted = false;
    bool written = false;
  };

  void close_batch();
  void submit_batches();
  Task<void> write_batch(Batch& batch);
  bool written_through(uint64_t sequence) const;
  void prepare_ahead();
  Task<void> prepare();

  Loop& loop_;
  Event changed_;
  std::function<void()> on_growth_;
  int file_ = -1;
  // The file before this one until it is synced through to its last batch; -1 then.
  int former_file_ = -1;
  uint64_t former_last_sequence_ = 0;
  uint64_t generation_ = 0;
  uint64_t open_sequence_ = 1;
  uint64_t durable_through_ = 0;
  uint64_t tail_bytes_ = 0;
  std::vector<uint8_t> open_records_;
  // Closed and not yet written, in order.
  std::deque<std::unique_ptr<Batch>> batches_;
  uint32_t writes_running_ = 0;
  bool sync_running_ = false;
  // The last write found no space; cleared when the batches are tried again.
  Status no_space_;
  Status broken_;
  // Zeroes are being written to [prepared_bytes_, preparing_end_bytes_): no batch may go there meanwhile.
  uint64_t prepared_bytes_ = 0;
  uint64_t preparing_end_bytes_ = 0;
  uint64_t prepare_step_bytes_ = 0;
  // After a failure nothing is prepared until the tail has come this far.
  uint64_t prepare_again_bytes_ = 0;
  bool preparing_ = false;
  int preparing_file_ = -1;
};

}  // namespace holdfast
