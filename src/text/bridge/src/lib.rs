//! `tokenizers`, `llguidance` and `minijinja` behind the C API of bridge.h, and nothing else.

mod abi;
mod blanks;
mod byte_level;
mod constraint;
mod grammar_cost;
mod long_merge;
mod python;
mod sandbox;
mod schema_strict;
mod template;
mod tokenizer;
