#include "array/space_use.h"

#include <algorithm>
#include <unordered_map>

namespace holdfast {
namespace {

constexpr size_t kNobody = ~size_t{0};

struct Limit {
  Epoch epoch;
  size_t reader;
};

struct BranchReaders {
  size_t head = kNobody;
  std::vector<Limit> limits;  // sorted by epoch
};

// The newest of the readers in [from, to); nobody if one of them is no copy, or there is none.
size_t newest_copy(const std::vector<SpaceReader>& readers, std::vector<Limit>::const_iterator from,
                   std::vector<Limit>::const_iterator to) {
  size_t newest = kNobody;
  for (; from != to; ++from) {
    if (!readers[from->reader].is_copy) return kNobody;
    if (newest == kNobody || from->reader > newest) newest = from->reader;
  }
  return newest;
}

}  // namespace

std::vector<uint64_t> units_kept(const Branches& branches, const std::vector<SpaceReader>& readers) {
  std::unordered_map<BranchId, BranchReaders> by_branch;
  for (size_t reader = 0; reader < readers.size(); ++reader) {
    const View& view = *readers[reader].view;
    by_branch[view.front().branch].head = reader;
    for (size_t i = 1; i < view.size(); ++i) by_branch[view[i].branch].limits.push_back(Limit{view[i].limit, reader});
  }
  const auto before = [](const Limit& a, const Limit& b) { return a.epoch < b.epoch; };
  for (auto& [id, branch] : by_branch) std::stable_sort(branch.limits.begin(), branch.limits.end(), before);

  std::vector<uint64_t> units(readers.size());
  for (const auto& [id, stamp] : branches.stamps()) {
    const auto found = by_branch.find(stamp.branch);
    if (found == by_branch.end()) continue;  // waits to be collected
    const BranchReaders& branch = found->second;
    const auto from = std::lower_bound(branch.limits.begin(), branch.limits.end(), Limit{stamp.epoch, 0}, before);
    // What the stamp's versions follow: versions of this branch, and on the first branch the base.
    const bool follows_base = stamp.branch == branches.root();
    const uint64_t superseded = follows_base ? stamp.version_count : stamp.following_count;
    if (from != branch.limits.begin()) {
      const auto largest = std::lower_bound(branch.limits.begin(), from, *(from - 1), before);
      const size_t keeper = newest_copy(readers, largest, from);
      if (keeper != kNobody) units[keeper] += superseded;
    }
    // Its own versions that nothing follows.
    size_t keeper = branch.head;
    if (keeper == kNobody) keeper = newest_copy(readers, from, branch.limits.end());
    if (keeper != kNobody && readers[keeper].is_copy) units[keeper] += stamp.version_count - stamp.followed_count;
  }
  return units;
}

}  // namespace holdfast
