//! Hugging Face tokenizers: a tokenizer.json gives exactly the ids of the Python package.

use std::collections::HashMap;

use serde::Deserialize;
use tokenizers::tokenizer::{
    AddedToken, AddedVocabulary, Model, OffsetType, PreTokenizer, Tokenizer,
};
use tokenizers::DecoderWrapper;

use crate::abi::{
    assert_shareable, catch, free, guard, slice, text, Failure, Outcome, RbIds, RbString,
};
use crate::byte_level::ByteLevelBpe;
use crate::long_merge::ModelJson;

/// Ids above this are damage: the largest published vocabularies have 262,144 entries.
const MAX_TOKEN_ID: u32 = 1 << 22;

/// How a vocabulary entry spells bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spelling {
    /// GPT-2's byte-to-character map.
    ByteLevel,
    /// SentencePiece: U+2581 for a space, `<0xNN>` for a byte.
    SentencePiece,
    Plain,
}

pub struct RbTokenizer {
    inner: Tokenizer,
    /// None: the general pipeline of `inner` is needed.
    fast: Option<ByteLevelBpe>,
    /// The added tokens, with those that look like control tokens switched off.
    literal: AddedVocabulary,
    spelling: Spelling,
    entries: Vec<Entry>,
    /// The id a post-processor puts before a text, as LLaMA's does with BOS.
    prefix_id: Option<u32>,
}

const _: () = assert_shareable::<RbTokenizer>();

#[derive(Clone, Default)]
struct Entry {
    bytes: Box<[u8]>,
    known: bool,
    special: bool,
}

fn spelling_of(decoder: Option<&DecoderWrapper>) -> Spelling {
    match decoder {
        Some(DecoderWrapper::ByteLevel(_)) => Spelling::ByteLevel,
        Some(DecoderWrapper::Metaspace(_)) => Spelling::SentencePiece,
        Some(DecoderWrapper::ByteFallback(_)) => Spelling::SentencePiece,
        Some(DecoderWrapper::Sequence(sequence)) => sequence
            .get_decoders()
            .iter()
            .map(|part| spelling_of(Some(part)))
            .find(|spelling| *spelling != Spelling::Plain)
            .unwrap_or(Spelling::Plain),
        _ => Spelling::Plain,
    }
}

