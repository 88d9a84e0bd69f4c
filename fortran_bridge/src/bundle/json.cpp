#include "bundle/json.hpp"

#include <charconv>
#include <cmath>
#include <stdexcept>

namespace calcisol {

const Json &Json::operator[](std::string_view key) const {
  static const Json nothing;
  for (const auto &[name, member] : members)
    if (name == key)
      return member;
  return nothing;
}

namespace {

constexpr int max_depth = 64; // a contract has five; a hostile file must not exhaust the stack

class Parser {
public:
  explicit Parser(std::string_view text) : text(text) {}

  Json document() {
    Json result = value(0);
    space();
    if (at != text.size())
      fail();
    return result;
  }

private:
  std::string_view text;
  std::size_t at = 0;

  [[noreturn]] void fail() const { throw std::invalid_argument("no JSON at byte " + std::to_string(at)); }
  char peek() const { return at < text.size() ? text[at] : '\0'; }
  void space() {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r'))
      ++at;
  }
  bool take(std::string_view word) {
    if (text.substr(at, word.size()) != word)
      return false;
    at += word.size();
    return true;
  }
  void expect(char c) {
    space();
    if (peek() != c)
      fail();
    ++at;
  }

  Json value(int depth) {
    if (depth > max_depth)
      fail();
    space();
    Json result;
    if (peek() == '{') {
      result.kind = Json::object;
      sequence('}', [&] {
        space();
        std::string name = string();
        expect(':');
        result.members.emplace_back(std::move(name), value(depth + 1));
      });
    } else if (peek() == '[') {
      result.kind = Json::array;
      sequence(']', [&] { result.items.push_back(value(depth + 1)); });
    } else if (peek() == '"') {
      result.kind = Json::string;
      result.text = string();
    } else if (take("true")) {
      result.kind = Json::boolean, result.value = 1.0;
    } else if (take("false")) {
      result.kind = Json::boolean;
    } else if (!take("null")) {
      result.kind = Json::number;
      result.value = number();
    }
    return result;
  }

  template <class Item> void sequence(char end, Item item) {
    ++at;
    space();
    if (peek() == end) {
      ++at;
      return;
    }
    while (true) {
      item();
      space();
      if (peek() == end) {
        ++at;
        return;
      }
      expect(',');
    }
  }

  double number() {
    if (take("NaN"))
      return NAN;
    if (take("Infinity"))
      return INFINITY;
    if (take("-Infinity"))
      return -INFINITY;
    double result = 0.0;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), result);
    if (error != std::errc() && error != std::errc::result_out_of_range)
      fail();
    at = static_cast<std::size_t>(end - text.data());
    return result;
  }

  std::string string() {
    if (peek() != '"')
      fail();
    std::string result;
    for (++at; at < text.size() && text[at] != '"'; ++at) {
      if (text[at] != '\\') {
        result += text[at];
        continue;
      }
      if (++at == text.size())
        fail();
      switch (text[at]) {
      case 'n':
        result += '\n';
        break;
      case 't':
        result += '\t';
        break;
      case 'r':
        result += '\r';
        break;
      case 'b':
        result += '\b';
        break;
      case 'f':
        result += '\f';
        break;
      case 'u':
        result += unicode();
        break;
      default:
        result += text[at];
      }
    }
    expect('"');
    return result;
  }

  // \uXXXX as UTF-8; halves of a surrogate pair are kept apart, which is enough to compare names and units
  std::string unicode() {
    unsigned code = 0;
    if (at + 4 >= text.size())
      fail();
    const auto [end, error] = std::from_chars(text.data() + at + 1, text.data() + at + 5, code, 16);
    if (error != std::errc() || end != text.data() + at + 5)
      fail();
    at += 4;
    if (code < 0x80)
      return {static_cast<char>(code)};
    if (code < 0x800)
      return {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 0x3F))};
    return {static_cast<char>(0xE0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 0x3F)),
            static_cast<char>(0x80 | (code & 0x3F))};
  }
};

} // namespace

Json parse_json(std::string_view text) { return Parser(text).document(); }

} // namespace calcisol
