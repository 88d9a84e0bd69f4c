// Checks a bundle before anything of it is run: format, schema, variables and units in order, SHA-256 of the records.
#pragma once

#include <cstdint>
#include <string>

namespace calcisol {

constexpr std::int64_t max_bundle_bytes = 512LL * 1024 * 1024; // as emulator/bundle.py: a bundle is hundreds of kB

// Bytes of a file. Failure when it is missing or absurdly large.
std::string read_file(const std::string &path);

// Contract of the bundle (JSON text). Failure with one sentence when it does not fit this library.
std::string checked_contract(const std::string &bytes, const std::string &name);

// Fingerprint of the step's graph that a contract names; "" where it names none.
std::string step_graph(const std::string &contract);

// Contract of this library's own table: what the stub describes.
std::string own_contract();

} // namespace calcisol
