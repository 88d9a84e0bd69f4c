// Records of a bundle: a zip archive as torch writes it, nothing compressed, nothing after its end.
//
// Read here and not by torch, so that a bundle is checked before torch is loaded, and a host whose bundle the native
// engine steps needs no torch. Source: APPNOTE.TXT 6.3.10 (PKWARE 2022), sections 4.3.7, 4.3.12, 4.3.14 and 4.3.16.
#pragma once

#include <string>
#include <vector>

namespace calcisol {

// Name below the archive's top folder, and content.
struct Record {
  std::string name, content;
};

// All records, sorted by name. std::invalid_argument when the archive is damaged, cut short, compressed or ambiguous.
std::vector<Record> read_archive(const std::string &bytes);

} // namespace calcisol
