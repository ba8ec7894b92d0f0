//! Byte-level BPE without the bookkeeping of `tokenizers`.
//!
//! `Tokenizer::encode` keeps an alignment for every byte and a string for every token, some 200 bytes
//! of memory per byte of text. For the pipeline that all models of interest use (added tokens, at
//! most NFC, regex splits, GPT-2's byte map, BPE) this module walks the text once with the same
//! regexes and the same model, and must give the same ids; hf_tokenizer_test.cc compares the two.

use std::ops::Range;

use ahash::AHashMap;
use aho_corasick::{AhoCorasick, MatchKind};
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::tokenizer::{
    AddedToken, Model, NormalizedString, SplitDelimiterBehavior, Tokenizer,
};
use tokenizers::{ModelWrapper, NormalizerWrapper, PreTokenizerWrapper, Result};

use crate::long_merge::{LongMerge, ModelJson};

const GPT2_REGEX: &str =
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

/// Pieces repeat within a text: what one became is copied the next time.
const MAX_REMEMBERED_BYTES: usize = 64;
const MAX_REMEMBERED_PIECES: usize = 1 << 16;
/// Pieces from here on are merged by `LongMerge`.
const MIN_LONG_BYTES: usize = 4096;

enum Step {
    Regex(Split),
    Digits { individual: bool },
}

impl Step {
    fn regex(pattern: SplitPattern) -> Option<Self> {
        Split::new(pattern, SplitDelimiterBehavior::Isolated, false)
            .ok()
            .map(Step::Regex)
    }

    /// Calls `emit` with each non-empty part of `text`, in order.
    fn split<'t>(&self, text: &'t str, emit: &mut dyn FnMut(&'t str) -> Result<()>) -> Result<()> {
        let mut last = 0;
        let mut cut = |range: Range<usize>| -> Result<()> {
            for part in [&text[last..range.start], &text[range.clone()]] {
                if !part.is_empty() {
                    emit(part)?;
                }
            }
            last = range.end;
            Ok(())
        };
        match self {
            Step::Regex(split) => {
                for (start, end) in split.regex.find_iter(text) {
                    cut(start..end)?;
                }
            }
            Step::Digits { individual } => {
                for range in digit_runs(text, *individual) {
                    cut(range)?;
                }
            }
        }
        cut(text.len()..text.len())
    }
}

fn digit_runs(text: &str, individual: bool) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (start, c) in text.char_indices().filter(|(_, c)| c.is_numeric()) {
        let end = start + c.len_utf8();
        match runs.last_mut() {
            Some(run) if run.end == start && !individual => run.end = end,
            _ => runs.push(start..end),
        }
    }
    runs
}

/// The steps before the byte map, or None when the pipeline is another one.
fn steps_of(pre_tokenizer: &PreTokenizerWrapper) -> Option<Vec<Step>> {
    let parts = match pre_tokenizer {
        PreTokenizerWrapper::Sequence(sequence) => sequence.as_ref(),
        single => std::slice::from_ref(single),
    };
    let (last, firsts) = parts.split_last()?;
    let mut steps = Vec::new();
    for part in firsts {
        steps.push(match part {
            PreTokenizerWrapper::Split(split)
                if split.behavior == SplitDelimiterBehavior::Isolated && !split.invert =>
            {
                Step::regex(split.pattern.clone())?
            }
            PreTokenizerWrapper::Digits(digits) => Step::Digits {
                individual: digits.individual_digits,
            },
            _ => return None,
        });
    }
    match last {
        PreTokenizerWrapper::ByteLevel(step) if !step.add_prefix_space => {
            if step.use_regex {
                steps.push(Step::regex(SplitPattern::Regex(GPT2_REGEX.into()))?);
            }
            Some(steps)
        }
        _ => None,
    }
}

/// Added tokens to look for, longest first among those that start together.
struct Finder {
    automaton: AhoCorasick,
    ids: Vec<u32>,
}

impl Finder {
    fn new(tokens: Vec<(u32, String)>) -> Option<Self> {
        let (ids, texts): (Vec<u32>, Vec<String>) = tokens.into_iter().unzip();
        let builder = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(texts);
        Some(Finder {
            automaton: builder.ok()?,
            ids,
        })
    }

    /// Calls `plain` with the text between tokens and `token` with each token.
    fn split<'t>(
        &self,
        text: &'t str,
        out: &mut Output,
        mut plain: impl FnMut(&'t str, &mut Output) -> Result<()>,
    ) -> Result<()> {
        let mut last = 0;
        for found in self.automaton.find_iter(text) {
            plain(&text[last..found.start()], out)?;
            out.ids.push(self.ids[found.pattern().as_usize()]);
            last = found.end();
        }
        plain(&text[last..], out)
    }
}

/// `tokenizers` looks for tokens in the text as it is, then for others in the normalized rest.
struct AddedTokens {
    raw: Finder,
    normalized: Finder,
}

