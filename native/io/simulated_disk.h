// native/io/simulated_disk.h
//
// A disk in memory with one file system on it, which knows what would survive a power cut.
//
//   content, size, space    durable once a sync of the file covers them (simulated_file.h)
//   creation, rename, removal of a name    durable once its directory is synced; each happened or did not, a
//                           rename is old or new, and one that depends on another by name never survives it
//   locks, descriptors      gone with the power
//   allocated space         kept as far as the surviving size goes: to lose a reservation is the journal's business
//                           of a real file system, and none of ours
//
// The disk outlives the engines over it (simulator.h): stop one, cut the power, make another. It is a FileSystem
// itself, so a test can prepare and inspect it without an engine; what it changes that way is un-synced as ever.
//
// Thread: the loop's.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/io.h"
#include "io/page_set.h"
#include "io/simulated_file.h"

namespace holdfast {

class SimulatedDisk final : public FileSystem {
 public:
  SimulatedDisk();
  ~SimulatedDisk() override;

  /// The same disk, with the same identity and un-synced changes but without open descriptors: to cut the power in
  /// several ways.
  std::shared_ptr<SimulatedDisk> clone() const;

  /// What is un-synced is kept, dropped or mixed as the policy says, by chance from the seed.
  /// No engine may be over the disk: destroy it, or call its drop_all(), before.
  void power_cut(uint64_t seed, CrashPolicy policy);
  /// As if the process had been killed and the machine went on: nothing completed is lost, of writes in flight any
  /// sectors arrived.
  void process_exit(uint64_t seed);

  /// No limit until it is set.
  void set_capacity_bytes(uint64_t bytes) { capacity_bytes_ = bytes; }
  /// Whether clone_range() works, as it does on XFS and Btrfs and does not on ext4 and tmpfs.
  void set_clones(bool clones) { clones_ = clones; }
  uint64_t used_bytes() const { return used_pages_ * SimulatedFile::kPageBytes; }
  /// False: opening with O_DIRECT answers EINVAL, as some file systems do.
  void set_direct_supported(bool supported) { direct_supported_ = supported; }

  // For assertions and for damage on purpose.
  bool exists(const std::string& path) const { return find(path) != nullptr; }
  std::string contents(const std::string& path) const;
  std::string contents(const std::string& path, uint64_t offset_bytes, uint64_t length_bytes) const;
  /// Changes bytes without a trace in the file's times and makes the whole file durable; creates it, and directories on
  /// the way, as needed.
  void set_contents(const std::string& path, uint64_t offset_bytes, std::string_view bytes);

  // FileSystem.
  int open(const std::string& path, int flags, int mode) override;
  int close(int file) override;
  int stat(const std::string& path, FileStat* out) override;
  int stat(int file, FileStat* out) override;
  int truncate(int file, uint64_t size_bytes) override;
  int rename(const std::string& from, const std::string& to) override;
  int unlink(const std::string& path) override;
  int make_directory(const std::string& path, int mode) override;
  int list(const std::string& path, std::vector<std::string>* names) override;
  int sync_directory(const std::string& path) override;
  int lock(int file) override;
  int read_small(const std::string& path, std::string* contents) override;
  int find_data(int file, uint64_t from_bytes, uint64_t* begin_bytes, uint64_t* end_bytes) override;
  int clone_range(int from_file, int to_file, uint64_t offset_bytes, uint64_t length_bytes) override;
  uint64_t free_bytes(const std::string& path) override;

  // What an engine does with open files; bytes or -errno.
  int64_t read(int file, uint64_t offset_bytes, void* data, uint64_t length_bytes) const;
  int64_t write(int file, uint64_t offset_bytes, const void* data, uint64_t length_bytes);
  int64_t allocate(int file, uint64_t offset_bytes, uint64_t length_bytes);
  int64_t punch(int file, uint64_t offset_bytes, uint64_t length_bytes);
  /// What a sync submitted now has to cover.
  Sequence sequence() const { return sequence_; }
  int64_t sync(int file, Sequence covers);
  /// A sync that fails with `error_number`, and loses what it would have made durable.
  int64_t fail_sync(int file, Sequence covers, int error_number);
  void note_in_flight(int file, uint64_t offset_bytes, const void* data, uint64_t length_bytes);
  bool is_open(int file) const { return opened(file) != nullptr; }
  bool is_direct(int file) const;
  /// The path it was opened by, "" if it is not open.
  std::string path_of(int file) const;
  void attach_engine() { engines_++; }
  void detach_engine() { engines_--; }

  /// The virtual clock; it goes on over power cuts. File times are read off it.
  Instant now() const { return now_; }
  void advance_to(Instant now) { now_ = now > now_ ? now : now_; }

 private:
  struct Inode;
  using InodeRef = std::shared_ptr<Inode>;
  struct OpenFile {
    InodeRef inode;  // null: closed
    int flags;
    std::string path;
  };
  /// An un-synced change of one or two names.
  struct NameChange {
    Sequence sequence;
    InodeRef inode;
    InodeRef from_directory;  // null: nothing is taken away
    std::string from;
    InodeRef to_directory;  // null: nothing is put in place
    std::string to;
  };
  struct Location {
    InodeRef directory;  // null: the directory the name would be in does not exist
    std::string name;
  };

  InodeRef new_inode(bool is_directory);
  InodeRef find(const std::string& path) const;
  Location locate(const std::string& path) const;
  OpenFile* opened(int file);
  const OpenFile* opened(int file) const;
  void touch(Inode& inode);
  bool reserve(Inode& inode, uint64_t first_page, uint64_t end_page);
  void release(Inode& inode, uint64_t first_page, uint64_t end_page);
  void drop_if_unreferenced(const InodeRef& inode);
  void describe(const Inode& inode, FileStat* out) const;
  void change_names(NameChange change);
  static void make_durable(const NameChange& change);
  void close_everything();
  void cut_names(CrashPolicy policy, SimulatedRandom& random);
  template <typename Function>
  void for_each_inode(Function function);

  uint64_t device_;
  InodeRef root_;
  uint64_t next_inode_ = 2;
  std::vector<NameChange> name_changes_;  // oldest first
  // Descriptor d is open_files_[d - first_file_]; numbers are never used again, so a stale one is noticed.
  std::vector<OpenFile> open_files_;
  int first_file_ = 3;
  Sequence sequence_ = 0;
  uint64_t capacity_bytes_ = ~uint64_t{0};
  bool clones_ = false;
  uint64_t used_pages_ = 0;
  bool direct_supported_ = true;
  int engines_ = 0;
  Instant now_ = kSecond;
};

}  // namespace holdfast
