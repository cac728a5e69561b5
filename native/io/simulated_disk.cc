#include "io/simulated_disk.h"

#include <fcntl.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "io/simulated_inode.h"

namespace holdfast {
namespace {

constexpr uint64_t kSmallFileBytesMax = uint64_t{1} << 20;

std::vector<std::string> split(const std::string& path) {
  std::vector<std::string> names;
  size_t begin = 0;
  while (begin < path.size()) {
    size_t end = path.find('/', begin);
    if (end == std::string::npos) end = path.size();
    const std::string name = path.substr(begin, end - begin);
    if (!name.empty() && name != ".") names.push_back(name);
    begin = end + 1;
  }
  return names;
}

uint64_t next_device() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}

constexpr uint64_t kAllPages = ~uint64_t{0};

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "simulated disk: %s\n", what);
  std::abort();
}

bool writable(int flags) { return (flags & O_ACCMODE) != O_RDONLY; }

uint64_t page_end(uint64_t end_bytes) {
  return (end_bytes + SimulatedFile::kPageBytes - 1) / SimulatedFile::kPageBytes;
}

}  // namespace

SimulatedDisk::SimulatedDisk() : device_(next_device()), root_(new_inode(true)) { root_->name_count = 1; }
SimulatedDisk::~SimulatedDisk() = default;

SimulatedDisk::InodeRef SimulatedDisk::new_inode(bool is_directory) {
  auto inode = std::make_shared<Inode>();
  inode->number = next_inode_++;
  inode->is_directory = is_directory;
  inode->changed = inode->durable_changed = now_;
  return inode;
}

SimulatedDisk::InodeRef SimulatedDisk::find(const std::string& path) const {
  InodeRef at = root_;
  for (const std::string& name : split(path)) {
    const auto entry = at->names.find(name);
    if (entry == at->names.end()) return nullptr;
    at = entry->second;
  }
  return at;
}

SimulatedDisk::Location SimulatedDisk::locate(const std::string& path) const {
  std::vector<std::string> names = split(path);
  if (names.empty()) return {};
  InodeRef at = root_;
  for (size_t i = 0; i + 1 < names.size(); i++) {
    const auto entry = at->names.find(names[i]);
    if (entry == at->names.end() || !entry->second->is_directory) return {};
    at = entry->second;
  }
  return {at, names.back()};
}

SimulatedDisk::OpenFile* SimulatedDisk::opened(int file) {
  const auto index = static_cast<size_t>(file - first_file_);
  if (file < first_file_ || index >= open_files_.size() || open_files_[index].inode == nullptr) return nullptr;
  return &open_files_[index];
}

const SimulatedDisk::OpenFile* SimulatedDisk::opened(int file) const {
  return const_cast<SimulatedDisk*>(this)->opened(file);
}

bool SimulatedDisk::is_direct(int file) const {
  const OpenFile* open_file = opened(file);
  return open_file != nullptr && (open_file->flags & O_DIRECT) != 0;
}

std::string SimulatedDisk::path_of(int file) const {
  const OpenFile* open_file = opened(file);
  return open_file == nullptr ? "" : open_file->path;
}

void SimulatedDisk::touch(Inode& inode) { inode.changed = now_; }

bool SimulatedDisk::reserve(Inode& inode, uint64_t first_page, uint64_t end_page) {
  const uint64_t missing = inode.space.missing(first_page, end_page);
  if (missing == 0) return true;
  if (used_pages_ + missing > capacity_bytes_ / SimulatedFile::kPageBytes) return false;
  inode.space.add(first_page, end_page);
  used_pages_ += missing;
  return true;
}

void SimulatedDisk::release(Inode& inode, uint64_t first_page, uint64_t end_page) {
  const uint64_t before = inode.space.count();
  if (end_page == kAllPages) {
    inode.space.remove_from(first_page);
  } else if (first_page < end_page) {
    inode.space.remove(first_page, end_page);
  }
  used_pages_ -= before - inode.space.count();
}

