// A bundle, checked before anything of it is run: format, schema, variables and units in order, SHA-256 of its records.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bundle/archive.hpp"
#include "bundle/json.hpp"

namespace calcisol {

constexpr std::int64_t max_bundle_bytes =
    512LL * 1024 * 1024; // as emulator/contract/bundle.py: a bundle is hundreds of kB

// Bytes of a file. Failure when it is missing or absurdly large.
std::string read_file(const std::string &path);

struct Bundle {
  std::string text; // the contract
  Json contract;
  std::vector<Record> records;

  // Fingerprint of the step's graphs; "" where the contract names none.
  const std::string &graph() const { return contract["step_graph"].text; }
  // Copy a tensor ("core.input.weight") as float32 or float64; false where there is none of that size.
  bool tensor(const std::string &name, bool float32, std::int64_t count, void *to) const;
};

// Failure with one sentence when the bundle does not fit this library.
Bundle checked_bundle(const std::string &bytes, const std::string &name);

// Contract of this library's own table: what the stub describes.
std::string own_contract();

} // namespace calcisol
