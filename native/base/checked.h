// native/base/checked.h
//
// Arithmetic on numbers that come from outside: requests, headers, partition tables.
// `if (add_overflows(offset, length, &end)) return …` reads as what it guards against.
#pragma once

#include <cstdint>
#include <type_traits>

namespace holdfast {

/// True if a + b does not fit T; otherwise *sum holds it.
template <typename T>
[[nodiscard]] constexpr bool add_overflows(T a, std::type_identity_t<T> b, std::type_identity_t<T>* sum) {
  return __builtin_add_overflow(a, b, sum);
}

/// True if a - b does not fit T; otherwise *difference holds it.
template <typename T>
[[nodiscard]] constexpr bool sub_overflows(T a, std::type_identity_t<T> b, std::type_identity_t<T>* difference) {
  return __builtin_sub_overflow(a, b, difference);
}

/// True if a * b does not fit T; otherwise *product holds it.
template <typename T>
[[nodiscard]] constexpr bool mul_overflows(T a, std::type_identity_t<T> b, std::type_identity_t<T>* product) {
  return __builtin_mul_overflow(a, b, product);
}

/// Does offset .. offset + length lie in 0 .. limit? Never overflows.
constexpr bool range_fits(uint64_t offset, uint64_t length, uint64_t limit) {
  return offset <= limit && length <= limit - offset;
}

constexpr bool is_power_of_two(uint64_t value) { return value != 0 && (value & (value - 1)) == 0; }

/// `alignment` is a power of two.
constexpr bool is_aligned(uint64_t value, uint64_t alignment) { return (value & (alignment - 1)) == 0; }
constexpr uint64_t align_down(uint64_t value, uint64_t alignment) { return value & ~(alignment - 1); }
/// The caller has checked that value + alignment - 1 fits.
constexpr uint64_t align_up(uint64_t value, uint64_t alignment) { return align_down(value + alignment - 1, alignment); }

}  // namespace holdfast
