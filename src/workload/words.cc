#include "workload/words.h"

#include <array>

namespace redline::workload {
namespace {

constexpr std::array<std::string_view, 364> kCommonWords = {
    "the",       "and",     "for",     "are",      "but",      "not",      "you",     "all",
    "any",       "can",     "had",     "her",      "was",      "one",      "our",     "out",
    "day",       "get",     "has",     "him",      "his",      "how",      "man",     "new",
    "now",       "old",     "see",     "two",      "way",      "who",      "boy",     "did",
    "its",       "let",     "put",     "say",      "she",      "too",      "use",     "that",
    "with",      "have",    "this",    "will",     "your",     "from",     "they",    "know",
    "want",      "been",    "good",    "much",     "some",     "time",     "very",    "when",
    "come",      "here",    "just",    "like",     "long",     "make",     "many",    "more",
    "only",      "over",    "such",    "take",     "than",     "them",     "well",    "were",
    "about",     "after",   "again",   "along",    "among",    "another",  "around",  "because",
    "before",    "began",   "being",   "below",    "between",  "both",     "build",   "call",
    "came",      "change",  "city",    "close",    "could",    "country",  "cover",   "cross",
    "different", "does",    "done",    "door",     "down",     "draw",     "dream",   "drive",
    "each",      "earth",   "east",    "eat",      "end",      "enough",   "even",    "ever",
    "every",     "example", "eye",     "face",     "fall",     "family",   "far",     "farm",
    "father",    "feel",    "feet",    "few",      "field",    "find",     "fire",    "first",
    "fish",      "five",    "follow",  "food",     "form",     "found",    "four",    "friend",
    "gave",      "give",    "go",      "gold",     "got",      "great",    "green",   "ground",
    "group",     "grow",    "half",    "hand",     "hard",     "head",     "hear",    "heart",
    "heat",      "help",    "high",    "hold",     "home",     "horse",    "hour",    "house",
    "idea",      "inch",    "island",  "keep",     "kind",     "king",     "land",    "large",
    "last",      "late",    "laugh",   "lead",     "learn",    "leave",    "left",    "letter",
    "life",      "light",   "line",    "list",     "listen",   "little",   "live",    "love",
    "low",       "main",    "mark",    "may",      "mean",     "measure",  "men",     "might",
    "mile",      "mind",    "money",   "moon",     "morning",  "most",     "mother",  "mountain",
    "move",      "music",   "must",    "name",     "near",     "need",     "never",   "next",
    "night",     "north",   "note",    "nothing",  "notice",   "number",   "ocean",   "often",
    "open",      "order",   "other",   "own",      "page",     "paper",    "part",    "pass",
    "people",    "person",  "picture", "place",    "plain",    "plan",     "plant",   "play",
    "point",     "power",   "press",   "problem",  "question", "quick",    "rain",    "reach",
    "read",      "ready",   "real",    "red",      "remember", "rest",     "right",   "river",
    "road",      "rock",    "room",    "round",    "rule",     "run",      "said",    "same",
    "school",    "science", "sea",     "second",   "seem",     "sentence", "serve",   "set",
    "several",   "ship",    "short",   "should",   "show",     "side",     "simple",  "since",
    "sing",      "sit",     "six",     "size",     "sleep",    "slow",     "small",   "snow",
    "song",      "soon",    "sound",   "south",    "space",    "special",  "spell",   "spring",
    "stand",     "star",    "start",   "state",    "stay",     "step",     "still",   "stop",
    "story",     "street",  "strong",  "study",    "sun",      "sure",     "surface", "table",
    "talk",      "teach",   "tell",    "ten",      "test",     "then",     "there",   "these",
    "thing",     "think",   "thought", "thousand", "three",    "through",  "today",   "together",
    "told",      "took",    "top",     "toward",   "town",     "travel",   "tree",    "true",
    "try",       "turn",    "under",   "unit",     "until",    "usual",    "voice",   "walk",
    "wall",      "war",     "warm",    "watch",    "water",    "week",     "weight",  "west",
    "what",      "wheel",   "where",   "which",    "while",    "white",    "whole",   "why",
    "wind",      "winter",  "wood",    "word",     "work",     "world",    "would",   "write",
    "year",      "yes",     "yet",     "young"};

}  // namespace

std::span<const std::string_view> CommonWords() { return kCommonWords; }

}  // namespace redline::workload