void SimulatedDisk::drop_if_unreferenced(const InodeRef& inode) {
  // The space is free at once; the content stays while a power cut may bring the name back.
  if (inode->name_count == 0 && inode->open_count == 0) release(*inode, 0, kAllPages);
}

int SimulatedDisk::open(const std::string& path, int flags, int) {
  if ((flags & O_DIRECT) != 0 && !direct_supported_) return -EINVAL;
  InodeRef inode = find(path);
  if (inode == nullptr) {
    if ((flags & O_CREAT) == 0) return -ENOENT;
    const Location location = locate(path);
    if (location.directory == nullptr) return -ENOENT;
    inode = new_inode(false);
    change_names({++sequence_, inode, nullptr, "", location.directory, location.name});
  } else {
    if ((flags & O_CREAT) != 0 && (flags & O_EXCL) != 0) return -EEXIST;
    if (inode->is_directory && writable(flags)) return -EISDIR;
    if (!inode->is_directory && (flags & O_DIRECTORY) != 0) return -ENOTDIR;
  }
  inode->open_count++;
  open_files_.push_back({inode, flags, path});
  const int file = first_file_ + static_cast<int>(open_files_.size()) - 1;
  if ((flags & O_TRUNC) != 0 && writable(flags)) truncate(file, 0);
  return file;
}

int SimulatedDisk::close(int file) {
  OpenFile* open_file = opened(file);
  if (open_file == nullptr) return -EBADF;
  const InodeRef inode = std::move(open_file->inode);
  open_file->inode = nullptr;
  if (inode->locked_by == file) inode->locked_by = -1;
  inode->open_count--;
  drop_if_unreferenced(inode);
  return 0;
}

void SimulatedDisk::describe(const Inode& inode, FileStat* out) const {
  *out = FileStat{};
  out->device = device_;
  out->inode = inode.number;
  out->size_bytes = inode.content.size_bytes();
  out->allocated_bytes = inode.space.count() * SimulatedFile::kPageBytes;
  out->modified_nanos = out->changed_nanos = inode.changed;
  out->is_regular = !inode.is_directory;
  out->is_directory = inode.is_directory;
}

int SimulatedDisk::stat(const std::string& path, FileStat* out) {
  const InodeRef inode = find(path);
  if (inode == nullptr) return -ENOENT;
  describe(*inode, out);
  return 0;
}

int SimulatedDisk::stat(int file, FileStat* out) {
  const OpenFile* open_file = opened(file);
  if (open_file == nullptr) return -EBADF;
  describe(*open_file->inode, out);
  return 0;
}

int SimulatedDisk::truncate(int file, uint64_t size_bytes) {
  const OpenFile* open_file = opened(file);
  if (open_file == nullptr) return -EBADF;
  if (!writable(open_file->flags)) return -EINVAL;
  Inode& inode = *open_file->inode;
  inode.content.resize(size_bytes, ++sequence_);
  release(inode, page_end(size_bytes), kAllPages);
  touch(inode);
  return 0;
}

int SimulatedDisk::rename(const std::string& from, const std::string& to) {
  const Location source = locate(from);
  const Location target = locate(to);
  if (source.directory == nullptr || target.directory == nullptr) return -ENOENT;
  const auto entry = source.directory->names.find(source.name);
  if (entry == source.directory->names.end()) return -ENOENT;
  const InodeRef inode = entry->second;
  const InodeRef replaced = find(to);
  if (replaced == inode) return 0;
  if (replaced != nullptr && replaced->is_directory) return inode->is_directory ? -ENOTEMPTY : -EISDIR;
  if (replaced != nullptr && inode->is_directory) return -ENOTDIR;
  change_names({++sequence_, inode, source.directory, source.name, target.directory, target.name});
  return 0;
}

