//! Constrained decoding: which tokens may come next under a JSON schema, a regex or a grammar.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use llguidance::api::TopLevelGrammar;
use llguidance::toktrie::{ApproximateTokEnv, InferenceCapabilities, TokEnv, TokRxInfo, TokTrie};
use llguidance::{Matcher, ParserFactory};
use serde_json::{json, Value};

use crate::abi::{
    assert_shareable, free, guard, slice, slice_mut, text, Failure, Outcome, RbString,
};
use crate::blanks::{BlankTokens, JsonPlace};
use crate::grammar_cost::{check_schema, check_source};
use crate::sandbox::sandboxed;
use crate::schema_strict::tighten;

const MAX_GRAMMAR_BYTES: usize = 1 << 20;
/// What a lexer may cost to build: a third of a second, and ten thousand values of an enum fit.
const INITIAL_LEXER_FUEL: u64 = 200_000;
/// Grammars that ran out of the sandbox's quota, each of which holds a thread and memory for good.
static ABANDONED: AtomicUsize = AtomicUsize::new(0);
const MAX_ABANDONED: usize = 8;
/// Groups of tokens that are let in as a whole where a grammar lets in all their texts, without a
/// walk through their bytes. Those of at most 4, 10 and 20 characters are for strings whose length is
/// limited ("maxLength"): llguidance's own groups, of 10 and 30, are walked through in most of them.
const TOKEN_GROUPS: [&str; 5] = [
    r#"[\x20\x0A\x0D\x09]+"#,
    r#"[^"\\\x00-\x1F\x7F]{1,4}"#,
    r#"[^"\\\x00-\x1F\x7F]{1,10}"#,
    r#"[^"\\\x00-\x1F\x7F]{1,20}"#,
    r#"[^"\\\x00-\x1F\x7F]+"#,
];

#[repr(C)]
pub struct RbVocabulary {
    bytes: *const u8,
    /// `num_tokens + 1` positions in `bytes`.
    offsets: *const u64,
    special: *const bool,
    num_tokens: usize,
    /// At least one; all end the text, the first is the one grammars know.
    eos_ids: *const u32,
    num_eos: usize,
}

pub struct RbConstraintFactory {
    parsers: Arc<ParserFactory>, // shared with the threads that compile
    blank_tokens: Arc<BlankTokens>,
    eos_ids: Vec<u32>,
}

const _: () = assert_shareable::<RbConstraintFactory>();

pub struct RbConstraint {
    matcher: Matcher,
    eos_ids: Vec<u32>,
    /// Where white space between the tokens of a JSON text is limited.
    blanks: Option<BlankLimit>,
}

#[derive(Clone)]
struct BlankLimit {
    place: JsonPlace,
    tokens: Arc<BlankTokens>,
    env: TokEnv,
}

unsafe fn trie_words(vocabulary: &RbVocabulary) -> Outcome<Vec<Vec<u8>>> {
    let offsets = slice(vocabulary.offsets, vocabulary.num_tokens + 1);
    let special = slice(vocabulary.special, vocabulary.num_tokens);
    let total = offsets.last().copied().unwrap_or(0) as usize;
    let bytes = slice(vocabulary.bytes, total);
    let word = |i: usize| -> Option<Vec<u8>> {
        let text = bytes.get(offsets[i] as usize..offsets[i + 1] as usize)?;
        if !special[i] {
            return Some(text.to_vec());
        }
        // The marker keeps a special token out of every grammar that does not name it.
        Some([&[TokTrie::SPECIAL_TOKEN_MARKER], text].concat())
    };
    (0..vocabulary.num_tokens)
        .map(|i| word(i).ok_or_else(|| Failure::invalid("token offsets are not ascending")))
        .collect()
}

unsafe fn new_factory(vocabulary: &RbVocabulary) -> Outcome<RbConstraintFactory> {
    let eos_ids = slice(vocabulary.eos_ids, vocabulary.num_eos).to_vec();
    let in_range = |id: &u32| (*id as usize) < vocabulary.num_tokens;
    if eos_ids.is_empty() || !eos_ids.iter().all(in_range) {
        return Err(Failure::invalid(
            "constrained decoding needs an end-of-text token",
        ));
    }
    let words = trie_words(vocabulary)?;
    let blank_tokens = Arc::new(BlankTokens::new(&words));
    let info = TokRxInfo::new(words.len() as u32, eos_ids[0]);
    let trie = TokTrie::from(&info, &words);
    let env: TokEnv = Arc::new(ApproximateTokEnv::new(trie));
    let groups = TOKEN_GROUPS.map(str::to_string);
    let mut parsers = ParserFactory::new(&env, InferenceCapabilities::default(), &groups)
        .map_err(Failure::internal)?;
    parsers.quiet();
    parsers.limits_mut().verbose_errors = false;
    parsers.limits_mut().initial_lexer_fuel = INITIAL_LEXER_FUEL;
    Ok(RbConstraintFactory {
        parsers: Arc::new(parsers),
        blank_tokens,
        eos_ids,
    })
}

