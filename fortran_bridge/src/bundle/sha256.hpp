// SHA-256 (FIPS 180-4), for the record sum of a bundle.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace calcisol {

class Sha256 {
public:
  void update(const void *data, std::size_t size);
  std::string hex(); // ends the sum

private:
  void block(const std::uint8_t *bytes);
  std::array<std::uint32_t, 8> hash{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::uint8_t, 64> buffer{};
  std::size_t filled = 0;
  std::uint64_t total = 0;
};

} // namespace calcisol
