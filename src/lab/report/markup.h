// Writes HTML and SVG as well-formed XML: whatever is opened is closed, whatever is text is
// escaped. Not thread-safe.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace redline::lab {

// `&`, `<`, `>` and quotes as entities; what is not safe to show (base/strings.h), line ends and
// tabs aside, as U+FFFD: the page is valid UTF-8 whatever the text was.
std::string EscapeMarkup(std::string_view text);

class Markup {
 public:
  using Attributes = std::initializer_list<std::pair<std::string_view, std::string>>;

  // Closes its element when it is destroyed.
  class [[nodiscard]] Scope {
   public:
    Scope(Markup& markup, std::string element) : markup_(markup), element_(std::move(element)) {}
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    ~Scope() { markup_.text_ += "</" + element_ + ">\n"; }

   private:
    Markup& markup_;
    std::string element_;
  };

  Scope Open(std::string_view element, Attributes attributes = {});
  // <element attributes>text</element>
  void Element(std::string_view element, Attributes attributes, std::string_view text);
  // <element attributes/>: SVG shapes and HTML's void elements.
  void Empty(std::string_view element, Attributes attributes);
  void Text(std::string_view text) { text_ += EscapeMarkup(text); }
  // As it is: the style sheet and the script, which hold no `<` and no `&`.
  void Raw(std::string_view text) { text_ += text; }

  const std::string& text() const { return text_; }

 private:
  void Begin(std::string_view element, Attributes attributes);

  std::string text_;
};

}  // namespace redline::lab