/// What llguidance is to compile, and whether white space in the text is to be limited.
struct Grammar {
    source: TopLevelGrammar,
    limits_blanks: bool,
}

/// The options of a schema's "x-guidance" that say what stands between the tokens.
const SPACING_OPTIONS: [&str; 4] = [
    "whitespace_pattern",
    "whitespace_flexible",
    "item_separator",
    "key_separator",
];

fn parse_schema(source: &str) -> Outcome<Grammar> {
    let mut schema: Value = serde_json::from_str(source)
        .map_err(|e| failure_of(format!("JSON schema is not valid JSON: {e}")))?;
    check_schema(&schema)?;
    tighten(&mut schema);
    // Of alternatives of which exactly one must hold, one is chosen; whether another holds as well is
    // not looked at. Tagged unions are written like this.
    let mut limits_blanks = true;
    if let Some(members) = schema.as_object_mut() {
        let options = members.entry("x-guidance").or_insert_with(|| json!({}));
        if let Some(options) = options.as_object_mut() {
            options.entry("coerce_one_of").or_insert(Value::Bool(true));
            limits_blanks = !SPACING_OPTIONS.iter().any(|key| options.contains_key(*key));
        }
    }
    Ok(Grammar {
        source: TopLevelGrammar::from_json_schema(schema),
        limits_blanks,
    })
}

fn parse_grammar(kind: u32, source: &str) -> Outcome<Grammar> {
    if kind == 0 {
        return parse_schema(source);
    }
    check_source(source)?;
    let source = match kind {
        1 => TopLevelGrammar::from_regex(source),
        2 => TopLevelGrammar::from_lark(source.to_string()),
        _ => return Err(Failure::internal("unknown kind of grammar")),
    };
    Ok(Grammar {
        source,
        limits_blanks: false,
    })
}

/// llguidance adds a backtrace to the message of a caught panic, and a note.
/// A message repeats what it is about, which may be long.
fn first_part(message: &str) -> &str {
    const MAX_BYTES: usize = 300;
    let mut end = message.find("\n<").unwrap_or(message.len()).min(MAX_BYTES);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    match &message[..end] {
        "NoExtensionBias" => "nothing can match it: it refers to itself without an end",
        part => part,
    }
}

/// What llguidance says when one of its limits is hit; a panic in it is one it forgot to check.
fn failure_of(message: String) -> Failure {
    let limits = [
        "too big",
        "too large",
        "too many",
        "fuel exhausted",
        "recursion limit",
        "panic: ",
    ];
    let message = first_part(&message).to_string();
    if limits.iter().any(|limit| message.contains(limit)) {
        return Failure::exhausted(message);
    }
    Failure::invalid(message)
}

struct Compiled {
    matcher: Matcher,
    limits_blanks: bool,
}

fn compile(parsers: &ParserFactory, kind: u32, source: &str) -> Outcome<Compiled> {
    let grammar = parse_grammar(kind, source)?;
    let mut matcher = Matcher::new(parsers.create_parser(grammar.source));
    if let Some(message) = matcher.get_error() {
        return Err(failure_of(message));
    }
    // A grammar without any text compiles, and fails here.
    matcher
        .compute_mask_or_eos()
        .map_err(|e| failure_of(e.to_string()))?;
    Ok(Compiled {
        matcher,
        limits_blanks: grammar.limits_blanks,
    })
}

fn new_constraint(factory: &RbConstraintFactory, kind: u32, source: &str) -> Outcome<RbConstraint> {
    if source.len() > MAX_GRAMMAR_BYTES {
        let message = format!("grammar is longer than {MAX_GRAMMAR_BYTES} bytes");
        return Err(Failure::exhausted(message));
    }
    if ABANDONED.load(Ordering::Relaxed) >= MAX_ABANDONED {
        return Err(Failure::exhausted(
            "too many grammars ran out of time or memory; none is compiled until a restart",
        ));
    }
    let parsers = factory.parsers.clone();
    let text = source.to_string();
    let compiled = sandboxed("redline-grammar", move || compile(&parsers, kind, &text))
        .unwrap_or_else(|| {
            ABANDONED.fetch_add(1, Ordering::Relaxed);
            Err(Failure::exhausted(
                "it takes more than a second or 256 MiB to compile",
            ))
        })?;
    let blanks = compiled.limits_blanks.then(|| BlankLimit {
        place: JsonPlace::default(),
        tokens: factory.blank_tokens.clone(),
        env: factory.parsers.tok_env().clone(),
    });
    Ok(RbConstraint {
        matcher: compiled.matcher,
        eos_ids: factory.eos_ids.clone(),
        blanks,
    })
}

