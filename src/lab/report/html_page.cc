#include "lab/report/html_page.h"

#include "lab/report/page_style.h"

namespace redline::lab {
namespace {

void DrawHead(const std::string& title, Markup& markup) {
  const Markup::Scope head = markup.Open("head");
  markup.Empty("meta", {{"charset", "utf-8"}});
  markup.Empty("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}});
  // What a hostile file name or error message could not do anyway, since all text is escaped.
  markup.Empty("meta", {{"http-equiv", "Content-Security-Policy"},
                        {"content",
                         "default-src 'none'; style-src 'unsafe-inline'; "
                         "script-src 'unsafe-inline'"}});
  markup.Element("title", {}, title);
  const Markup::Scope style = markup.Open("style");
  markup.Raw(kPageStyle);
}

}  // namespace

std::string HtmlPage(const std::string& title, const std::function<void(Markup&)>& draw_body) {
  Markup markup;
  markup.Raw("<!DOCTYPE html>\n");
  {
    const Markup::Scope html = markup.Open("html", {{"lang", "en"}});
    DrawHead(title, markup);
    const Markup::Scope body = markup.Open("body");
    draw_body(markup);
    const Markup::Scope script = markup.Open("script");
    markup.Raw(kPageScript);
  }
  return markup.text();
}

void DrawCode(const std::string& text, Markup& markup) {
  const Markup::Scope code = markup.Open("div", {{"class", "code"}});
  markup.Element("pre", {}, text);
  markup.Element("button", {{"type", "button"}, {"hidden", "hidden"}}, "Copy");
}

}  // namespace redline::lab
