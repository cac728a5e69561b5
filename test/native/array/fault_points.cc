#include "fault_points.h"

#include <fnmatch.h>

#include <cstdio>
#include <cstdlib>

#include "machine.h"

namespace holdfast {
namespace {

struct FileKind {
  const char* name;
  const char* pattern;
};
// The first that fits counts.
constexpr FileKind kKinds[] = {
    {"base", "/array/base/*"},
    {"bases", "/array/base"},
    {"area", "/array/area/*"},
    {"areas", "/array/area"},
    {"journal", "/array/journal.*"},
    {"checkpoint", "/array/checkpoint.*"},
    {"manifest", "/array/holdfast.json*"},
    {"lock", "/array/lock"},
    {"reserve", "/array/reserve"},
    {"probe", "/array/probe.tmp"},
    {"array", "/array"},
    {"image", "/image*"},
    {"parent", "/"},
};

struct Operation {
  const char* name;
  SimulatedOp op;
};
constexpr Operation kOperations[] = {
    {"read", SimulatedOp::read},
    {"write", SimulatedOp::write},
    {"sync", SimulatedOp::sync},
    {"allocate", SimulatedOp::allocate},
    {"punch", SimulatedOp::punch},
    {"open", SimulatedOp::open},
    {"close", SimulatedOp::close},
    {"stat", SimulatedOp::stat},
    {"truncate", SimulatedOp::truncate},
    {"rename", SimulatedOp::rename},
    {"unlink", SimulatedOp::unlink},
    {"find_data", SimulatedOp::find_data},
    {"make_directory", SimulatedOp::make_directory},
    {"list", SimulatedOp::list},
    {"sync_directory", SimulatedOp::sync_directory},
    {"lock", SimulatedOp::lock},
    {"read_small", SimulatedOp::read_small},
};

}  // namespace

Fault fault_at(const std::string& name) {
  const size_t dot = name.find('.');
  for (const FileKind& kind : kKinds) {
    if (name.substr(0, dot) != kind.name) continue;
    for (const Operation& operation : kOperations) {
      if (name.substr(dot + 1) != operation.name) continue;
      Fault fault;
      fault.path_pattern = kind.pattern;
      fault.op = operation.op;
      return fault;
    }
  }
  std::fprintf(stderr, "there is no fault point %s\n", name.c_str());
  std::abort();
}

std::string fault_point(const std::string& path, SimulatedOp op) {
  for (const FileKind& kind : kKinds) {
    if (::fnmatch(kind.pattern, path.c_str(), 0) != 0) continue;
    for (const Operation& operation : kOperations) {
      if (operation.op == op) return std::string(kind.name) + "." + operation.name;
    }
  }
  return "";
}

}  // namespace holdfast
