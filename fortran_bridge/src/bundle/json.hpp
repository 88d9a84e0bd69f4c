// A small reader of JSON (RFC 8259): enough to check the contract of a bundle without another dependency.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace calcisol {

struct Json {
  enum Kind { null, boolean, number, string, array, object } kind = null;
  double value = 0.0; // of a number or a boolean
  std::string text;   // of a string
  std::vector<Json> items;
  std::vector<std::pair<std::string, Json>> members;

  // Member of an object; a null value where there is none.
  const Json &operator[](std::string_view key) const;
};

// Throws std::invalid_argument with the byte where reading stopped. NaN and Infinity, which Python writes, are read.
Json parse_json(std::string_view text);

} // namespace calcisol
