#include "bundle.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <new>
#include <stdexcept>

#include "backend.hpp"
#include "json.hpp"
#include "sha256.hpp"
#include "status.hpp"
#include "table.hpp"

namespace calcisol {

namespace {

const char *const contract_record = "extra/calcisol.json";
const char *const rewritten_record = ".data/serialization_id"; // torch rewrites it; not in the sum

[[noreturn]] void refuse(const std::string &text) { throw Failure(CALCISOL_ERROR_BUNDLE, text); }

void check_variables(const Json &contract, const std::string &name) {
  const std::pair<const char *, int> roles[] = {{"static", CALCISOL_ROLE_STATIC},
                                                {"forcing", CALCISOL_ROLE_FORCING},
                                                {"output", CALCISOL_ROLE_OUTPUT},
                                                {"diagnostic", CALCISOL_ROLE_LAB},
                                                {"state", CALCISOL_ROLE_STATE}};
  for (const auto &[role, number] : roles) {
    const Rows own = rows(number);
    const auto &theirs = contract[role].items;
    for (int i = 0; i < std::max<int>(own.count, static_cast<int>(theirs.size())); ++i) {
      const bool here = i < own.count, there = i < static_cast<int>(theirs.size());
      const std::string mine = here ? std::string(own[i].name) + " [" + own[i].units + "]" : "nothing";
      const std::string other = there ? theirs[i]["name"].text + " [" + theirs[i]["units"].text + "]" : "nothing";
      if (mine != other)
        refuse("bundle " + name + ": " + role + " variable " + std::to_string(i + 1) + " is " + other +
               ", this calcisol has " + mine + "; export it again with this version");
    }
  }
}

std::string records_sum(const std::vector<Record> &records) { // sorted by name
  Sha256 sum;
  for (const Record &record : records) {
    if (record.name == contract_record || record.name == rewritten_record)
      continue;
    sum.update(record.name.data(), record.name.size());
    sum.update("\n", 1);
    sum.update(record.content.data(), record.content.size());
  }
  return sum.hex();
}

// CRC-32 of ISO 3309, as zip uses it.
std::uint32_t crc32(const std::string &content) {
  std::uint32_t sum = 0xFFFFFFFFu;
  for (const char c : content) {
    sum ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit)
      sum = sum >> 1 ^ (sum & 1u ? 0xEDB88320u : 0u);
  }
  return ~sum;
}

// The contract cannot hold its own SHA-256, and torch's reader does not look at the CRC zip keeps in its directory: we
// do.
bool contract_is_whole(const std::string &bytes, const std::string &content) {
  const std::string entry = "PK\x01\x02", ending = std::string("/") + contract_record;
  const auto little = [&](std::size_t at, int size) {
    std::uint32_t value = 0;
    while (size-- > 0)
      value = value << 8 | static_cast<std::uint8_t>(bytes[at + size]);
    return value;
  };
  constexpr std::size_t crc_at = 16, name_length_at = 28, name_at = 46; // APPNOTE 4.3.12, central directory header
  for (std::size_t at = bytes.find(entry); at != std::string::npos; at = bytes.find(entry, at + 1)) {
    if (at + name_at > bytes.size())
      break;
    const std::size_t length = little(at + name_length_at, 2);
    if (length < ending.size() || at + name_at + length > bytes.size())
      continue;
    if (bytes.compare(at + name_at + length - ending.size(), ending.size(), ending) == 0)
      return little(at + crc_at, 4) == crc32(content);
  }
  return false;
}

} // namespace

std::string read_file(const std::string &path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  std::error_code unknown; // a folder opens as a file of 2^63 bytes
  if (!file || std::filesystem::is_directory(path, unknown))
    refuse("bundle " + path + " does not exist or cannot be read; give the path of a .calcisol file");
  const std::streamoff size = file.tellg();
  if (size < 0 || size > max_bundle_bytes)
    refuse("bundle " + path + " has " + std::to_string(size) + " bytes, more than " + std::to_string(max_bundle_bytes) +
           "; this is no calcisol bundle");
  std::string bytes(static_cast<std::size_t>(size), '\0');
  file.seekg(0);
  if (!file.read(bytes.data(), size))
    refuse("bundle " + path + " cannot be read; give the path of a .calcisol file");
  return bytes;
}

std::string checked_contract(const std::string &bytes, const std::string &name) {
  std::vector<Record> records;
  try {
    records = Engine::records(bytes);
  } catch (const std::bad_alloc &) {
    throw;
  } catch (const std::exception &) {
    refuse("bundle " + name + " is damaged, cut short or no bundle at all; copy it again");
  }
  std::sort(records.begin(), records.end(), [](const Record &a, const Record &b) { return a.name < b.name; });
  const auto twice =
      std::adjacent_find(records.begin(), records.end(), [](auto &a, auto &b) { return a.name == b.name; });
  if (twice != records.end())
    refuse("bundle " + name + " holds the record " + twice->name + " twice; copy it again");
  const auto found = std::find_if(records.begin(), records.end(), [](auto &r) { return r.name == contract_record; });
  if (found == records.end())
    refuse("bundle " + name + " holds no contract (calcisol.json); export it with `calcisol export`");
  const std::string text = found->content;
  if (!contract_is_whole(bytes, text))
    refuse("bundle " + name + ": its contract is damaged (CRC-32); copy it again");
  Json contract;
  try {
    contract = parse_json(text);
  } catch (const std::invalid_argument &error) {
    refuse("bundle " + name + ": its contract is damaged (" + error.what() + "); copy it again");
  }
  if (contract["format"].text != "calcisol-bundle")
    refuse("bundle " + name + " says format '" + contract["format"].text + "', not 'calcisol-bundle'");
  if (contract["schema_version"].value != CALCISOL_SCHEMA_VERSION)
    refuse("bundle " + name + " has schema version " + number(contract["schema_version"].value) +
           ", this calcisol reads " + std::to_string(CALCISOL_SCHEMA_VERSION) + "; export it again with this version");
  check_variables(contract, name);
  const std::string sum = records_sum(records);
  if (sum != contract["records_sha256"].text)
    refuse("bundle " + name + " was changed after export (SHA-256 " + sum.substr(0, 12) +
           "... differs from its contract); copy it again");
  return text;
}

std::string step_graph(const std::string &contract) { return parse_json(contract)["step_graph"].text; }

std::string own_contract() {
  const auto list = [](int role) {
    std::string text;
    for (const Variable &v : rows(role))
      text += std::string(text.empty() ? "" : ", ") + "{\"name\": \"" + v.name + "\", \"units\": \"" + v.units + "\"}";
    return "[" + text + "]";
  };
  return "{\"format\": \"calcisol-stub\", \"schema_version\": " + std::to_string(CALCISOL_SCHEMA_VERSION) +
         ", \"static\": " + list(CALCISOL_ROLE_STATIC) + ", \"forcing\": " + list(CALCISOL_ROLE_FORCING) +
         ", \"output\": " + list(CALCISOL_ROLE_OUTPUT) + ", \"diagnostic\": " + list(CALCISOL_ROLE_LAB) +
         ", \"state\": " + list(CALCISOL_ROLE_STATE) + "}";
}

} // namespace calcisol
