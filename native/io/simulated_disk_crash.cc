// What a SimulatedDisk keeps: names, and what of everything survives.

#include <cstdio>
#include <cstdlib>
#include <set>
#include <utility>

#include "io/simulated_disk.h"
#include "io/simulated_inode.h"

namespace holdfast {
namespace {

uint64_t page_end(uint64_t end_bytes) {
  return (end_bytes + SimulatedFile::kPageBytes - 1) / SimulatedFile::kPageBytes;
}

}  // namespace

void SimulatedDisk::change_names(NameChange change) {
  if (change.from_directory != nullptr) {
    change.from_directory->names.erase(change.from);
    change.from_directory->changed = now_;
    change.inode->name_count--;
  }
  if (change.to_directory != nullptr) {
    InodeRef& entry = change.to_directory->names[change.to];
    const InodeRef replaced = std::exchange(entry, change.inode);
    change.to_directory->changed = now_;
    change.inode->name_count++;
    if (replaced != nullptr) {
      replaced->name_count--;
      drop_if_unreferenced(replaced);
    }
  }
  change.inode->changed = now_;
  drop_if_unreferenced(change.inode);
  name_changes_.push_back(std::move(change));
}

void SimulatedDisk::make_durable(const NameChange& change) {
  if (change.from_directory != nullptr) {
    const auto entry = change.from_directory->durable_names.find(change.from);
    if (entry != change.from_directory->durable_names.end() && entry->second == change.inode) {
      change.from_directory->durable_names.erase(entry);
    }
  }
  if (change.to_directory != nullptr) change.to_directory->durable_names[change.to] = change.inode;
}

int SimulatedDisk::sync_directory(const std::string& path) {
  const InodeRef directory = find(path);
  if (directory == nullptr) return -ENOENT;
  if (!directory->is_directory) return -ENOTDIR;
  // A move between directories is one change of both, so it brings along what the other one had before it.
  std::set<const Inode*> synced = {directory.get()};
  const auto touches = [&](const NameChange& change) {
    return synced.count(change.from_directory.get()) + synced.count(change.to_directory.get()) > 0;
  };
  for (size_t before = 0; before != synced.size();) {
    before = synced.size();
    for (const NameChange& change : name_changes_) {
      if (!touches(change)) continue;
      if (change.from_directory != nullptr) synced.insert(change.from_directory.get());
      if (change.to_directory != nullptr) synced.insert(change.to_directory.get());
    }
  }
  for (const NameChange& change : name_changes_) {
    if (touches(change)) make_durable(change);
  }
  std::erase_if(name_changes_, touches);
  return 0;
}

template <typename Function>
void SimulatedDisk::for_each_inode(Function function) {
  std::set<const Inode*> seen;
  std::vector<InodeRef> stack = {root_};
  while (!stack.empty()) {
    const InodeRef inode = stack.back();
    stack.pop_back();
    if (!seen.insert(inode.get()).second) continue;
    function(*inode);
    for (const auto& [name, child] : inode->names) stack.push_back(child);
  }
}

void SimulatedDisk::close_everything() {
  if (engines_ != 0) {
    std::fprintf(stderr, "simulated disk: an engine is still over it; destroy it or call its drop_all() first\n");
    std::abort();
  }
  for (OpenFile& open_file : open_files_) {
    const InodeRef inode = std::move(open_file.inode);
    if (inode == nullptr) continue;
    inode->open_count = 0;
    inode->locked_by = -1;
    drop_if_unreferenced(inode);
  }
  first_file_ += static_cast<int>(open_files_.size());
  open_files_.clear();
}

void SimulatedDisk::cut_names(CrashPolicy policy, SimulatedRandom& random) {
  // A change that did not survive takes with it all later ones of the same names: a file system's journal has an order.
  std::set<std::pair<const Inode*, std::string>> lost;
  for (const NameChange& change : name_changes_) {
    const auto from = std::make_pair(static_cast<const Inode*>(change.from_directory.get()), change.from);
    const auto to = std::make_pair(static_cast<const Inode*>(change.to_directory.get()), change.to);
    bool survives = policy == CrashPolicy::keep_all || (policy != CrashPolicy::drop_all && random.coin());
    if (change.from_directory != nullptr && lost.count(from) > 0) survives = false;
    if (change.to_directory != nullptr && lost.count(to) > 0) survives = false;
    if (survives) {
      make_durable(change);
      continue;
    }
    if (change.from_directory != nullptr) lost.insert(from);
    if (change.to_directory != nullptr) lost.insert(to);
  }
  name_changes_.clear();
}

void SimulatedDisk::power_cut(uint64_t seed, CrashPolicy policy) {
  close_everything();
  SimulatedRandom random(seed);
  cut_names(policy, random);
  std::set<const Inode*> seen;
  std::vector<InodeRef> stack = {root_};
  used_pages_ = 0;
  root_->name_count = 1;
  while (!stack.empty()) {
    const InodeRef inode = stack.back();
    stack.pop_back();
    if (!seen.insert(inode.get()).second) continue;
    inode->names = inode->durable_names;
    inode->content.crash(policy, seed, random);
    inode->space.remove_from(page_end(inode->content.size_bytes()));
    used_pages_ += inode->space.count();
    if (policy == CrashPolicy::drop_all || (policy != CrashPolicy::keep_all && random.coin())) {
      inode->changed = inode->durable_changed;
    }
    inode->durable_changed = inode->changed;
    for (const auto& [name, child] : inode->names) {
      child->name_count = 0;
      stack.push_back(child);
    }
  }
  for_each_inode([](Inode& inode) {
    for (const auto& [name, child] : inode.names) child->name_count++;
  });
}

void SimulatedDisk::process_exit(uint64_t seed) {
  close_everything();
  SimulatedRandom random(seed);
  for_each_inode([&](Inode& inode) { inode.content.settle_in_flight(random); });
}

std::shared_ptr<SimulatedDisk> SimulatedDisk::clone() const {
  auto copy = std::make_shared<SimulatedDisk>();
  std::map<const Inode*, InodeRef> copies;
  // Directories form a tree, so the recursion ends.
  const auto copy_of = [&](const auto& self, const InodeRef& inode) -> InodeRef {
    if (inode == nullptr) return nullptr;
    InodeRef& known = copies[inode.get()];
    if (known != nullptr) return known;
    const InodeRef made = std::make_shared<Inode>(*inode);
    known = made;
    made->open_count = 0;
    made->locked_by = -1;
    for (auto& [name, child] : made->names) child = self(self, child);
    for (auto& [name, child] : made->durable_names) child = self(self, child);
    return made;
  };
  copy->root_ = copy_of(copy_of, root_);
  for (const NameChange& change : name_changes_) {
    copy->name_changes_.push_back({change.sequence, copy_of(copy_of, change.inode),
                                   copy_of(copy_of, change.from_directory), change.from,
                                   copy_of(copy_of, change.to_directory), change.to});
  }
  copy->device_ = device_;
  copy->next_inode_ = next_inode_;
  copy->sequence_ = sequence_;
  copy->capacity_bytes_ = capacity_bytes_;
  copy->for_each_inode([&](Inode& inode) { copy->used_pages_ += inode.space.count(); });
  copy->direct_supported_ = direct_supported_;
  copy->first_file_ = first_file_ + static_cast<int>(open_files_.size());
  copy->now_ = now_;
  return copy;
}

}  // namespace holdfast