/// GPT-2's printable stand-ins for the 256 bytes.
fn byte_characters() -> [char; 256] {
    let printable = |b: u8| matches!(b, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let mut stand_ins = (256u32..).filter_map(char::from_u32);
    std::array::from_fn(|byte| {
        let byte = byte as u8;
        if printable(byte) {
            return byte as char;
        }
        stand_ins.next().unwrap_or_default()
    })
}

fn sentence_piece_bytes(token: &str) -> Vec<u8> {
    let hex = token.strip_prefix("<0x").and_then(|t| t.strip_suffix('>'));
    match hex
        .filter(|h| h.len() == 2)
        .and_then(|h| u8::from_str_radix(h, 16).ok())
    {
        Some(byte) => vec![byte],
        None => token.replace('\u{2581}', " ").into_bytes(),
    }
}

fn build_entries(inner: &Tokenizer, spelling: Spelling) -> Outcome<Vec<Entry>> {
    let vocabulary = inner.get_model().get_vocab();
    let added = inner.get_added_vocabulary().get_added_tokens_decoder();
    let highest = vocabulary.values().chain(added.keys()).max().copied();
    let size = highest.map_or(0, |id| id as usize + 1);
    if size > MAX_TOKEN_ID as usize {
        return Err(Failure::data_loss(format!(
            "token id {} is out of range",
            size - 1
        )));
    }
    let characters: HashMap<char, u8> = byte_characters().into_iter().zip(0..=255).collect();
    let mut entries = vec![Entry::default(); size];
    for (token, id) in vocabulary {
        let bytes = match spelling {
            Spelling::ByteLevel => {
                let mapped: Option<Vec<u8>> =
                    token.chars().map(|c| characters.get(&c).copied()).collect();
                mapped.unwrap_or_else(|| token.into_bytes())
            }
            Spelling::SentencePiece => sentence_piece_bytes(&token),
            Spelling::Plain => token.into_bytes(),
        };
        entries[id as usize] = Entry {
            bytes: bytes.into(),
            known: true,
            special: false,
        };
    }
    for (id, token) in added {
        entries[*id as usize] = Entry {
            bytes: token.content.as_bytes().into(),
            known: true,
            special: token.special,
        };
    }
    Ok(entries)
}

/// `<|im_end|>`, `</think>`, `[INST]`: tokens that steer the model, whatever their `special` flag
/// says (DeepSeek's role markers are not flagged).
fn looks_like_control(token: &AddedToken) -> bool {
    let text = token.content.trim();
    token.special
        || (text.starts_with('<') && text.ends_with('>'))
        || (text.starts_with('[') && text.ends_with(']'))
}

fn literal_vocabulary(inner: &Tokenizer) -> Outcome<AddedVocabulary> {
    let mut literal = inner.get_added_vocabulary().clone();
    let control: Vec<AddedToken> = literal
        .get_added_tokens_decoder()
        .values()
        .filter(|token| looks_like_control(token))
        .map(|token| AddedToken {
            special: true,
            ..token.clone()
        })
        .collect();
    literal
        .add_special_tokens(control, inner.get_model(), inner.get_normalizer())
        .map_err(Failure::data_loss)?;
    literal.set_encode_special_tokens(true);
    Ok(literal)
}

#[derive(Deserialize)]
struct DeclaredToken {
    id: u32,
    content: String,
}

#[derive(Deserialize)]
struct Declared {
    #[serde(default)]
    added_tokens: Vec<DeclaredToken>,
    model: ModelJson,
}

/// `tokenizers` numbers added tokens in order and ignores the ids in the file when they disagree,
/// which would quietly feed a model the wrong tokens.
fn check_added_ids(declared: &Declared, inner: &Tokenizer) -> Outcome<()> {
    for token in &declared.added_tokens {
        if inner.token_to_id(&token.content) != Some(token.id) {
            return Err(Failure::data_loss(format!(
                "added token {:?} cannot have id {}: the ids before it are not all in use",
                token.content, token.id
            )));
        }
    }
    Ok(())
}

fn prefix_id(inner: &Tokenizer) -> Option<u32> {
    let first = |add_special| -> Option<u32> {
        inner
            .encode_fast("a", add_special)
            .ok()?
            .get_ids()
            .first()
            .copied()
    };
    let id = first(true)?;
    (first(false) != Some(id)).then_some(id)
}

impl RbTokenizer {
    fn from_json(json: &[u8]) -> Outcome<Self> {
        let mut inner = Tokenizer::from_bytes(json).map_err(Failure::data_loss)?;
        let declared: Declared = serde_json::from_slice(json).map_err(Failure::data_loss)?;
        check_added_ids(&declared, &inner)?;
        // A checkpoint may carry the limits of its training run; they are not part of the text.
        inner.with_truncation(None).map_err(Failure::internal)?;
        inner.with_padding(None);
        let spelling = spelling_of(inner.get_decoder());
        let entries = build_entries(&inner, spelling)?;
        let literal = literal_vocabulary(&inner)?;
        let prefix_id = prefix_id(&inner);
        let fast = ByteLevelBpe::new(
            &inner,
            &declared.model,
            byte_characters(),
            looks_like_control,
        );
        Ok(RbTokenizer {
            inner,
            fast,
            literal,
            spelling,
            entries,
            prefix_id,
        })
    }

    /// The general path has the steps of `Tokenizer::encode_fast`, with a choice of added tokens and
    /// no post-processor.
    fn encode(&self, text: &str, literal: bool) -> tokenizers::Result<Vec<u32>> {
        if let Some(fast) = &self.fast {
            return fast.encode(self.inner.get_model(), text, literal);
        }
        let added = if literal {
            &self.literal
        } else {
            self.inner.get_added_vocabulary()
        };
        let mut pieces = added.extract_and_normalize(self.inner.get_normalizer(), text);
        if let Some(pre_tokenizer) = self.inner.get_pre_tokenizer() {
            pre_tokenizer.pre_tokenize(&mut pieces)?;
        }
        self.inner
            .get_model()
            .tokenize_in_pretokenized(&mut pieces, None)?;
        Ok(pieces
            .into_encoding(None, 0, OffsetType::None)?
            .get_ids()
            .to_vec())
    }

    fn entry(&self, id: u32) -> Option<&Entry> {
        self.entries.get(id as usize).filter(|entry| entry.known)
    }

    fn decode(&self, ids: &[u32], skip_special: bool) -> Outcome<String> {
        if let Some(id) = ids.iter().find(|id| self.entry(**id).is_none()) {
            return Err(Failure::invalid(format!(
                "token id {id} is not in the vocabulary"
            )));
        }
        if self.spelling != Spelling::ByteLevel {
            return self
                .inner
                .decode(ids, skip_special)
                .map_err(Failure::internal);
        }
        let shown = ids.iter().filter_map(|id| self.entry(*id));
        let shown = shown.filter(|entry| !(skip_special && entry.special));
        let bytes: Vec<u8> = shown
            .flat_map(|entry| entry.bytes.iter().copied())
            .collect();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// # Safety
/// See bridge.h.
#[no_mangle]
pub unsafe extern "C" fn rb_tokenizer_new(
    json: *const u8,
    len: usize,
    out: *mut *mut RbTokenizer,
    error: *mut RbString,
) -> i32 {
    guard(error, || {
        let tokenizer = RbTokenizer::from_json(slice(json, len))?;
        out.write(Box::into_raw(Box::new(tokenizer)));
        Ok(())
    })
}

/// # Safety
/// See bridge.h.
#[no_mangle]
pub unsafe extern "C" fn rb_tokenizer_free(tokenizer: *mut RbTokenizer) {
    free(tokenizer);
}

/// Oniguruma gives up after ten million steps in one place, which `onig` turns into a panic.
fn name_regex_limit(failure: Failure) -> Failure {
    if failure.message.contains("Onig") {
        return Failure::invalid("a run of the same kind of character in the text is too long");
    }
    failure
}

/// # Safety
/// See bridge.h.
#[no_mangle]
pub unsafe extern "C" fn rb_tokenizer_encode(
    tokenizer: *const RbTokenizer,
    utf8: *const u8,
    len: usize,
    literal: bool,
    out: *mut RbIds,
    error: *mut RbString,
) -> i32 {
    guard(error, || {
        let text = text(utf8, len)?;
        let ids = catch(|| {
            (*tokenizer)
                .encode(text, literal)
                .map_err(Failure::internal)
        });
        out.write(ids.map_err(name_regex_limit)?.into());
        Ok(())
    })
}

/// # Safety
/// See bridge.h.
#[no_mangle]
pub unsafe extern "C" fn rb_tokenizer_decode(
    tokenizer: *const RbTokenizer,
    ids: *const u32,
    num_ids: usize,
    skip_special: bool,
    out: *mut RbString,
    error: *mut RbString,
) -> i32 {
    guard(error, || {
        out.write(
            (*tokenizer)
                .decode(slice(ids, num_ids), skip_special)?
                .into(),
        );
        Ok(())
    })
}

/// # Safety
/// See bridge.h.
#[no_mangle]
pub unsafe extern "C" fn rb_tokenizer_vocab_size(tokenizer: *const RbTokenizer) -> usize {
    (*tokenizer).entries.len()
}

/// # Safety
/// See bridge.h.
#[no_mangle]
pub unsafe extern "C" fn rb_tokenizer_token(
    tokenizer: *const RbTokenizer,
    id: u32,
    bytes: *mut *const u8,
    len: *mut usize,
    special: *mut bool,
) -> bool {
    let Some(entry) = (*tokenizer).entry(id) else {
        return false;
    };
    bytes.write(entry.bytes.as_ptr());
    len.write(entry.bytes.len());
    special.write(entry.special);
    true
}

/// # Safety
/// See bridge.h.
#[no_mangle]
pub unsafe extern "C" fn rb_tokenizer_token_id(
    tokenizer: *const RbTokenizer,
    token: *const u8,
    len: usize,
) -> i64 {
    let id = text(token, len)
        .ok()
        .and_then(|token| (*tokenizer).inner.token_to_id(token));
    id.map_or(-1, i64::from)
}

/// # Safety
/// See bridge.h.
#[no_mangle]
pub unsafe extern "C" fn rb_tokenizer_prefix_id(tokenizer: *const RbTokenizer) -> i64 {
    (*tokenizer).prefix_id.map_or(-1, i64::from)
}
