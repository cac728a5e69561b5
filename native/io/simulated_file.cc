#include "io/simulated_file.h"

#include <algorithm>
#include <cstring>

namespace holdfast {
namespace {

constexpr uint32_t kPageSectors = SimulatedFile::kPageBytes / kSectorBytes;
static_assert(kPageSectors == 8, "a mask of sectors is a byte");

const std::array<uint8_t, SimulatedFile::kPageBytes> kZeroes = {};

/// The fate of one write, the same wherever it is asked for.
bool kept(uint64_t seed, Sequence sequence) { return SimulatedRandom(seed ^ (sequence * 0xD6E8FEB86659FD93u)).coin(); }

}  // namespace

SimulatedFile::SimulatedFile(const SimulatedFile& other)
    : unsynced_pages_(other.unsynced_pages_),
      size_bytes_(other.size_bytes_),
      durable_size_bytes_(other.durable_size_bytes_),
      size_versions_(other.size_versions_) {
  pages_.reserve(other.pages_.size());
  for (const auto& [index, page] : other.pages_) {
    Page& copy = pages_[index];
    copy.current = page.current;
    if (page.unsynced) copy.unsynced = std::make_unique<Unsynced>(*page.unsynced);
  }
}

const uint8_t* SimulatedFile::bytes_of(const PageRef& page) { return page ? page->data() : kZeroes.data(); }

SimulatedFile::PageRef SimulatedFile::overlay(const PageRef& page, uint32_t begin, uint32_t end, const uint8_t* data) {
  const bool zeroes = std::memcmp(data, kZeroes.data(), end - begin) == 0;
  if (zeroes && (!page || end - begin == kPageBytes)) return nullptr;
  auto bytes = std::make_shared<PageBytes>();
  if (end - begin != kPageBytes && page) *bytes = *page;
  std::memcpy(bytes->data() + begin, data, end - begin);
  return bytes;
}

uint8_t SimulatedFile::changed_sectors(const PageRef& before, const PageRef& after) {
  if (before == after) return 0;
  uint8_t changed = 0;
  for (uint32_t sector = 0; sector < kPageSectors; sector++) {
    const uint32_t begin = sector * kSectorBytes;
    if (std::memcmp(bytes_of(before) + begin, bytes_of(after) + begin, kSectorBytes) != 0) {
      changed = static_cast<uint8_t>(changed | (1u << sector));
    }
  }
  return changed;
}

SimulatedFile::PageRef SimulatedFile::compose(const std::array<PageRef, 8>& sectors) {
  if (std::all_of(sectors.begin(), sectors.end(), [&](const PageRef& page) { return page == sectors[0]; })) {
    return sectors[0];
  }
  auto bytes = std::make_shared<PageBytes>();
  for (uint32_t sector = 0; sector < kPageSectors; sector++) {
    const uint32_t begin = sector * kSectorBytes;
    std::memcpy(bytes->data() + begin, bytes_of(sectors[sector]) + begin, kSectorBytes);
  }
  return bytes;
}

uint64_t SimulatedFile::read(uint64_t offset_bytes, uint8_t* out, uint64_t length_bytes) const {
  if (offset_bytes >= size_bytes_) return 0;
  const uint64_t end = offset_bytes + std::min(length_bytes, size_bytes_ - offset_bytes);
  for (uint64_t at = offset_bytes; at < end;) {
    const auto begin = static_cast<uint32_t>(at % kPageBytes);
    const uint64_t count = std::min<uint64_t>(kPageBytes - begin, end - at);
    const auto page = pages_.find(at / kPageBytes);
    std::memcpy(out + (at - offset_bytes),
                (page == pages_.end() ? kZeroes.data() : bytes_of(page->second.current)) + begin, count);
    at += count;
  }
  return end - offset_bytes;
}

void SimulatedFile::find_data(uint64_t from_bytes, uint64_t* begin_bytes, uint64_t* end_bytes) const {
  *begin_bytes = *end_bytes = 0;
  const auto has_data = [&](uint64_t index) {
    const auto page = pages_.find(index);
    return page != pages_.end() && page->second.current != nullptr;
  };
  uint64_t first = UINT64_MAX;
  for (const auto& [index, page] : pages_) {
    if (index >= from_bytes / kPageBytes && page.current != nullptr) first = std::min(first, index);
  }
  if (first == UINT64_MAX || first * kPageBytes >= size_bytes_) return;
  uint64_t end = first;
  while (has_data(end)) ++end;
  *begin_bytes = std::max(from_bytes, first * kPageBytes);
  *end_bytes = std::min(size_bytes_, end * kPageBytes);
}

void SimulatedFile::write(uint64_t offset_bytes, const uint8_t* data, uint64_t length_bytes, Sequence sequence) {
  if (length_bytes == 0) return;
  change(offset_bytes, data, length_bytes, sequence, false);
  const uint64_t end = offset_bytes + length_bytes;
  if (end > size_bytes_) return resize(end, sequence);
  // A growth that a failed sync has lost comes back with what is written there again.
  const bool was_lost = !size_versions_.empty() && size_versions_.back().lost;
  if (was_lost && end > durable_size_bytes_) size_versions_.push_back({sequence, size_bytes_, false, false});
}

void SimulatedFile::punch(uint64_t offset_bytes, uint64_t length_bytes, Sequence sequence) {
  if (offset_bytes >= size_bytes_) return;
  change(offset_bytes, nullptr, std::min(length_bytes, size_bytes_ - offset_bytes), sequence, false);
}

void SimulatedFile::resize(uint64_t size_bytes, Sequence sequence) {
  if (size_bytes == size_bytes_) return;
  if (size_bytes < size_bytes_) change(size_bytes, nullptr, size_bytes_ - size_bytes, sequence, true);
  size_bytes_ = size_bytes;
  size_versions_.push_back({sequence, size_bytes, false, false});
}

// `data` null: zeroes, which only pages that exist need to be told.
void SimulatedFile::change(uint64_t offset_bytes, const uint8_t* data, uint64_t length_bytes, Sequence sequence,
                           bool truncated) {
  const uint64_t end = offset_bytes + length_bytes;
  const auto piece = [&](uint64_t index) {
    const uint64_t page_begin = index * kPageBytes;
    const uint64_t from = std::max(offset_bytes, page_begin);
    const uint64_t to = std::min(end, page_begin + kPageBytes);
    change_page(index, static_cast<uint32_t>(from - page_begin), static_cast<uint32_t>(to - page_begin),
                data == nullptr ? kZeroes.data() : data + (from - offset_bytes), sequence, truncated);
  };
  const uint64_t first = offset_bytes / kPageBytes;
  const uint64_t last = (end - 1) / kPageBytes;
  if (data == nullptr && last - first > pages_.size()) {
    std::vector<uint64_t> indexes;
    for (const auto& [index, page] : pages_) {
      if (index >= first && index <= last) indexes.push_back(index);
    }
    std::sort(indexes.begin(), indexes.end());
    for (const uint64_t index : indexes) piece(index);
  } else {
    for (uint64_t index = first; index <= last; index++) piece(index);
  }
}

void SimulatedFile::change_page(uint64_t index, uint32_t begin, uint32_t end, const uint8_t* data, Sequence sequence,
                                bool truncated) {
  auto found = pages_.find(index);
  if (found == pages_.end()) {
    if (std::memcmp(data, kZeroes.data(), end - begin) == 0) return;
    found = pages_.try_emplace(index).first;
  }
  Page& page = found->second;
  PageRef after = overlay(page.current, begin, end, data);
  // Writing what is there already offers a power cut no new choice, unless what is there was lost by a failed sync.
  uint8_t sectors = changed_sectors(page.current, after);
  if (page.unsynced) {
    const auto written = static_cast<uint8_t>((0xFFu << (begin / kSectorBytes)) &
                                              (0xFFu >> (kPageSectors - 1 - (end - 1) / kSectorBytes)));
    for (const Version& version : page.unsynced->versions) {
      if (version.lost) sectors = static_cast<uint8_t>(sectors | (version.sectors & written));
    }
  }
  if (sectors == 0) return;
  unsynced(index, page).versions.push_back({sequence, sectors, false, false, truncated, after});
  page.current = std::move(after);
}

SimulatedFile::Unsynced& SimulatedFile::unsynced(uint64_t index, Page& page) {
  if (!page.unsynced) {
    page.unsynced = std::make_unique<Unsynced>();
    page.unsynced->durable = page.current;
    unsynced_pages_.push_back(index);
  }
  return *page.unsynced;
}

void SimulatedFile::sync(Sequence covers) {
  size_t left = 0;
  for (const uint64_t index : unsynced_pages_) {
    Page& page = pages_.find(index)->second;
    sync_page(page, covers);
    if (page.unsynced) {
      unsynced_pages_[left++] = index;
    } else {
      forget_if_zero(index);
    }
  }
  unsynced_pages_.resize(left);

  for (size_t i = size_versions_.size(); i-- > 0;) {
    if (size_versions_[i].sequence > covers || size_versions_[i].lost) continue;
    durable_size_bytes_ = size_versions_[i].size_bytes;
    size_versions_.erase(size_versions_.begin(), size_versions_.begin() + static_cast<ptrdiff_t>(i) + 1);
    break;
  }
}

void SimulatedFile::sync_page(Page& page, Sequence covers) const {
  std::vector<Version>& versions = page.unsynced->versions;
  const auto covered = [&](const Version& version) { return version.sequence <= covers && !version.lost; };
  if (std::all_of(versions.begin(), versions.end(), covered)) {
    page.unsynced.reset();
    return;
  }
  std::array<PageRef, kPageSectors> durable;
  durable.fill(page.unsynced->durable);
  for (uint32_t sector = 0; sector < kPageSectors; sector++) {
    const uint32_t bit = 1u << sector;
    const auto newest = std::find_if(versions.rbegin(), versions.rend(), [&](const Version& version) {
      return (version.sectors & bit) != 0 && covered(version);
    });
    if (newest == versions.rend()) continue;
    durable[sector] = newest->bytes;
    for (auto older = newest; older != versions.rend(); ++older) {
      older->sectors = static_cast<uint8_t>(older->sectors & ~bit);
    }
  }
  page.unsynced->durable = compose(durable);
  std::erase_if(versions, [](const Version& version) { return version.sectors == 0; });
  if (versions.empty()) page.unsynced.reset();
}

void SimulatedFile::lose(Sequence covers) {
  for (const uint64_t index : unsynced_pages_) {
    for (Version& version : pages_.find(index)->second.unsynced->versions) {
      if (version.sequence <= covers) version.lost = true;
    }
  }
  for (SizeVersion& version : size_versions_) {
    if (version.sequence <= covers) version.lost = true;
  }
}

void SimulatedFile::note_in_flight(uint64_t offset_bytes, const uint8_t* data, uint64_t length_bytes,
                                   Sequence sequence) {
  const uint64_t end = offset_bytes + length_bytes;
  for (uint64_t at = offset_bytes; at < end;) {
    const auto begin = static_cast<uint32_t>(at % kPageBytes);
    const auto count = static_cast<uint32_t>(std::min<uint64_t>(kPageBytes - begin, end - at));
    Page& page = pages_[at / kPageBytes];
    PageRef after = overlay(page.current, begin, begin + count, data + (at - offset_bytes));
    const uint8_t sectors = changed_sectors(page.current, after);
    if (sectors != 0) {
      unsynced(at / kPageBytes, page).versions.push_back({sequence, sectors, true, false, false, std::move(after)});
    }
    forget_if_zero(at / kPageBytes);
    at += count;
  }
  if (end > size_bytes_) size_versions_.push_back({sequence, end, true, false});
}

void SimulatedFile::settle_in_flight(SimulatedRandom& random) {
  for (SizeVersion& version : size_versions_) {
    if (!version.in_flight) continue;
    version.in_flight = false;
    if (version.size_bytes > size_bytes_ && random.coin()) {
      size_bytes_ = version.size_bytes;
    } else {
      version.size_bytes = size_bytes_;
    }
  }
  for (const uint64_t index : unsynced_pages_) {
    Page& page = pages_.find(index)->second;
    std::array<PageRef, kPageSectors> current;
    current.fill(page.current);
    for (Version& version : page.unsynced->versions) {
      if (!version.in_flight) continue;
      version.in_flight = false;
      for (uint32_t sector = 0; sector < kPageSectors; sector++) {
        const uint32_t bit = 1u << sector;
        if ((version.sectors & bit) == 0) continue;
        if (index * kPageBytes + sector * kSectorBytes < size_bytes_ && random.coin()) {
          current[sector] = version.bytes;
        } else {
          version.sectors = static_cast<uint8_t>(version.sectors & ~bit);
        }
      }
    }
    page.current = compose(current);
  }
}

void SimulatedFile::crash(CrashPolicy policy, uint64_t seed, SimulatedRandom& random) {
  const Sequence size_from = crash_size(policy, seed, random);
  for (const uint64_t index : unsynced_pages_) {
    Page& page = pages_.find(index)->second;
    page.current = crash_page(*page.unsynced, policy, seed, size_from, random);
    page.unsynced.reset();
    forget_if_zero(index);
  }
  unsynced_pages_.clear();
  zero_beyond_size();
}

/// Chooses the size. Returns the number of the change that made it, 0 if it is the durable one.
Sequence SimulatedFile::crash_size(CrashPolicy policy, uint64_t seed, SimulatedRandom& random) {
  Sequence from = 0;
  uint64_t size = durable_size_bytes_;
  const auto take = [&](const SizeVersion& version) {
    // A write in flight grows the file, it never shrinks it.
    if (version.in_flight && version.size_bytes < size) return;
    from = version.sequence;
    size = version.size_bytes;
  };
  const uint64_t choice = random.below(size_versions_.size() + 1);
  for (size_t i = 0; i < size_versions_.size(); i++) {
    const SizeVersion& version = size_versions_[i];
    const bool completed = !version.in_flight;
    if (policy == CrashPolicy::keep_all && (completed || random.coin())) take(version);
    if (policy == CrashPolicy::random_sectors && i + 1 == choice) take(version);
    if (policy == CrashPolicy::reordered_writes && kept(seed, version.sequence)) take(version);
  }
  size_versions_.clear();
  size_bytes_ = durable_size_bytes_ = size;
  return from;
}

SimulatedFile::PageRef SimulatedFile::crash_page(const Unsynced& unsynced, CrashPolicy policy, uint64_t seed,
                                                 Sequence size_from, SimulatedRandom& random) const {
  if (policy == CrashPolicy::drop_all) return unsynced.durable;
  // A truncation is there or not as a whole, and the size has decided: what preceded one that happened is gone, and
  // what followed one that did not happen went to blocks the file never got.
  Sequence floor = 0;
  Sequence ceiling = ~Sequence{0};
  for (const Version& version : unsynced.versions) {
    if (!version.truncated) continue;
    if (version.sequence <= size_from) floor = std::max(floor, version.sequence);
    if (version.sequence > size_from) ceiling = std::min(ceiling, version.sequence);
  }
  std::array<PageRef, kPageSectors> chosen;
  chosen.fill(unsynced.durable);
  for (uint32_t sector = 0; sector < kPageSectors; sector++) {
    uint64_t candidates = 1;
    for (const Version& version : unsynced.versions) {
      if ((version.sectors & (1u << sector)) == 0) continue;
      if (version.sequence < floor || version.sequence >= ceiling) continue;
      if (version.truncated) {
        chosen[sector] = version.bytes;
        candidates = 1;
        continue;
      }
      candidates++;
      bool take = false;
      if (version.in_flight) {
        take = random.coin();
      } else if (policy == CrashPolicy::keep_all) {
        take = true;
      } else if (policy == CrashPolicy::reordered_writes) {
        take = kept(seed, version.sequence);
      } else {
        take = random.below(candidates) == 0;  // each candidate in the end with the same probability
      }
      if (take) chosen[sector] = version.bytes;
    }
  }
  return compose(chosen);
}

void SimulatedFile::zero_beyond_size() {
  for (auto page = pages_.begin(); page != pages_.end();) {
    const uint64_t begin = page->first * kPageBytes;
    if (begin >= size_bytes_) {
      page = pages_.erase(page);
      continue;
    }
    const uint64_t left = size_bytes_ - begin;
    if (left < kPageBytes && page->second.current) {
      const auto used = static_cast<uint32_t>(left);
      page->second.current = overlay(page->second.current, used, kPageBytes, kZeroes.data());
    }
    ++page;
  }
}

void SimulatedFile::forget_if_zero(uint64_t index) {
  const auto page = pages_.find(index);
  if (!page->second.current && !page->second.unsynced) pages_.erase(page);
}

}  // namespace holdfast
