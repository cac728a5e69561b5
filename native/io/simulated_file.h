// native/io/simulated_file.h
//
// The content of one simulated file, and what a power cut may leave of it.
//
// Kept in pages of 4 KiB; a page nobody wrote costs nothing, and a page of zeroes no memory. While a page has changes
// that no sync covers, it remembers for each 512-byte sector what is durable and every version written since. A power
// cut chooses among them; sectors are never torn inside. Sizes are treated alike.
//
// Time is a Sequence: every change gets the next number, and a sync covers those up to a number.
//
// Thread: the loop's. Ownership: bytes of a page are immutable and shared between versions and clones.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/units.h"
#include "io/simulated_random.h"

namespace holdfast {

using Sequence = uint64_t;

/// What a power cut leaves of the changes that no sync covers.
enum class CrashPolicy {
  drop_all,          // none
  keep_all,          // all that had completed, and of writes in flight any sectors
  random_sectors,    // of each sector any version, of those in flight too
  reordered_writes,  // any of the writes, each whole, whatever their order; of writes in flight any sectors
};

class SimulatedFile {
 public:
  static constexpr uint32_t kPageBytes = 4096;

  SimulatedFile() = default;
  SimulatedFile(const SimulatedFile& other);
  SimulatedFile& operator=(const SimulatedFile&) = delete;

  uint64_t size_bytes() const { return size_bytes_; }
  /// Bytes read; fewer than asked for at the end of the file only.
  uint64_t read(uint64_t offset_bytes, uint8_t* out, uint64_t length_bytes) const;
  /// Pages that are not all zeroes, as seek(2) with SEEK_DATA and SEEK_HOLE finds blocks; both 0 if there is none.
  void find_data(uint64_t from_bytes, uint64_t* begin_bytes, uint64_t* end_bytes) const;
  /// Grows the file as needed.
  void write(uint64_t offset_bytes, const uint8_t* data, uint64_t length_bytes, Sequence sequence);
  /// Zeroes within the present size.
  void punch(uint64_t offset_bytes, uint64_t length_bytes, Sequence sequence);
  void resize(uint64_t size_bytes, Sequence sequence);

  /// Makes changes up to `covers` durable.
  void sync(Sequence covers);
  /// A sync that failed: Linux marks the pages clean all the same, so no later sync writes what was lost.
  void lose(Sequence covers);

  /// A write that had not completed when its engine stopped: not to be seen by reads, a choice for crash().
  void note_in_flight(uint64_t offset_bytes, const uint8_t* data, uint64_t length_bytes, Sequence sequence);
  /// The process ended, the machine goes on: of writes in flight any sectors arrived, nothing else changes.
  void settle_in_flight(SimulatedRandom& random);
  /// The power was cut. `seed` is one for the whole disk, so that a write has one fate in all its pages.
  void crash(CrashPolicy policy, uint64_t seed, SimulatedRandom& random);

 private:
  using PageBytes = std::array<uint8_t, kPageBytes>;
  using PageRef = std::shared_ptr<const PageBytes>;  // null: zeroes

  struct Version {
    Sequence sequence;
    uint8_t sectors;  // bit i: sector i of the page was written
    bool in_flight;
    bool lost;       // a failed sync covered it
    bool truncated;  // goes with a change of size: there if and only if that is
    PageRef bytes;
  };
  struct Unsynced {
    PageRef durable;
    std::vector<Version> versions;  // oldest first
  };
  struct Page {
    PageRef current;
    std::unique_ptr<Unsynced> unsynced;  // null: what is current is durable
  };
  struct SizeVersion {
    Sequence sequence;
    uint64_t size_bytes;
    bool in_flight;
    bool lost;
  };

  static PageRef overlay(const PageRef& page, uint32_t begin, uint32_t end, const uint8_t* data);
  static const uint8_t* bytes_of(const PageRef& page);
  static uint8_t changed_sectors(const PageRef& before, const PageRef& after);
  static PageRef compose(const std::array<PageRef, 8>& sectors);

  Unsynced& unsynced(uint64_t index, Page& page);
  void change(uint64_t offset_bytes, const uint8_t* data, uint64_t length_bytes, Sequence sequence, bool truncated);
  void change_page(uint64_t index, uint32_t begin, uint32_t end, const uint8_t* data, Sequence sequence,
                   bool truncated);
  void sync_page(Page& page, Sequence covers) const;
  PageRef crash_page(const Unsynced& unsynced, CrashPolicy policy, uint64_t seed, Sequence size_from,
                     SimulatedRandom& random) const;
  Sequence crash_size(CrashPolicy policy, uint64_t seed, SimulatedRandom& random);
  void zero_beyond_size();
  void forget_if_zero(uint64_t index);

  std::unordered_map<uint64_t, Page> pages_;
  // Exactly the pages with un-synced changes, in the order in which they came to have them.
  std::vector<uint64_t> unsynced_pages_;
  uint64_t size_bytes_ = 0;
  uint64_t durable_size_bytes_ = 0;
  std::vector<SizeVersion> size_versions_;
};

}  // namespace holdfast
