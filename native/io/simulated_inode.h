// native/io/simulated_inode.h
//
// A file or directory of a SimulatedDisk. Private to its two sources.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "io/simulated_disk.h"

namespace holdfast {

struct SimulatedDisk::Inode {
  uint64_t number = 0;
  bool is_directory = false;
  SimulatedFile content;
  PageSet space;
  std::map<std::string, InodeRef> names;
  std::map<std::string, InodeRef> durable_names;
  int name_count = 0;  // names that lead here now
  int open_count = 0;
  int locked_by = -1;  // a descriptor
  Instant changed = 0;
  Instant durable_changed = 0;
};

}  // namespace holdfast