int SimulatedDisk::unlink(const std::string& path) {
  const Location location = locate(path);
  const InodeRef inode = find(path);
  if (location.directory == nullptr || inode == nullptr) return -ENOENT;
  if (inode->is_directory) return -EISDIR;
  change_names({++sequence_, inode, location.directory, location.name, nullptr, ""});
  return 0;
}

int SimulatedDisk::make_directory(const std::string& path, int) {
  const Location location = locate(path);
  if (find(path) != nullptr) return -EEXIST;
  if (location.directory == nullptr) return -ENOENT;
  change_names({++sequence_, new_inode(true), nullptr, "", location.directory, location.name});
  return 0;
}

int SimulatedDisk::list(const std::string& path, std::vector<std::string>* names) {
  names->clear();
  const InodeRef directory = find(path);
  if (directory == nullptr) return -ENOENT;
  if (!directory->is_directory) return -ENOTDIR;
  for (const auto& [name, inode] : directory->names) names->push_back(name);
  return 0;
}

int SimulatedDisk::lock(int file) {
  const OpenFile* open_file = opened(file);
  if (open_file == nullptr) return -EBADF;
  int& locked_by = open_file->inode->locked_by;
  if (locked_by >= 0 && locked_by != file) return -EWOULDBLOCK;
  locked_by = file;
  return 0;
}

int SimulatedDisk::read_small(const std::string& path, std::string* contents) {
  contents->clear();
  const InodeRef inode = find(path);
  if (inode == nullptr) return -ENOENT;
  if (inode->is_directory) return -EISDIR;
  if (inode->content.size_bytes() > kSmallFileBytesMax) return -EFBIG;
  *contents = this->contents(path);
  return 0;
}

int SimulatedDisk::find_data(int file, uint64_t from_bytes, uint64_t* begin_bytes, uint64_t* end_bytes) {
  const OpenFile* open_file = opened(file);
  if (open_file == nullptr) return -EBADF;
  open_file->inode->content.find_data(from_bytes, begin_bytes, end_bytes);
  return 0;
}

int SimulatedDisk::clone_range(int from_file, int to_file, uint64_t offset_bytes, uint64_t length_bytes) {
  if (!clones_) return -EOPNOTSUPP;
  std::vector<uint8_t> bytes(length_bytes);
  const int64_t had = read(from_file, offset_bytes, bytes.data(), length_bytes);
  if (had < 0) return static_cast<int>(had);
  // As the file system does: a range behind the end of the file is refused.
  if (static_cast<uint64_t>(had) < length_bytes) return -EINVAL;
  const int64_t written = write(to_file, offset_bytes, bytes.data(), length_bytes);
  return written < 0 ? static_cast<int>(written) : 0;
}

uint64_t SimulatedDisk::free_bytes(const std::string& path) {
  if (find(path) == nullptr) return 0;
  const uint64_t used = used_bytes();
  return capacity_bytes_ > used ? capacity_bytes_ - used : 0;
}

int64_t SimulatedDisk::read(int file, uint64_t offset_bytes, void* data, uint64_t length_bytes) const {
  const OpenFile* open_file = opened(file);
  if (open_file == nullptr || (open_file->flags & O_ACCMODE) == O_WRONLY) return -EBADF;
  return static_cast<int64_t>(open_file->inode->content.read(offset_bytes, static_cast<uint8_t*>(data), length_bytes));
}

int64_t SimulatedDisk::write(int file, uint64_t offset_bytes, const void* data, uint64_t length_bytes) {
  const OpenFile* open_file = opened(file);
  if (open_file == nullptr || !writable(open_file->flags)) return -EBADF;
  if (length_bytes == 0) return 0;
  Inode& inode = *open_file->inode;
  const uint64_t end = offset_bytes + length_bytes;
  const uint64_t first_page = offset_bytes / SimulatedFile::kPageBytes;
  uint64_t fits = length_bytes;
  if (!reserve(inode, first_page, page_end(end))) {
    // Page by page, as far as the space goes.
    uint64_t page = first_page;
    while (reserve(inode, page, page + 1)) page++;
    const uint64_t reached = page * SimulatedFile::kPageBytes;
    fits = reached > offset_bytes ? reached - offset_bytes : 0;
  }
  inode.content.write(offset_bytes, static_cast<const uint8_t*>(data), fits, ++sequence_);
  touch(inode);
  return fits == length_bytes ? static_cast<int64_t>(length_bytes) : -ENOSPC;
}

