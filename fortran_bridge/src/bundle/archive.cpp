#include "bundle/archive.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <stdexcept>

namespace calcisol {

namespace {

[[noreturn]] void refuse(const std::string &what) { throw std::invalid_argument(what); }

class Reader {
public:
  explicit Reader(const std::string &bytes) : bytes(bytes) {}

  std::uint64_t number(std::size_t at, int size) const {
    need(at, static_cast<std::size_t>(size));
    std::uint64_t value = 0;
    while (size-- > 0)
      value = value << 8 | static_cast<std::uint8_t>(bytes[at + static_cast<std::size_t>(size)]);
    return value;
  }
  std::string text(std::size_t at, std::size_t size) const {
    need(at, size);
    return bytes.substr(at, size);
  }
  bool is(std::size_t at, const char (&signature)[5]) const { return bytes.compare(at, 4, signature, 4) == 0; }
  std::size_t size() const { return bytes.size(); }

private:
  const std::string &bytes;
  void need(std::size_t at, std::size_t size) const {
    if (at > bytes.size() || size > bytes.size() - at)
      refuse("cut short");
  }
};

// CRC-32 of ISO 3309.
std::uint32_t crc32(const std::string &content) {
  static const auto table = [] {
    std::array<std::uint32_t, 256> made{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
      made[byte] = byte;
      for (int bit = 0; bit < 8; ++bit)
        made[byte] = made[byte] >> 1 ^ (made[byte] & 1u ? 0xEDB88320u : 0u);
    }
    return made;
  }();
  std::uint32_t sum = 0xFFFFFFFFu;
  for (const char c : content)
    sum = table[(sum ^ static_cast<std::uint8_t>(c)) & 0xFFu] ^ sum >> 8;
  return ~sum;
}

struct Directory {
  std::size_t at;
  std::uint64_t records;
};

// Of the record at the very end. The 64-bit copy that torch writes before it must agree: another reader may
// believe that one.
Directory directory(const Reader &zip) {
  constexpr std::size_t end_size = 22, locator_size = 20;
  if (zip.size() < end_size || !zip.is(zip.size() - end_size, "PK\x05\x06"))
    refuse("no end of an archive");
  const std::size_t end = zip.size() - end_size;
  const std::uint64_t records = zip.number(end + 10, 2), size = zip.number(end + 12, 4), at = zip.number(end + 16, 4);
  if (end >= locator_size && zip.is(end - locator_size, "PK\x06\x07")) {
    const auto copy = static_cast<std::size_t>(zip.number(end - locator_size + 8, 8));
    if (zip.text(copy, 4) != "PK\x06\x06" || zip.number(copy + 32, 8) != records || zip.number(copy + 40, 8) != size ||
        zip.number(copy + 48, 8) != at)
      refuse("two directories");
  }
  return {static_cast<std::size_t>(at), records};
}

} // namespace

std::vector<Record> read_archive(const std::string &bytes) {
  const Reader zip(bytes);
  auto [at, count] = directory(zip);
  std::vector<Record> records;
  std::string top;
  std::uint64_t total = 0; // nothing is compressed: records that hold more than the file would share their bytes
  for (; count > 0; --count) {
    if (zip.text(at, 4) != "PK\x01\x02")
      refuse("no directory");
    const std::uint64_t method = zip.number(at + 10, 2), crc = zip.number(at + 16, 4), packed = zip.number(at + 20, 4),
                        size = zip.number(at + 24, 4);
    const auto name_size = static_cast<std::size_t>(zip.number(at + 28, 2));
    const auto header = static_cast<std::size_t>(zip.number(at + 42, 4));
    const std::string name = zip.text(at + 46, name_size);
    at += 46 + name_size + static_cast<std::size_t>(zip.number(at + 30, 2) + zip.number(at + 32, 2));
    if (method != 0 || packed != size)
      refuse("compressed");
    if ((total += size) > zip.size())
      refuse("records that share their bytes");
    if (zip.text(header, 4) != "PK\x03\x04" || zip.number(header + 8, 2) != 0 ||
        zip.text(header + 30, static_cast<std::size_t>(zip.number(header + 26, 2))) != name)
      refuse("a record that is not where the directory says");
    const std::size_t content = header + 30 + name_size + static_cast<std::size_t>(zip.number(header + 28, 2));
    const std::size_t folder = name.find('/');
    if (folder == std::string::npos || (!records.empty() && name.substr(0, folder) != top))
      refuse("a record outside the archive's folder");
    top = name.substr(0, folder);
    records.push_back({name.substr(folder + 1), zip.text(content, static_cast<std::size_t>(size))});
    if (crc32(records.back().content) != crc)
      refuse("a record whose CRC-32 differs");
  }
  const auto by_name = [](const Record &a, const Record &b) { return a.name < b.name; };
  std::sort(records.begin(), records.end(), by_name);
  return records;
}

} // namespace calcisol