impl RbConstraint {
    fn mask(&mut self, words: &mut [u32]) -> Outcome<()> {
        let mask = self.matcher.compute_mask_or_eos();
        let mask = mask.map_err(|e| failure_of(e.to_string()))?;
        let from = mask.as_slice();
        words.fill(0);
        let count = from.len().min(words.len());
        words[..count].copy_from_slice(&from[..count]);
        if let Some(limit) = &self.blanks {
            limit.place.limit_blanks(&limit.tokens, words);
        }
        if mask.is_allowed(self.eos_ids[0]) {
            for id in &self.eos_ids {
                if let Some(word) = words.get_mut(*id as usize / 32) {
                    *word |= 1 << (id % 32);
                }
            }
        }
        Ok(())
    }

    fn accept(&mut self, id: u32) -> Outcome<()> {
        let id = if self.eos_ids.contains(&id) {
            self.eos_ids[0]
        } else {
            id
        };
        self.matcher
            .consume_token(id)
            .map_err(|e| failure_of(e.to_string()))?;
        if let Some(limit) = &mut self.blanks {
            limit.place.advance(limit.env.tok_trie().token(id));
        }
        Ok(())
    }
}

/// # Safety
/// See bridge.h.
#[no_mangle]
pub unsafe extern "C" fn rb_constraint_factory_new(
    vocabulary: *const RbVocabulary,
    out: *mut *mut RbConstraintFactory,
    error: *mut RbString,
) -> i32 {
    guard(error, || {
        out.write(Box::into_raw(Box::new(new_factory(&*vocabulary)?)));
        Ok(())
    })
}

/// # Safety
/// See bridge.h.
#[no_mangle]
pub unsafe extern "C" fn rb_constraint_factory_free(factory: *mut RbConstraintFactory) {
    free(factory);
}

/// # Safety
/// See bridge.h.
#[no_mangle]
pub unsafe extern "C" fn rb_constraint_new(
    factory: *const RbConstraintFactory,
    kind: u32,
    source: *const u8,
    len: usize,
    out: *mut *mut RbConstraint,
    error: *mut RbString,
) -> i32 {
    guard(error, || {
        let constraint = new_constraint(&*factory, kind, text(source, len)?)?;
        out.write(Box::into_raw(Box::new(constraint)));
        Ok(())
    })
}

/// # Safety
/// See bridge.h.
#[no_mangle]
pub unsafe extern "C" fn rb_constraint_clone(
    constraint: *const RbConstraint,
    out: *mut *mut RbConstraint,
    error: *mut RbString,
) -> i32 {
    guard(error, || {
        let constraint = &*constraint;
        let copy = RbConstraint {
            matcher: constraint.matcher.deep_clone(),
            eos_ids: constraint.eos_ids.clone(),
            blanks: constraint.blanks.clone(),
        };
        out.write(Box::into_raw(Box::new(copy)));
        Ok(())
    })
}

/// # Safety
/// See bridge.h.
#[no_mangle]
pub unsafe extern "C" fn rb_constraint_free(constraint: *mut RbConstraint) {
    free(constraint);
}

/// # Safety
/// See bridge.h.
#[no_mangle]
pub unsafe extern "C" fn rb_constraint_mask(
    constraint: *mut RbConstraint,
    words: *mut u32,
    num_words: usize,
    error: *mut RbString,
) -> i32 {
    guard(error, || (*constraint).mask(slice_mut(words, num_words)))
}

/// # Safety
/// See bridge.h.
#[no_mangle]
pub unsafe extern "C" fn rb_constraint_accept(
    constraint: *mut RbConstraint,
    id: u32,
    error: *mut RbString,
) -> i32 {
    guard(error, || (*constraint).accept(id))
}

/// # Safety
/// See bridge.h.
#[no_mangle]
pub unsafe extern "C" fn rb_constraint_is_stopped(constraint: *const RbConstraint) -> bool {
    (*constraint).matcher.is_stopped()
}