int64_t SimulatedDisk::allocate(int file, uint64_t offset_bytes, uint64_t length_bytes) {
  const OpenFile* open_file = opened(file);
  if (open_file == nullptr || !writable(open_file->flags)) return -EBADF;
  if (length_bytes == 0) return -EINVAL;
  Inode& inode = *open_file->inode;
  const uint64_t end = offset_bytes + length_bytes;
  if (!reserve(inode, offset_bytes / SimulatedFile::kPageBytes, page_end(end))) return -ENOSPC;
  if (end > inode.content.size_bytes()) inode.content.resize(end, ++sequence_);
  touch(inode);
  return 0;
}

int64_t SimulatedDisk::punch(int file, uint64_t offset_bytes, uint64_t length_bytes) {
  const OpenFile* open_file = opened(file);
  if (open_file == nullptr || !writable(open_file->flags)) return -EBADF;
  if (length_bytes == 0) return -EINVAL;
  Inode& inode = *open_file->inode;
  inode.content.punch(offset_bytes, length_bytes, ++sequence_);
  // Pages punched in part stay.
  release(inode, page_end(offset_bytes), (offset_bytes + length_bytes) / SimulatedFile::kPageBytes);
  touch(inode);
  return 0;
}

int64_t SimulatedDisk::sync(int file, Sequence covers) {
  const OpenFile* open_file = opened(file);
  if (open_file == nullptr) return -EBADF;
  open_file->inode->content.sync(covers);
  open_file->inode->durable_changed = open_file->inode->changed;
  return 0;
}

int64_t SimulatedDisk::fail_sync(int file, Sequence covers, int error_number) {
  const OpenFile* open_file = opened(file);
  if (open_file == nullptr) return -EBADF;
  open_file->inode->content.lose(covers);
  return -error_number;
}

void SimulatedDisk::note_in_flight(int file, uint64_t offset_bytes, const void* data, uint64_t length_bytes) {
  const OpenFile* open_file = opened(file);
  if (open_file == nullptr || !writable(open_file->flags) || length_bytes == 0) return;
  open_file->inode->content.note_in_flight(offset_bytes, static_cast<const uint8_t*>(data), length_bytes, ++sequence_);
}

std::string SimulatedDisk::contents(const std::string& path) const {
  const InodeRef inode = find(path);
  return inode == nullptr ? "" : contents(path, 0, inode->content.size_bytes());
}

std::string SimulatedDisk::contents(const std::string& path, uint64_t offset_bytes, uint64_t length_bytes) const {
  const InodeRef inode = find(path);
  if (inode == nullptr) return "";
  std::string bytes(length_bytes, '\0');
  bytes.resize(inode->content.read(offset_bytes, reinterpret_cast<uint8_t*>(bytes.data()), length_bytes));
  return bytes;
}

void SimulatedDisk::set_contents(const std::string& path, uint64_t offset_bytes, std::string_view bytes) {
  InodeRef at = root_;
  const std::vector<std::string> names = split(path);
  for (size_t i = 0; i < names.size(); i++) {
    InodeRef& entry = at->names[names[i]];
    if (entry == nullptr) {
      entry = new_inode(i + 1 < names.size());
      entry->name_count = 1;
      at->durable_names[names[i]] = entry;
    }
    at = entry;
  }
  const uint64_t end = offset_bytes + bytes.size();
  if (!reserve(*at, offset_bytes / SimulatedFile::kPageBytes, page_end(end))) die("set_contents: the disk is full");
  at->content.write(offset_bytes, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), ++sequence_);
  at->content.sync(sequence_);
}

}  // namespace holdfast
