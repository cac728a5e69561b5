// test/fuzz/fuzz_main.h
//
// How a fuzzer is run; included once, by the file that defines what is fuzzed and its seeds.
//
// With HOLDFAST_FUZZ_MAIN the fuzzer is a plain program, part of the native tests:
//   fuzzer FILE…                    runs each file once
//   fuzzer --seeds DIR              writes the seed corpus
//   fuzzer --mutate ROUNDS [SEED]   runs the seeds, then random mutations of them
//
// Without it libFuzzer has the main function (scripts/fuzz.mjs), and only `--seeds DIR` is ours.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace holdfast::test {

/// Inputs that the target accepts, small and unlike one another; defined by each target.
std::vector<FuzzInput> fuzz_seeds();

inline int write_seeds(const std::string& folder) {
  const std::vector<FuzzInput> seeds = fuzz_seeds();
  for (size_t i = 0; i < seeds.size(); ++i) {
    std::ofstream file(folder + "/seed-" + std::to_string(i), std::ios::binary);
    file.write(reinterpret_cast<const char*>(seeds[i].data()), static_cast<std::streamsize>(seeds[i].size()));
    if (!file.flush()) {
      std::fprintf(stderr, "cannot write into %s\n", folder.c_str());
      return 1;
    }
  }
  return 0;
}

inline void mutate(std::mt19937* random, FuzzInput* input) {
  static constexpr uint8_t kInteresting[] = {0, 1, 0x7F, 0x80, 0xFF};
  for (size_t edits = 1 + (*random)() % 4; edits > 0 && !input->empty(); --edits) {
    uint8_t& byte = (*input)[(*random)() % input->size()];
    if ((*random)() % 2 == 0) {
      byte ^= static_cast<uint8_t>(1 << (*random)() % 8);
    } else {
      byte = kInteresting[(*random)() % sizeof kInteresting];
    }
    if ((*random)() % 32 == 0) input->resize((*random)() % (input->size() + 1));
  }
}

inline int fuzz_main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "--seeds") == 0) return write_seeds(argv[2]);
  if (argc >= 3 && std::strcmp(argv[1], "--mutate") == 0) {
    const std::vector<FuzzInput> seeds = fuzz_seeds();
    for (const FuzzInput& seed : seeds) LLVMFuzzerTestOneInput(seed.data(), seed.size());
    std::mt19937 random(argc > 3 ? static_cast<uint32_t>(std::strtoul(argv[3], nullptr, 10)) : 1);
    for (unsigned long round = std::strtoul(argv[2], nullptr, 10); round > 0; --round) {
      FuzzInput input = seeds[random() % seeds.size()];
      mutate(&random, &input);
      LLVMFuzzerTestOneInput(input.data(), input.size());
    }
    return 0;
  }
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    const FuzzInput input{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  return 0;
}

}  // namespace holdfast::test

#ifdef HOLDFAST_FUZZ_MAIN
int main(int argc, char** argv) { return holdfast::test::fuzz_main(argc, argv); }
#else
extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  if (*argc == 3 && std::strcmp((*argv)[1], "--seeds") == 0) std::exit(holdfast::test::write_seeds((*argv)[2]));
  return 0;
}
#endif