impl AddedTokens {
    fn new<'a>(tokens: impl Iterator<Item = (u32, &'a AddedToken)>, nfc: bool) -> Option<Self> {
        let (normalized, raw): (Vec<_>, Vec<_>) = tokens.partition(|(_, t)| t.normalized);
        let raw = raw
            .into_iter()
            .map(|(id, t)| (id, t.content.clone()))
            .collect();
        let normalized = normalized
            .into_iter()
            .map(|(id, t)| {
                (
                    id,
                    if nfc {
                        to_nfc(&t.content)
                    } else {
                        t.content.clone()
                    },
                )
            })
            .collect();
        Some(AddedTokens {
            raw: Finder::new(raw)?,
            normalized: Finder::new(normalized)?,
        })
    }
}

fn to_nfc(text: &str) -> String {
    let mut normalized = NormalizedString::from(text);
    normalized.nfc();
    normalized.get().to_string()
}

#[derive(Default)]
struct Output {
    ids: Vec<u32>,
    remembered: AHashMap<Box<str>, Range<usize>>, // where in `ids`
    mapped: String,
}

pub struct ByteLevelBpe {
    steps: Vec<Step>,
    nfc: bool,
    added: AddedTokens,
    literal: AddedTokens,
    characters: [char; 256],
    long: Option<LongMerge>,
}

impl ByteLevelBpe {
    /// None when the tokenizer's pipeline is not the one of this module. `is_control`: the added
    /// tokens that literal text does not have.
    pub fn new(
        inner: &Tokenizer,
        json: &ModelJson,
        characters: [char; 256],
        is_control: impl Fn(&AddedToken) -> bool,
    ) -> Option<Self> {
        let nfc = match inner.get_normalizer() {
            None => false,
            Some(NormalizerWrapper::Sequence(parts)) if parts.as_ref().is_empty() => false,
            Some(NormalizerWrapper::NFC(_)) => true,
            _ => return None,
        };
        let steps = steps_of(inner.get_pre_tokenizer()?)?;
        let tokens = inner.get_added_vocabulary().get_added_tokens_decoder();
        if tokens
            .values()
            .any(|t| t.single_word || t.lstrip || t.rstrip)
        {
            return None;
        }
        let all = || tokens.iter().map(|(id, token)| (*id, token));
        let added = AddedTokens::new(all(), nfc)?;
        let literal = AddedTokens::new(all().filter(|(_, token)| !is_control(token)), nfc)?;
        let long = LongMerge::new(json, inner.get_model(), &characters);
        Some(ByteLevelBpe {
            steps,
            nfc,
            added,
            literal,
            characters,
            long,
        })
    }

    pub fn encode(&self, model: &ModelWrapper, text: &str, literal: bool) -> Result<Vec<u32>> {
        let added = if literal { &self.literal } else { &self.added };
        let mut out = Output::default();
        added.raw.split(text, &mut out, |plain, out| {
            if self.nfc && !plain.is_ascii() {
                return self.encode_normalized(model, added, &to_nfc(plain), out);
            }
            self.encode_normalized(model, added, plain, out)
        })?;
        Ok(out.ids)
    }

    fn encode_normalized(
        &self,
        model: &ModelWrapper,
        added: &AddedTokens,
        text: &str,
        out: &mut Output,
    ) -> Result<()> {
        added.normalized.split(text, out, |plain, out| {
            if plain.is_empty() {
                return Ok(());
            }
            self.split(&self.steps, plain, &mut |piece| {
                self.encode_piece(model, piece, out)
            })
        })
    }

    fn split<'t>(
        &self,
        steps: &[Step],
        text: &'t str,
        emit: &mut dyn FnMut(&'t str) -> Result<()>,
    ) -> Result<()> {
        match steps.split_first() {
            None => emit(text),
            Some((step, rest)) => step.split(text, &mut |part| self.split(rest, part, emit)),
        }
    }

    fn encode_piece(&self, model: &ModelWrapper, piece: &str, out: &mut Output) -> Result<()> {
        if let Some(range) = out.remembered.get(piece) {
            out.ids.extend_from_within(range.clone());
            return Ok(());
        }
        out.mapped.clear();
        out.mapped
            .extend(piece.bytes().map(|byte| self.characters[byte as usize]));
        if piece.len() >= MIN_LONG_BYTES {
            let long = self.long.as_ref();
            if let Some(ids) = long.and_then(|long| long.encode(model, piece, &out.mapped)) {
                out.ids.extend(ids);
                return Ok(());
            }
        }
        let start = out.ids.len();
        out.ids
            .extend(model.tokenize(&out.mapped)?.iter().map(|token| token.id));
        if piece.len() <= MAX_REMEMBERED_BYTES && out.remembered.len() < MAX_REMEMBERED_PIECES {
            out.remembered.insert(piece.into(), start..out.ids.len());
        }
        Ok(())
    }
}
