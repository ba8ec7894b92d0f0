#include "lab/report/markup.h"

#include "base/strings.h"

namespace redline::lab {
namespace {

std::string_view EntityOf(char character) {
  switch (character) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return {};
  }
}

}  // namespace

std::string EscapeMarkup(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  while (!text.empty()) {
    const auto [bytes, is_safe] = FirstCharacter(text);
    if (const std::string_view entity = EntityOf(bytes.front()); !entity.empty()) {
      escaped += entity;
    } else if (is_safe || bytes == "\n" || bytes == "\t") {
      escaped += bytes;
    } else {
      escaped += "\uFFFD";
    }
    text.remove_prefix(bytes.size());
  }
  return escaped;
}

void Markup::Begin(std::string_view element, Attributes attributes) {
  text_ += '<';
  text_ += element;
  for (const auto& [name, value] : attributes) {
    text_ += ' ';
    text_ += name;
    text_ += "=\"" + EscapeMarkup(value) + '"';
  }
}

Markup::Scope Markup::Open(std::string_view element, Attributes attributes) {
  Begin(element, attributes);
  text_ += '>';
  return Scope(*this, std::string(element));
}

void Markup::Element(std::string_view element, Attributes attributes, std::string_view text) {
  const Scope scope = Open(element, attributes);
  Text(text);
}

void Markup::Empty(std::string_view element, Attributes attributes) {
  Begin(element, attributes);
  text_ += "/>\n";
}

}  // namespace redline::lab
