// test/native/array/fault_points.h
//
// Names for the places where an array can be hit: a kind of file and an operation on it, "journal.write",
// "checkpoint.rename". Every operation of an array on the file system has one (fault_sweep_test.cc proves it).
//
//   base area journal checkpoint manifest lock reserve probe    the files of an array, temporary names included
//   image                                                       an adopted image: /image, or what begins with it
//   array bases areas parent                                    its directory, base/, area/, and what that lies in
#pragma once

#include <string>

#include "io/simulator.h"

namespace holdfast {

/// A rule for the place with this name, the first time something comes there; the caller says what happens. Ends the
/// process for a name that does not exist.
///   Fault fault = fault_at("area.sync");
///   fault.error_number = EIO;
///   machine.io().add_fault(fault);
Fault fault_at(const std::string& name);

/// The name of an operation; "" if it has none.
std::string fault_point(const std::string& path, SimulatedOp op);

}  // namespace holdfast
