#include "bundle/bundle.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "base/status.hpp"
#include "base/variable_table.hpp"
#include "bundle/sha256.hpp"

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

// The contract counts with zeros in the place of the sum it holds.
std::string records_sum(const std::vector<Record> &records, const std::string &claimed) {
  Sha256 sum;
  for (const Record &record : records) {
    if (record.name == rewritten_record)
      continue;
    sum.update(record.name.data(), record.name.size());
    sum.update("\n", 1);
    std::size_t done = 0;
    if (record.name == contract_record && !claimed.empty())
      for (std::size_t at; (at = record.content.find(claimed, done)) != std::string::npos; done = at + claimed.size()) {
        sum.update(record.content.data() + done, at - done);
        sum.update(std::string(claimed.size(), '0').data(), claimed.size());
      }
    sum.update(record.content.data() + done, record.content.size() - done);
  }
  return sum.hex();
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

Bundle checked_bundle(const std::string &bytes, const std::string &name) {
  Bundle bundle;
  try {
    bundle.records = read_archive(bytes);
  } catch (const std::invalid_argument &error) {
    refuse("bundle " + name + " is damaged, cut short or no bundle at all (" + error.what() + "); copy it again");
  }
  const std::vector<Record> &records = bundle.records;
  const auto twice =
      std::adjacent_find(records.begin(), records.end(), [](auto &a, auto &b) { return a.name == b.name; });
  if (twice != records.end())
    refuse("bundle " + name + " holds the record " + twice->name + " twice; copy it again");
  const auto found = std::find_if(records.begin(), records.end(), [](auto &r) { return r.name == contract_record; });
  if (found == records.end())
    refuse("bundle " + name + " holds no contract (calcisol.json); export it with `calcisol export`");
  bundle.text = found->content;
  try {
    bundle.contract = parse_json(bundle.text);
  } catch (const std::invalid_argument &error) {
    refuse("bundle " + name + ": its contract is damaged (" + error.what() + "); copy it again");
  }
  const Json &contract = bundle.contract;
  if (contract["format"].text != "calcisol-bundle")
    refuse("bundle " + name + " says format '" + contract["format"].text + "', not 'calcisol-bundle'");
  if (contract["schema_version"].value != CALCISOL_SCHEMA_VERSION)
    refuse("bundle " + name + " has schema version " + number(contract["schema_version"].value) +
           ", this calcisol reads " + std::to_string(CALCISOL_SCHEMA_VERSION) + "; export it again with this version");
  check_variables(contract, name);
  const std::string &claimed = contract["records_sha256"].text;
  const std::string sum = records_sum(records, claimed);
  if (sum != claimed)
    refuse("bundle " + name +
           (contract["tensors"].kind == Json::null
                ? std::string(" was exported by an older calcisol (its contract names no tensors); export it again")
                : " was changed after export (SHA-256 " + sum.substr(0, 12) +
                      "... differs from its contract); copy it again"));
  return bundle;
}

bool Bundle::tensor(const std::string &name, bool float32, std::int64_t count, void *to) const {
  const Json &entry = contract["tensors"][name];
  const auto found = std::find_if(records.begin(), records.end(), [&](auto &r) { return r.name == entry.text; });
  const std::size_t size = static_cast<std::size_t>(count) * (float32 ? sizeof(float) : sizeof(double));
  if (entry.kind != Json::string || found == records.end() || found->content.size() != size)
    return false;
  std::memcpy(to, found->content.data(), size);
  return true;
}

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
