// test/native/crash/crash_model.h
//
// What a LUN may hold after a power cut, told from what its users were promised.
//
// Every sector written carries the number of its write. A sector keeps the list of numbers it was given, in the order
// in which the writes were admitted. A flush makes a prefix of the list final: after a power cut the sector holds the
// last number of that prefix or any later one. A copy starts with one number per sector, the last one admitted before
// its instant, and that one is final.
//
// A write that finds no room enters again, and one that is put off enters late, so its place in the order is only
// known when it is over: until then it may come after whatever was admitted meanwhile, and be in a copy or not.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "base/units.h"

namespace holdfast {

inline void fill_sector(uint8_t* sector, uint64_t number) {
  for (uint32_t at = 0; at < kSectorBytes; at += 8) {
    const uint64_t word = number == 0 ? 0 : (number << 8 | at / 8);
    std::memcpy(sector + at, &word, 8);
  }
}

/// The number a sector carries; ~0 if it is not one write's work.
inline uint64_t sector_number(const uint8_t* sector) {
  uint64_t first = 0;
  std::memcpy(&first, sector, 8);
  const uint64_t number = first >> 8;
  uint8_t expected[kSectorBytes];
  fill_sector(expected, number);
  return std::memcmp(sector, expected, kSectorBytes) == 0 ? number : ~uint64_t{0};
}

class LunModel {
 public:
  explicit LunModel(uint64_t sector_count) : sectors_(sector_count) {}

  uint64_t sector_count() const { return sectors_.size(); }
  /// The new end reads as zeroes.
  void grow(uint64_t sector_count) { sectors_.resize(sector_count); }

  /// A write is admitted; gives, for each of its sectors, the place of its number in the list.
  std::vector<uint32_t> admitted(uint64_t first, uint64_t count, uint64_t number) {
    std::vector<uint32_t> places;
    for (uint64_t i = first; i < first + count; ++i) {
      sectors_[i].numbers.push_back(number);
      places.push_back(static_cast<uint32_t>(sectors_[i].numbers.size() - 1));
    }
    return places;
  }
  /// A write failed: what it left behind is there or not, sector by sector.
  void failed(uint64_t first, const std::vector<uint32_t>& places) {
    for (size_t i = 0; i < places.size(); ++i) sectors_[first + i].failed.push_back(places[i]);
  }
  /// A write has entered again, or may yet: it may come last, and what it leaves behind is there or not.
  void may_come_later(uint64_t first, const std::vector<uint32_t>& places, uint64_t number) {
    failed(first, places);
    for (size_t i = 0; i < places.size(); ++i) {
      Sector& sector = sectors_[first + i];
      sector.failed.push_back(static_cast<uint32_t>(sector.numbers.size()));
      sector.numbers.push_back(number);
    }
  }
  void completed(uint64_t first, const std::vector<uint32_t>& places, bool final) {
    for (size_t i = 0; i < places.size(); ++i) {
      Sector& sector = sectors_[first + i];
      sector.completed = std::max(sector.completed, places[i]);
      if (final) sector.final = std::max(sector.final, places[i]);
    }
  }
  /// What a flush submitted now will have made final when it completes.
  std::vector<uint32_t> flush_begins() const {
    std::vector<uint32_t> covered;
    for (const Sector& sector : sectors_) covered.push_back(sector.completed);
    return covered;
  }
  void flush_completed(const std::vector<uint32_t>& covered) {
    for (size_t i = 0; i < covered.size(); ++i) sectors_[i].final = std::max(sectors_[i].final, covered[i]);
  }
  /// A sync failed: what it was to make final may be lost at any time, and no later one makes it so.
  void sync_failed() {
    for (Sector& sector : sectors_) {
      for (uint32_t i = sector.final + 1; i < sector.numbers.size(); ++i) sector.failed.push_back(i);
      sector.completed = sector.final;
    }
  }
  /// It may hold what `other` may hold, sector by sector, or what it holds.
  void may_become(const LunModel& other) {
    for (size_t i = 0; i < sectors_.size() && i < other.sectors_.size(); ++i) {
      const Sector& wanted = other.sectors_[i];
      for (size_t from = wanted.final; from < wanted.numbers.size(); ++from) {
        sectors_[i].failed.push_back(static_cast<uint32_t>(sectors_[i].numbers.size()));
        sectors_[i].numbers.push_back(wanted.numbers[from]);
      }
    }
    for (size_t i = other.sectors_.size(); i < sectors_.size(); ++i) {
      sectors_[i].failed.push_back(static_cast<uint32_t>(sectors_[i].numbers.size()));
      sectors_[i].numbers.push_back(0);
    }
  }
  void everything_is_final() {
    for (Sector& sector : sectors_) sector.final = sector.completed;
  }

  /// The model of a copy taken now: of each sector the last number admitted, or an earlier one if that write has
  /// failed.
  LunModel copy() const {
    LunModel model(sectors_.size());
    for (size_t i = 0; i < sectors_.size(); ++i) {
      const Sector& sector = sectors_[i];
      auto from = static_cast<uint32_t>(sector.numbers.size() - 1);
      while (std::find(sector.failed.begin(), sector.failed.end(), from) != sector.failed.end()) --from;
      Sector& copied = model.sectors_[i];
      copied.numbers.assign(sector.numbers.begin() + from, sector.numbers.end());
      for (uint32_t failed = 1; failed < copied.numbers.size(); ++failed) copied.failed.push_back(failed);
    }
    return model;
  }

  /// Empty if the bytes are allowed; else which sector holds what instead of what.
  std::string compare(const std::vector<uint8_t>& bytes) const {
    if (bytes.size() != sectors_.size() * kSectorBytes) return "it gives " + std::to_string(bytes.size()) + " bytes";
    for (size_t i = 0; i < sectors_.size(); ++i) {
      const Sector& sector = sectors_[i];
      const uint64_t found = sector_number(bytes.data() + i * kSectorBytes);
      const auto allowed_from = sector.numbers.begin() + sector.final;
      if (std::find(allowed_from, sector.numbers.end(), found) != sector.numbers.end()) continue;
      std::string wanted;
      for (auto number = allowed_from; number != sector.numbers.end(); ++number)
        wanted += " " + std::to_string(*number);
      return "sector " + std::to_string(i) + " (unit " + std::to_string(i / 8) + ") holds " + std::to_string(found) +
             ", allowed:" + wanted;
    }
    return {};
  }

  /// From now on the LUN holds exactly these bytes, durably.
  void restart_from(const std::vector<uint8_t>& bytes) {
    for (size_t i = 0; i < sectors_.size(); ++i) {
      sectors_[i] = Sector{};
      sectors_[i].numbers = {sector_number(bytes.data() + i * kSectorBytes)};
    }
  }

 private:
  struct Sector {
    std::vector<uint64_t> numbers = {0};
    uint32_t completed = 0;  // index of the last number whose write has completed
    uint32_t final = 0;      // index of the earliest number that may be found
    std::vector<uint32_t> failed;
  };
  std::vector<Sector> sectors_;
};

}  // namespace holdfast
